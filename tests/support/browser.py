"""A real browser, and the dashboard in it as its owner sees it. Skipped loudly where there is no Chromium."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import ChannelAccount
from clawdbot.gateway.dashboard.pages import pages
from clawdbot.gateway.reports import AccountReport, ChannelReport
from clawdbot.gateway.verbs.base import Holds, nothing_held
from clawdbot.service import Door
from tests.support.gateways import Client, Running, gateway
from tests.support.histories import kept
from tests.support.people import Platform

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
PATIENCE_MS = 20_000

READY = AccountReport(state="ready", connected=True, bot="@a_bot")
REFUSED = AccountReport(state="token refused", running=False, last_error="no such token", hint="clawdbot channels add")
CHANNELS = {"telegram": ChannelReport("Telegram", {"default": READY, "work": REFUSED})}


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser. Skips the test if there is none."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here (apt-get install chromium): the dashboard is NOT tested in a browser")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Dashboard:
    """A tab in a browser profile of its own.

    Attributes:
        complaints: everything that the browser complained about: violations of the page's policy, errors of scripts.
        asked: every URL that the page asked for.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def card(self, name: str, of: str = "waiting") -> Locator:
        """The card of somebody in a list."""
        title = self.page.get_by_role("heading", level=3, name=name, exact=True)
        return self.page.locator(f"#{of} > li").filter(has=title)

    def button(self, name: str, label: str, of: str = "waiting") -> Locator:
        return self.card(name, of).get_by_role("button", name=f"{label} {name}", exact=True)

    async def sure(self, label: str, fill: Mapping[str, str] | None = None) -> None:
        """Answer the question that is asked; what is to be filled in or chosen goes by its caption."""
        dialog = self.page.locator("dialog")
        for caption, text in (fill or {}).items():
            field = dialog.get_by_label(caption, exact=True)
            if await field.evaluate("(field) => field.tagName") == "SELECT":
                await field.select_option(label=text)
            else:
                await field.fill(text)
        await dialog.get_by_role("button", name=label, exact=True).click()

    async def connected(self) -> None:
        await expect(self.page.locator("#connection")).to_contain_text("Connected to")
        await expect(self.page.locator("#lists")).to_be_visible()

    async def locked_out(self) -> None:
        """It shows how to get in, and nothing of the gateway."""
        await expect(self.page.get_by_role("heading", name="This browser is not paired")).to_be_visible()
        await expect(self.page.locator("#lists")).to_be_hidden()
        assert await self.page.locator("#lists li").count() == 0

    async def device(self) -> str:
        """Its device id, from its own key."""
        id: str = await self.page.evaluate("import('/key.js').then((key) => key.device()).then((device) => device.id)")
        return id

    async def violations(self) -> list[str]:
        """What axe finds."""
        found: Any = (await Axe().run(self.page)).response["violations"]
        return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


async def tab(browser: Browser, viewport: dict[str, int] = PHONE, **more: Any) -> Dashboard:
    """A tab in a new profile."""
    context: BrowserContext = await browser.new_context(viewport=viewport, **more)  # type: ignore[arg-type]
    page = await context.new_page()
    dashboard = Dashboard(page)
    page.on(
        "console", lambda said: dashboard.complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: dashboard.complaints.append(str(error)))
    page.on("request", lambda request: dashboard.asked.append(request.url))
    page.on("websocket", lambda socket: dashboard.asked.append(socket.url))
    return dashboard


@asynccontextmanager
async def served(**other: Any) -> AsyncIterator[Running]:
    """A gateway in this process with the dashboard."""
    async with gateway(pages=pages(), channels=lambda: CHANNELS, **other) as running:
        yield running


async def link(running: Running, owner: Client, *scopes: str) -> str:
    """A link of the owner's."""
    made = await owner.call("dashboard.link", scopes=list(scopes or ("operator.admin",)))
    return f"{running.url}#link={made['word']}&scopes={','.join(made['scopes'])}"


@asynccontextmanager
async def at_home(
    viewport: dict[str, int] = PHONE,
    *,
    state_dir: Path | None = None,
    holds: Holds = nothing_held,
    key: PublicKey | None = None,
    **more: Any,
) -> AsyncIterator[tuple[Running, Client, Dashboard]]:
    """A gateway, its owner's program, and a dashboard that is in; with a history, if there is a place for it."""
    async with AsyncExitStack() as house:
        history = house.enter_context(kept(state_dir)) if state_dir else {}
        running = await house.enter_async_context(served(holds=holds, key=key, **history))
        browser = await house.enter_async_context(chromium())
        owner = await running.admin()
        dashboard = await tab(browser, viewport, **more)
        await dashboard.page.goto(await link(running, owner))
        await dashboard.connected()
        yield running, owner, dashboard


async def stranger_writes(running: Running, sender: str, name: str, text: str = "hello") -> None:
    """Somebody who calls himself so writes to the bot, and waits for approval."""
    platform = Platform()

    async def send(_: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    door = Door(
        running.gateway.store,
        rules=lambda _: DmRules(DmPolicy.PAIRING),
        cap=lambda _: 50,
        send=send,
        announce=running.gateway.sender_waits,
    )
    await door.knock(platform.message(sender, text, name=name, firstName=name))
