"""Who gets in by the dashboard and who does not: links, approvals, scopes, foreign pages (threats.md)."""

import asyncio
from dataclasses import replace

from aiohttp import web
from playwright.async_api import Browser, expect

from tests.support.browser import Dashboard, at_home, chromium, link, served, stranger_writes, tab
from tests.support.gateways import NODE_HOST, SHARED, Client, identity


async def test_a_link_lets_one_browser_in() -> None:
    """A second one that opens it sees how to get in, and nothing else; the word is gone from the address bar."""
    async with served() as running, chromium() as browser:
        owner = await running.admin()
        address = await link(running, owner)
        first, second = await tab(browser), await tab(browser)
        await first.page.goto(address)
        await first.connected()
        assert first.page.url == running.url
        await second.page.goto(address)
        await second.locked_out()
        await expect(second.page.get_by_text("That link was used already")).to_be_visible()
        paired = {one["deviceId"] for one in (await owner.call("device.pair.list"))["paired"]}
        assert await first.device() in paired
        assert await second.device() not in paired


async def test_the_key_cannot_be_taken_out_of_the_browser() -> None:
    """What is kept is a key that can be used and not read, and the device's own token: never the shared secret."""
    async with at_home() as (_, _, dashboard):
        kept = await dashboard.page.evaluate(
            """new Promise((resolve) => {
              indexedDB.open("clawdbot").onsuccess = (event) => {
                const all = event.target.result.transaction("device").objectStore("device");
                all.get("keys").onsuccess = (keys) => all.get("access").onsuccess = (access) => resolve({
                  extractable: keys.target.result.privateKey.extractable,
                  algorithm: keys.target.result.privateKey.algorithm.name,
                  access: access.target.result,
                });
              };
            })"""
        )
        assert (kept["extractable"], kept["algorithm"]) == (False, "Ed25519")
        assert len(kept["access"]["token"]) == 32
        storage = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
        assert await dashboard.page.evaluate(storage) == '[{},{},""]'


async def test_who_opens_the_page_asks_for_nothing() -> None:
    """No request appears at the owner's before the visitor presses a button, and none by a socket."""
    async with served() as running, chromium() as browser:
        owner = await running.admin()
        visitor = await tab(browser)
        await visitor.page.goto(running.url)
        await visitor.locked_out()
        assert not [url for url in visitor.asked if url.startswith("ws")]
        assert (await owner.call("device.pair.list"))["pending"] == []


async def show_the_same_words(asking: Dashboard, deciding: Dashboard, words: str) -> None:
    """The one that waits made them by itself (threats.md G19), and loaded for that what no other page loads."""
    assert len(words.split()) == 7
    await expect(asking.page.locator("#door-words")).to_contain_text(words)
    await expect(deciding.card("Dashboard in Chrome on Linux")).to_contain_text(words)
    assert await asking.violations() == []
    assert [url for url in asking.asked if "words" in url] != [] == [url for url in deciding.asked if "words" in url]


async def ask(asking: Dashboard, secret: str) -> None:
    """Ask to be approved."""
    await asking.page.get_by_text("Or ask to be approved").click()
    await asking.page.get_by_label("What this browser is to do").select_option("operator.read")
    await asking.page.get_by_label("The gateway's token").fill(secret)
    await asking.page.get_by_role("button", name="Ask").click()


async def test_G19_a_browser_that_has_no_words_says_so() -> None:
    """Its gateway told no key; somebody in between may have taken it away."""
    async with served() as running, chromium() as browser:
        running.gateway.house.checks.key = None
        asking = await tab(browser)
        await asking.page.goto(running.url)
        await ask(asking, SHARED)
        await expect(asking.page.locator("#door-words")).to_have_text(
            "This gateway told no sound key for check words: do not approve where its list shows some."
        )
        assert asking.complaints == []


async def test_a_browser_is_approved_like_any_device() -> None:
    """It asks with the shared secret, waits, is approved on another dashboard, and comes in by itself."""
    async with at_home() as (running, owner, dashboard):
        running.gateway.house.checks.key = identity(3).public_key
        asking = await tab(browser_of(dashboard))
        await asking.page.goto(dashboard.page.url)
        await ask(asking, "wrong")
        await expect(asking.page.get_by_text("That is not the gateway's token or password.")).to_be_visible()
        await ask(asking, SHARED)
        await expect(asking.page.get_by_text("This browser waits for your approval")).to_be_visible()
        (request,) = (await owner.call("device.pair.list"))["pending"]
        await expect(asking.page.get_by_text(f"clawdbot devices approve {request['requestId']}")).to_be_visible()
        await show_the_same_words(asking, dashboard, request["checkWords"])
        await dashboard.button("Dashboard in Chrome on Linux", "Approve").click()
        await asking.connected()
        assert asking.complaints == []


