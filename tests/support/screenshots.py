"""Pictures of the dashboard for ``docs/images``: ``python -m tests.support.screenshots``."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import expect

from tests.support.browser import DESK, PHONE, at_home, stranger_writes
from tests.support.gateways import NODE_HOST, TEST, Running, identity

DAY_MS = 86_400_000
IMAGES = Path(__file__).parents[2] / "docs" / "images"


async def people_come(running: Running) -> None:
    """A stranger and a node wait; another stranger and a device are in; one is expected, and one blocked."""
    admin = await running.admin()
    await running.pair(
        admin, identity(30), client=replace(TEST, display_name="Kitchen tablet"), scopes=["operator.read"]
    )
    await stranger_writes(running, "52719034", "Alice Example")
    await stranger_writes(running, "61840277", "Bob")
    bob = next(one for one in (await admin.call("dm.pair.list"))["pending"] if one["id"] == "61840277")
    await admin.call(
        "dm.pair.approve", channel="telegram", code=bob["code"], forMs=7 * DAY_MS, label="Bob, the plumber"
    )
    await admin.call("dm.pair.expect", channel="telegram", sender="70215533", label="Carol")
    await admin.call("dm.pair.block", channel="telegram", sender="80443196")
    node = await running.open(afar=True)
    await node.connect(identity(31), client=replace(NODE_HOST, display_name="Workshop"), role="node")
    await node.close()


async def picture(name: str, viewport: dict[str, int], scheme: str) -> None:
    with TemporaryDirectory() as state_dir:
        known_by = identity(32).public_key
        async with at_home(viewport, state_dir=Path(state_dir), key=known_by, color_scheme=scheme) as home:
            running, _, dashboard = home
            await people_come(running)
            await expect(dashboard.card("Workshop")).to_be_visible()
            await expect(dashboard.card("80443196", "blocked")).to_be_visible()
            if name == "history":
                await dashboard.page.locator("#history-details > summary").click()
                await expect(dashboard.page.locator("#history > li")).not_to_have_count(0)
                await dashboard.page.locator("#history-section").evaluate("(section) => section.scrollIntoView()")
            await dashboard.page.screenshot(path=IMAGES / f"dashboard-{name}-{scheme}.png")


async def main() -> None:
    """All of them."""
    IMAGES.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        await picture("phone", PHONE, scheme)
        await picture("desk", DESK, scheme)
    await picture("history", PHONE, "light")


if __name__ == "__main__":
    asyncio.run(main())
