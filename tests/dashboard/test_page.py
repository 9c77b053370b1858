"""The page itself: hostile names, screen readers, the keyboard, the smallest phone, dark and light."""

import unicodedata
from dataclasses import replace

import pytest
from playwright.async_api import Locator, Page, expect

from clawdbot.domain.texts import visible
from tests.support.browser import DESK, PHONE, at_home, stranger_writes
from tests.support.gateways import TEST, Running, identity

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>document.title='hacked'</script>",
    "Owner\u202e\u2066 devorppA",
    "a\x00b\x1b[31mc\u200bd\n\te",
    "javascript:alert(1)",
    "__proto__",
    "\U000e0041\ue000\ufeff",
    "x" * 64,
    "{{7*7}}${7*7}",
    "الاسم الطويل جدا",
]


async def asks(running: Running, number: int, name: str) -> None:
    """A device from afar that calls itself so asks to be let in."""
    client = await running.open(afar=True)
    answer = await client.connect(identity(number), client=replace(TEST, display_name=name), scopes=["operator.read"])
    assert answer["error"]["code"] == "NOT_PAIRED"
    await client.close()


@pytest.mark.parametrize("of", ["devices", "senders"])
async def test_G17_names_from_outside_are_inert(of: str) -> None:
    """They are shown as the terminal shows them: no markup, nothing that hides or reorders; nothing runs."""
    async with at_home() as (running, _, dashboard):
        for number, name in enumerate(HOSTILE):
            if of == "devices":
                await asks(running, 100 + number, name)
            else:
                await stranger_writes(running, str(1000 + number), name)
        await expect(dashboard.page.locator("#waiting > li")).to_have_count(len(HOSTILE))
        shown = await dashboard.page.locator("#waiting h3").all_text_contents()
        assert sorted(shown) == sorted(visible(name) for name in HOSTILE)
        assert await dashboard.page.locator("#lists :is(img, script, iframe, a)").count() == 0
        assert await dashboard.page.title() == f"({len(HOSTILE)}) Clawdbot"
        assert dashboard.complaints == []
        assert await widest(dashboard.page) <= PHONE["width"]


async def widest(page: Page) -> int:
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    return width


def test_what_counts_as_inert_is_the_same_here_and_there() -> None:
    """The page's own escape is tested through the names above; they hold a character of each kind."""
    kinds = {unicodedata.category(character) for name in HOSTILE for character in name}
    assert {"Cc", "Cf", "Co"} <= kinds


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
async def test_axe_finds_nothing(scheme: str, viewport: dict[str, int]) -> None:
    """On the page with everything on it, in a question, with an error, and locked out."""
    async with at_home(viewport, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as (
        running,
        owner,
        dashboard,
    ):
        await asks(running, 100, "Tablet")
        await stranger_writes(running, "42", "Alice")
        await expect(dashboard.page.locator("#waiting > li")).to_have_count(2)
        assert await dashboard.violations() == []
        await dashboard.button("Alice", "Block").click()
        assert await dashboard.violations() == []
        await dashboard.sure("Cancel")
        await owner.call("device.pair.remove", deviceId=await dashboard.device())
        await dashboard.locked_out()
        await dashboard.page.locator("#door summary").click()
        assert await dashboard.violations() == []


async def test_the_keyboard_is_enough() -> None:
    """At 360 pixels: reach, decide, answer a question, think better of it; the focus is never lost."""
    async with at_home() as (running, _, dashboard):
        page = dashboard.page
        await stranger_writes(running, "42", "Alice")
        await stranger_writes(running, "43", "Bob")
        await expect(page.locator("#waiting > li")).to_have_count(2)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        await page.keyboard.press("Enter")
        await tab_to(page, dashboard.button("Alice", "Approve"))
        await page.keyboard.press("Enter")
        await expect(dashboard.card("Alice").get_by_role("heading")).to_be_focused()
        await expect(dashboard.card("42", "people")).to_be_visible()
        await expect(page.locator("#news")).to_have_text("Alice: Approved")
        await expect(dashboard.card("Alice")).to_have_count(0)
        await expect(dashboard.card("Bob").get_by_role("heading")).to_be_focused()
        await tab_to(page, dashboard.button("Bob", "Block"))
        await page.keyboard.press("Space")
        await expect(page.locator("#ask-no")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(dashboard.button("Bob", "Block")).to_be_focused()
        await page.keyboard.press("Space")
        await expect(page.locator("#ask-no")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.locator("#ask-yes")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(dashboard.card("43", "blocked")).to_be_visible()
        assert await page.evaluate("document.activeElement !== document.body")
        assert await widest(page) <= PHONE["width"]


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it is there; every stop on the way can be seen."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await target.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{target} cannot be reached")


async def test_news_disturb_nobody() -> None:
    """A request that comes in is announced, stands at the end, and neither moves nor redraws what was there."""
    async with at_home() as (running, _, dashboard):
        await stranger_writes(running, "42", "Alice")
        approve = dashboard.button("Alice", "Approve")
        await approve.focus()
        node, place = await approve.element_handle(), await approve.bounding_box()
        await stranger_writes(running, "43", "Bob")
        await expect(dashboard.page.locator("#news")).to_have_text("New request: Bob")
        assert await dashboard.page.locator("#waiting h3").all_text_contents() == ["Alice", "Bob"]
        await expect(approve).to_be_focused()
        assert await approve.bounding_box() == place
        assert await approve.evaluate("(now, before) => now === before", node)


async def test_a_second_tap_hits_nobody_else() -> None:
    """The card that was decided stays for a moment, without buttons."""
    async with at_home() as (running, owner, dashboard):
        await stranger_writes(running, "42", "Alice")
        await stranger_writes(running, "43", "Bob")
        await expect(dashboard.page.locator("#waiting > li")).to_have_count(2)
        place = await dashboard.button("Alice", "Approve").bounding_box()
        assert place
        await dashboard.page.mouse.click(place["x"] + 5, place["y"] + 5, click_count=3)
        await expect(dashboard.card("42", "people")).to_be_visible()
        assert [one["id"] for one in (await owner.call("dm.pair.list"))["pending"]] == ["43"]


async def test_what_is_refused_is_said() -> None:
    """In the gateway's words, where a screen reader reads it at once; the card stays as it is."""
    async with at_home() as (running, _, dashboard):
        await stranger_writes(running, "42", "Alice")
        await expect(dashboard.card("Alice")).to_be_visible()
        await dashboard.page.evaluate(MISSPELL)
        await dashboard.button("Alice", "Approve").click()
        await expect(dashboard.page.get_by_role("alert")).to_have_text("Alice: unknown pairing code")
        await expect(dashboard.button("Alice", "Approve")).to_be_enabled()


MISSPELL = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    send.call(this, text.replace(/"code":"[^"]*"/, '"code":"AAAAAAAA"'));
  };
}"""
