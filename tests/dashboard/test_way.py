"""The whole way, as the owner goes it: a real gateway, a real node, a real browser, and a Telegram of our own."""

import json
from pathlib import Path

from playwright.async_api import expect

from tests.fakes.telegram import FakeTelegram, FakeUser
from tests.support.browser import Dashboard, chromium, tab
from tests.support.gateway import Gateway, Home
from tests.support.node_hosts import process_of


async def open_dashboard(home: Home[FakeTelegram], dashboard: Dashboard) -> None:
    """The link of ``clawdbot dashboard``, opened."""
    code, said = await home.owner("dashboard")
    assert code == 0, said
    await dashboard.page.goto(said.splitlines()[0])
    await dashboard.connected()


async def ask_for_every_device(home: Home[FakeTelegram], gateway: Gateway) -> None:
    """From now on programs of this machine wait for the owner, too."""
    config = json.loads((home.state / "clawdbot.json").read_text("utf-8"))
    home.write_config(json.dumps(config | {"gateway": {"pairing": {"silentLocal": False}}}))
    await gateway.says("settings are taken over")


async def port_of(gateway: Gateway) -> str:
    await gateway.says("listening  ws://127.0.0.1:")
    return gateway.log().partition("listening  ws://127.0.0.1:")[2].split()[0]


async def test_the_owner_decides_in_a_browser(tmp_path: Path) -> None:
    """A stranger and a node ask and appear without reload, are approved by a tap, are served, and are thrown out."""
    async with FakeTelegram() as telegram, chromium() as browser:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        async with home.gateway() as gateway:
            port = await port_of(gateway)
            dashboard = await tab(browser)
            await open_dashboard(home, dashboard)
            await expect(dashboard.page.locator("#waiting-empty")).to_have_text("Nobody waits.")
            await expect(dashboard.card("Telegram", "channels")).to_contain_text("ready")
            await a_stranger_comes_and_goes(telegram.user(777, "Alice", username="alice"), dashboard)
            await ask_for_every_device(home, gateway)
            await a_node_comes_and_goes(tmp_path / "node", port, dashboard)
            assert dashboard.complaints == []
            assert {url.partition("//")[2].partition("/")[0] for url in dashboard.asked} == {f"127.0.0.1:{port}"}


async def a_stranger_comes_and_goes(alice: FakeUser, dashboard: Dashboard) -> None:
    alice.write("hello")
    code = (await alice.next_message()).partition("Pairing code: ")[2].split()[0]
    card = dashboard.card("Alice")
    for told in ("writes on Telegram", "777", "alice", code, "just now", "Expires"):
        await expect(card).to_contain_text(told)
    await dashboard.button("Alice", "Approve").click()
    await expect(card).to_contain_text("Approved")
    await expect(dashboard.card("777", "people")).to_contain_text("(Dashboard in Chrome on Linux)")
    alice.write("and now?")
    assert await alice.next_message() == "You said: and now?"
    await dashboard.button("777", "Revoke", "people").click()
    await dashboard.sure("Revoke")
    await expect(dashboard.page.locator("#people-empty")).to_be_visible()
    alice.write("still there?")
    assert "Pairing code:" in await alice.next_message()
    await dashboard.button("Alice", "Block").click()
    await dashboard.sure("Block")
    await dashboard.button("777", "Unblock", "blocked").click()
    await expect(dashboard.card("777", "blocked")).to_have_count(0)
    await dashboard.page.locator("#history-details > summary").click()
    await expect(dashboard.page.locator("#history > li").nth(0)).to_contain_text("777 on Telegram: unblocked")
    alice.write("and again?")
    assert "Pairing code:" in await alice.next_message()


async def a_node_comes_and_goes(state: Path, port: str, dashboard: Dashboard) -> None:
    words = ("--host", "127.0.0.1", "--port", port, "--display-name", "Workshop")
    async with process_of(state, *words) as node:
        card = dashboard.card("Workshop")
        await expect(card).to_contain_text("wants to be a node")
        await expect(card).to_contain_text("127.0.0.1")
        await dashboard.button("Workshop", "Approve").click()
        await node.says("connected")
        inside = dashboard.card("Workshop", "devices")
        await expect(inside).to_contain_text("connected now")
        await dashboard.button("Workshop", "Rename", "devices").click()
        await dashboard.page.get_by_label("Name", exact=True).fill("Garage")
        await dashboard.page.keyboard.press("Enter")
        await dashboard.button("Garage", "Revoke", "devices").click()
        await dashboard.sure("Revoke")
        await expect(dashboard.card("Garage", "devices")).to_contain_text("node (revoked)")
        await expect(dashboard.card("Garage", "devices")).to_contain_text("not connected")
        await expect(dashboard.card("Garage")).to_contain_text("it was approved before")


async def test_a_restart_of_the_gateway_is_survived(tmp_path: Path) -> None:
    """The page comes back by itself, with its own token; what came meanwhile is there. Reloaded, it is in as well."""
    async with FakeTelegram() as telegram, chromium() as browser:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        dashboard = await tab(browser)
        async with home.gateway() as gateway:
            port = await port_of(gateway)
            await open_dashboard(home, dashboard)
            await gateway.stop()
        await expect(dashboard.page.locator("#connection")).to_contain_text("cannot be reached")
        telegram.user(778, "Bob").write("hello")
        async with home.gateway(int(port)):
            await expect(dashboard.card("Bob")).to_be_visible()
            await dashboard.page.reload()
            await dashboard.connected()
            await expect(dashboard.card("Bob")).to_be_visible()
