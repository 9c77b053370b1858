"""Pictures of the dashboard for ``docs/images``: ``python -m tests.support.screenshots``."""

import asyncio
from dataclasses import replace
from pathlib import Path

from playwright.async_api import expect

from tests.support.browser import DESK, PHONE, at_home, stranger_writes
from tests.support.gateways import NODE_HOST, TEST, Running, identity

IMAGES = Path(__file__).parents[2] / "docs" / "images"


async def people_come(running: Running) -> None:
    """Two strangers and a node wait; another device is in."""
    admin = await running.admin()
    await running.pair(
        admin, identity(30), client=replace(TEST, display_name="Kitchen tablet"), scopes=["operator.read"]
    )
    await stranger_writes(running, "52719034", "Alice Example")
    await stranger_writes(running, "61840277", "Bob")
    bob = next(one for one in (await admin.call("dm.pair.list"))["pending"] if one["id"] == "61840277")
    await admin.call("dm.pair.approve", channel="telegram", code=bob["code"])
    node = await running.open(afar=True)
    await node.connect(identity(31), client=replace(NODE_HOST, display_name="Workshop"), role="node")
    await node.close()


async def picture(name: str, viewport: dict[str, int], scheme: str) -> None:
    async with at_home(viewport, color_scheme=scheme) as (running, _, dashboard):
        await people_come(running)
        await expect(dashboard.card("Workshop")).to_be_visible()
        await expect(dashboard.card("61840277", "people")).to_be_visible()
        await dashboard.page.screenshot(path=IMAGES / f"dashboard-{name}-{scheme}.png")


async def main() -> None:
    """All of them."""
    IMAGES.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        await picture("phone", PHONE, scheme)
        await picture("desk", DESK, scheme)


if __name__ == "__main__":
    asyncio.run(main())