async def test_G16_without_the_scope_a_browser_sees_nothing() -> None:
    """One that may read sees how the channels do; one that may nothing, nothing. Codes are on neither's wire."""
    async with at_home() as (running, owner, dashboard):
        client = await running.open(afar=True)
        await client.connect(identity(5))
        await expect(dashboard.card("cli")).to_be_visible()
        await stranger_writes(running, "42", "Alice")
        only_read = await link(running, owner, "operator.read")
        nothing = (await link(running, owner)).replace("operator.admin", "")
        for address, sections in ((only_read, ["Channels"]), (nothing, [])):
            other = await tab(browser_of(dashboard))
            heard = await frames_of(other)
            await other.page.goto(address)
            await other.connected()
            assert await other.page.get_by_role("heading", level=2).all_inner_texts() == sections
            assert "hello-ok" in "".join(heard)
            assert identity(5).device_id not in "".join(heard)
            assert "Alice" not in "".join(heard)


async def frames_of(dashboard: Dashboard) -> list[str]:
    """All that comes over a page's sockets."""
    heard: list[str] = []
    dashboard.page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: heard.append(str(frame))))
    return heard


def browser_of(dashboard: Dashboard) -> Browser:
    browser = dashboard.page.context.browser
    assert browser is not None
    return browser


async def test_G8_who_is_thrown_out_sees_nothing_any_more() -> None:
    """At once, also after a reload; and it asks for nothing by itself."""
    async with at_home() as (_, owner, dashboard):
        device = await dashboard.device()
        await owner.call("device.pair.remove", deviceId=device)
        await dashboard.locked_out()
        await expect(dashboard.page.get_by_text("This browser's access was taken back.")).to_be_visible()
        await dashboard.page.reload()
        await dashboard.locked_out()
        assert (await owner.call("device.pair.list"))["pending"] == []


async def test_G9_who_asks_to_remove_is_told_who_comes_back_without_asking() -> None:
    """A program of the gateway's own machine, for whom revoking is the way; one elsewhere asks again."""
    async with at_home() as (running, owner, dashboard):
        await running.connect(identity(100), client=replace(NODE_HOST, display_name="Here"), role="node")
        await running.pair(owner, identity(101), client=replace(NODE_HOST, display_name="There"), role="node")
        question = dashboard.page.locator("dialog")
        for name, said in (("Here", "to keep it out, revoke it instead"), ("There", "It may ask again as a stranger")):
            await dashboard.button(name, "Remove", "devices").click()
            await expect(question).to_contain_text(said)
            await dashboard.sure("Cancel")


async def test_a_new_token_for_itself_leaves_it_in() -> None:
    """Its connection ends, and it comes back with the new one."""
    async with at_home() as (_, owner, dashboard):
        device = await dashboard.device()
        before = await tokens(owner, device)
        await dashboard.button("Dashboard in Chrome on Linux", "New token", "devices").click()
        await dashboard.sure("New token")
        async with asyncio.timeout(20):
            while (await tokens(owner, device)) == before:
                await owner.event("health")
        await dashboard.connected()
        await dashboard.page.reload()
        await dashboard.connected()


async def tokens(owner: Client, device: str) -> object:
    """When its tokens were renewed."""
    paired = (await owner.call("device.pair.list"))["paired"]
    return [one["tokens"][0].get("rotatedAtMs") for one in paired if one["deviceId"] == device]


async def test_G10_a_foreign_page_gets_nothing() -> None:
    """Neither by a socket nor by a request nor in a frame nor as a script, in the very browser that is in."""
    async with at_home() as (running, _, dashboard):
        async with foreign() as elsewhere:
            page = await dashboard.page.context.new_page()
            await page.goto(elsewhere)
            got = await page.evaluate(GRAB, running.url)
        assert got == {"socket": "refused", "fetch": "refused", "opaque": "refused", "script": "refused", "frame": ""}
        await dashboard.connected()


GRAB = """async (gateway) => {
  const got = {};
  got.socket = await new Promise((done) => {
    const socket = new WebSocket(gateway.replace("http", "ws"));
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  });
  got.fetch = await fetch(gateway).then((answer) => answer.text(), () => "refused");
  got.opaque = await fetch(gateway + "app.js", { mode: "no-cors" }).then(() => "loaded", () => "refused");
  got.script = await import(gateway + "key.js").then(() => "loaded", () => "refused");
  const frame = document.createElement("iframe");
  const loaded = new Promise((done) => (frame.onload = done));
  frame.src = gateway;
  document.body.append(frame);
  await loaded;
  try { got.frame = frame.contentDocument?.body.innerText ?? ""; } catch { got.frame = ""; }
  return got;
}"""


class foreign:
    """A page of another origin."""

    async def __aenter__(self) -> str:
        async def page(_: web.Request) -> web.Response:
            return web.Response(text="<!doctype html><title>evil</title><body>", content_type="text/html")

        app = web.Application()
        app.router.add_get("/", page)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
