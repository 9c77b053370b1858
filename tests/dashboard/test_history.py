"""The history in the browser: who, what, by whom, when; what is new, what is older, and what one may not see."""

from pathlib import Path

from playwright.async_api import Locator, expect

from clawdbot.domain.texts import visible
from tests.support.browser import PHONE, Dashboard, at_home, link, stranger_writes, tab
from tests.support.gateways import Client, identity
from tests.support.histories import fact, log


async def open_history(dashboard: Dashboard) -> Locator:
    """What the owner does who wants to see it; the answer is its lines."""
    await dashboard.page.locator("#history-details > summary").click()
    return dashboard.page.locator("#history > li")


async def block(owner: Client, *senders: str) -> None:
    for sender in senders:
        await owner.call("dm.pair.block", channel="telegram", sender=sender)


async def choose(dashboard: Dashboard, caption: str, text: str) -> None:
    await dashboard.page.locator("#history-details").get_by_label(caption, exact=True).select_option(label=text)


async def test_what_happens_is_told_as_it_happens(tmp_path: Path) -> None:
    """Decided here and elsewhere, by name and id, by whom and when, newest first; nothing is asked for unopened."""
    async with at_home(state_dir=tmp_path) as (running, owner, dashboard):
        await stranger_writes(running, "42", "Alice")
        await expect(dashboard.card("Alice")).to_be_visible()
        assert await dashboard.page.locator("#history > li").count() == 0
        lines = await open_history(dashboard)
        await expect(lines.filter(has_text="connected")).not_to_have_count(0)
        await dashboard.button("Alice", "Approve for…").click()
        await dashboard.sure("Approve", {"Your name for this person, if you like": "Plumber"})
        await expect(lines.nth(0)).to_contain_text("Plumber 42 on Telegram: approved")
        await expect(lines.nth(0)).to_contain_text("(Dashboard in Chrome on Linux)")
        await block(owner, "42")
        await expect(lines.nth(0)).to_contain_text("Plumber 42 on Telegram: blocked")
        await expect(lines.nth(1)).to_contain_text("approved")
        assert await lines.nth(0).locator("time").get_attribute("datetime")
        assert dashboard.complaints == []


async def test_older_entries_come_when_they_are_asked_for(tmp_path: Path) -> None:
    """A page at a time to the very first, and what is new still comes on top."""
    log(tmp_path).append([fact(str(number)) for number in range(1, 71)])
    async with at_home(state_dir=tmp_path) as (_, owner, dashboard):
        lines = await open_history(dashboard)
        await choose(dashboard, "What", "Decisions")
        await choose(dashboard, "Whom", "People")
        older = dashboard.page.get_by_role("button", name="Older")
        await expect(lines).to_have_count(30)
        await older.click()
        await expect(lines).to_have_count(60)
        await block(owner, "99")
        await expect(lines.nth(0)).to_contain_text("99 on Telegram: blocked")
        await older.focus()
        await older.dblclick()
        await expect(lines).to_have_count(71)
        await expect(older).to_be_hidden()
        await expect(dashboard.page.get_by_role("heading", name="History")).to_be_focused()
        shown = await lines.locator("code").all_text_contents()
        assert shown == ["99", *map(str, range(70, 0, -1))]


async def test_it_is_filtered(tmp_path: Path) -> None:
    """By what happened and to whom; where there is nothing, that is said."""
    async with at_home(state_dir=tmp_path) as (running, owner, dashboard):
        await running.pair(owner, identity(5), scopes=["operator.read"])
        await block(owner, "42")
        lines = await open_history(dashboard)
        await choose(dashboard, "Whom", "Devices")
        await choose(dashboard, "What", "Requests")
        await expect(lines).to_have_count(1)
        await expect(lines).to_contain_text(f"cli {identity(5).device_id[:12]} (device): asked")
        await expect(lines).to_contain_text("from 10.231.77.2")
        await choose(dashboard, "Whom", "Telegram")
        await expect(lines).to_have_count(0)
        await expect(dashboard.page.locator("#history-empty")).to_have_text("Nothing of that is on record.")
        await choose(dashboard, "What", "Everything")
        await expect(lines).to_have_count(1)
        await choose(dashboard, "Whom", "Telegram, account work")
        await expect(lines).to_have_count(0)


async def test_S4_a_history_that_cannot_be_read_stops_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "history").symlink_to(tmp_path)
    async with at_home(state_dir=tmp_path) as (running, _, dashboard):
        await open_history(dashboard)
        await expect(dashboard.page.locator("#history-empty")).to_contain_text("It cannot be shown now")
        await stranger_writes(running, "42", "Alice")
        await expect(dashboard.card("Alice")).to_be_visible()


async def test_G17_what_is_on_record_is_inert(tmp_path: Path) -> None:
    """Ids, reasons and names from outside: no markup, nothing that hides or reorders."""
    hostile = "<b>x</b>\u202e\x1b[31m"
    log(tmp_path).append([fact(hostile, by=hostile, why=hostile, address=hostile)])
    async with at_home(state_dir=tmp_path) as (_, _owner, dashboard):
        lines = await open_history(dashboard)
        await choose(dashboard, "Whom", "People")
        await expect(lines).to_have_count(1)
        text = await lines.text_content()
        assert text is not None
        assert text.count(visible(hostile)) == 4
        assert await lines.locator("b").count() == 0
        assert dashboard.complaints == []


async def test_G6_G16_a_browser_without_the_scope_sees_nothing_of_it(tmp_path: Path) -> None:
    """No section, and not a word on its wire; one for people sees people, and of devices itself alone."""
    async with at_home(state_dir=tmp_path) as (running, owner, dashboard):
        await running.pair(owner, identity(5), scopes=["operator.read"])
        await block(owner, "4242")
        browser = dashboard.page.context.browser
        assert browser is not None
        reader = await tab(browser)
        heard: list[str] = []
        reader.page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: heard.append(str(frame))))
        await reader.page.goto(await link(running, owner, "operator.read"))
        await reader.connected()
        for hidden in ("#history-section", "#expect", "#people-title", "#blocked-title"):
            await expect(reader.page.locator(hidden)).to_be_hidden()
        assert "4242" not in "".join(heard)
        for_people = await tab(browser)
        await for_people.page.goto(await link(running, owner, "operator.pairing", "operator.read"))
        await for_people.connected()
        lines = await open_history(for_people)
        await expect(lines.filter(has_text="4242 on Telegram: blocked")).to_have_count(1)
        await expect(lines.filter(has_text=(await for_people.device())[:12])).not_to_have_count(0)
        assert identity(5).device_id[:12] not in "".join(await lines.all_text_contents())


async def test_axe_finds_nothing_in_it_and_it_fits_a_phone(tmp_path: Path) -> None:
    log(tmp_path).append([fact("4" * 60, why="a very long reason " * 8)])
    async with at_home(state_dir=tmp_path, bypass_csp=True) as (_, owner, dashboard):
        await block(owner, "42")
        await owner.call("dm.pair.expect", channel="telegram", sender="43")
        lines = await open_history(dashboard)
        await expect(lines.filter(has_text="blocked")).to_have_count(1)
        await expect(dashboard.card("43", "expected")).to_be_visible()
        assert await dashboard.violations() == []
        assert await dashboard.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        await dashboard.page.get_by_role("button", name="Expect somebody").click()
        assert await dashboard.violations() == []
