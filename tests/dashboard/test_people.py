"""More than yes and no, in the browser: for a time, under a name, expected, shut out and back (ADR 10)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import expect

from clawdbot.domain.held import Slip
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.service import Service
from tests.support.browser import at_home, stranger_writes
from tests.support.gateways import Client

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


async def the_only(owner: Client, which: str) -> dict[str, Any]:
    """The one who is in a list of the gateway's."""
    (one,) = (await owner.call("dm.pair.list"))[which]
    return dict(one)


def days_from_now(until: str) -> int:
    return round((datetime.fromisoformat(until) - datetime.now(UTC)) / timedelta(days=1))


async def test_somebody_is_approved_for_a_day_under_a_name() -> None:
    """Chosen in the question; the card says when it ends, by the name, with the id beside it; the name can go again."""
    async with at_home() as (running, owner, dashboard):
        await stranger_writes(running, "42", "Alice")
        await dashboard.button("Alice", "Approve for…").click()
        await dashboard.sure("Approve", {"For how long": "A day", "Your name for this person, if you like": "Plumber"})
        card = dashboard.card("Plumber", "people")
        await expect(card).to_contain_text("Id42")
        await expect(card).to_contain_text(re.compile("Ends(in 24 hours|tomorrow)"))
        assert days_from_now((await the_only(owner, "allowed"))["until"]) == 1
        await dashboard.button("Plumber", "Extend", "people").click()
        await dashboard.sure("Extend", {"For how long": "A week"})
        await expect(card).to_contain_text("Endsin 7 days")
        await dashboard.button("Plumber", "Label", "people").click()
        await dashboard.sure("Save", {"Your name for this person, if you like": ""})
        await expect(dashboard.card("42", "people")).to_be_visible()
        assert "label" not in await the_only(owner, "allowed")
        assert dashboard.complaints == []


async def test_whoever_thinks_better_of_it_has_decided_nothing() -> None:
    async with at_home() as (running, owner, dashboard):
        await stranger_writes(running, "42", "Alice")
        await dashboard.button("Alice", "Approve for…").click()
        await dashboard.sure("Cancel", {"For how long": "A year"})
        await expect(dashboard.button("Alice", "Approve for…")).to_be_focused()
        assert (await the_only(owner, "pending"))["id"] == "42"


async def test_somebody_is_turned_away_for_a_week_and_let_ask_again() -> None:
    """He is listed with the time until when, and the way back is a button."""
    async with at_home() as (running, owner, dashboard):
        await stranger_writes(running, "42", "Alice")
        await dashboard.button("Alice", "Reject for…").click()
        await dashboard.sure("Reject")
        card = dashboard.card("42", "blocked")
        await expect(card).to_contain_text("turned away for a time")
        assert days_from_now((await the_only(owner, "quiet"))["until"]) == 7
        await dashboard.button("42", "Let ask again", "blocked").click()
        await expect(card).to_have_count(0)
        await stranger_writes(running, "42", "Alice")
        await expect(dashboard.card("Alice")).to_be_visible()


async def test_somebody_who_is_blocked_is_let_back() -> None:
    """Blocked elsewhere, he appears; unblocked here, he is gone, and the focus is not lost."""
    async with at_home() as (_, owner, dashboard):
        await owner.call("dm.pair.block", channel="telegram", account="work", sender="42")
        await expect(dashboard.card("42", "blocked")).to_contain_text("Telegram, account work: blocked")
        await dashboard.button("42", "Unblock", "blocked").click()
        await expect(dashboard.page.locator("#news")).to_have_text("42: May ask again")
        await expect(dashboard.card("42", "blocked")).to_have_count(0)
        assert (await owner.call("dm.pair.list"))["blocked"] == []


async def test_somebody_is_expected_and_comes_in_by_himself() -> None:
    """Announced with the account, a name and a term; what is no id is said in the gateway's words."""
    async with at_home() as (running, owner, dashboard):
        expect_somebody = dashboard.page.get_by_role("button", name="Expect somebody")
        await expect_somebody.click()
        await dashboard.sure("Expect", {"Channel": "Telegram", "Id": "@ann"})
        await expect(dashboard.page.get_by_role("alert")).to_contain_text("@ann: not a sender's id")
        for id, name in (("42", "Ann"), ("43", "Bob")):
            await expect_somebody.click()
            about = {"Channel": "Telegram", "Id": id, "Your name for this person, if you like": name}
            await dashboard.sure("Expect", {**about, "Expect until": "A week"})
            await expect(dashboard.card(name, "expected")).to_contain_text("in 7 days")
        await dashboard.button("Bob", "Do not expect", "expected").click()
        await dashboard.sure("Do not expect")
        await expect(dashboard.card("Bob", "expected")).to_have_count(0)
        await stranger_writes(running, "42", "Somebody")
        await owner.call("dm.pair.label", channel="telegram", sender="43", label="")
        await dashboard.page.reload()
        await expect(dashboard.card("Ann", "people")).to_be_visible()
        await expect(dashboard.page.locator("#expected-empty")).to_be_visible()


async def test_somebody_is_invited_by_a_word_that_is_shown_once() -> None:
    """For so many people and so long; listed by another name than the word, used, and void when the owner says so."""
    async with at_home() as (running, owner, dashboard):
        page = dashboard.page
        await page.get_by_role("button", name="Invite somebody").click()
        label = "Your name for this person, if you like"
        await dashboard.sure(
            "Make the word", {"Channel": "Telegram", "For": "5 people", "Good for": "A day", label: "Choir"}
        )
        word = await page.locator("dialog code:not(.word)").text_content()
        assert word is not None
        await dashboard.sure("Done")
        card = dashboard.card("Choir", "invites")
        await expect(card).to_contain_text("lets in 5 people")
        assert not {word, word.replace("-", "")} & set(re.findall(r"[\w-]+", await page.content()))
        await stranger_writes(running, "42", "Ann", text=word)
        await owner.call("dm.pair.label", channel="telegram", sender="43", label="")
        await page.reload()
        await expect(card).to_contain_text("lets in 4 people")
        await expect(dashboard.card("Choir", "people")).to_contain_text("42")
        await dashboard.button("Choir", "Void", "invites").click()
        await dashboard.sure("Void")
        await expect(card).to_have_count(0)
        assert (await owner.call("dm.pair.list"))["invites"] == []
        assert dashboard.complaints == []


async def test_an_invite_on_telegram_is_a_link_that_can_be_copied() -> None:
    """With the name of the bot that runs; on an account whose bot is not known it is a word, and how to use that."""
    async with at_home() as (_, owner, dashboard):
        page, invite = dashboard.page, dashboard.page.get_by_role("button", name="Invite somebody")
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        for account, shown in (
            ("Telegram", r"https://t\.me/a_bot\?start=\w{16}"),
            ("Telegram, account work", r"(\w{4}-){3}\w{4}"),
        ):
            await invite.click()
            await dashboard.sure("Make the word", {"Channel": account})
            text = page.locator("dialog .word")
            await expect(text).to_have_text(re.compile(f"^{shown}$"))
            assert await dashboard.violations() == []
            await page.get_by_role("button", name="Copy", exact=True).click()
            await expect(page.get_by_role("button", name="Copied")).to_be_visible()
            assert await page.evaluate("navigator.clipboard.readText()") == await text.text_content()
            assert ("write it to the bot" in (await page.locator("#ask-text").inner_text())) is (account != "Telegram")
            await dashboard.sure("Done")
        assert len((await owner.call("dm.pair.list"))["invites"]) == 2
        assert dashboard.complaints == []


async def test_two_ids_are_made_one_person_and_parted_again() -> None:
    """Chosen among whom the gateway knows on that account; each card shows the other id."""
    async with at_home() as (running, owner, dashboard):
        for id, name in (("42", "Ann"), ("43", "Ann at work")):
            await stranger_writes(running, id, name)
        await owner.call("dm.pair.expect", channel="telegram", account="work", sender="66")
        await dashboard.button("Ann", "Approve").click()
        await dashboard.button("42", "Link", "people").click()
        assert await dashboard.page.locator("dialog select option").all_text_contents() == ["Ann at work (43)"]
        assert await dashboard.violations() == []
        await dashboard.sure("Link", {"Other id": "Ann at work (43)"})
        await expect(dashboard.card("42", "people")).to_contain_text("Also43")
        await expect(dashboard.card("43", "expected")).to_contain_text("Also42")
        await expect(dashboard.card("Ann at work")).to_have_count(0)
        await dashboard.button("42", "Unlink", "people").click()
        await dashboard.sure("Unlink", {"Other id": "43"})
        await expect(dashboard.card("43", "expected")).to_have_count(0)
        await expect(dashboard.button("42", "Unlink", "people")).to_have_count(0)
        await dashboard.button("42", "Link", "people").click()
        await dashboard.sure("Link", {"Other id": "tg:44"})
        await expect(dashboard.card("42", "people")).to_contain_text("Also44")
        assert dashboard.complaints == []


async def test_S7_that_a_first_message_is_held_is_shown_as_soon_as_it_is() -> None:
    """Without a reload, and nothing of what it says."""
    kept: list[Slip] = []
    async with at_home(holds=kept.__contains__) as (running, _, dashboard):
        await stranger_writes(running, "42", "Alice", text="the secret of my life")
        await expect(dashboard.card("Alice")).not_to_contain_text("kept until you decide")
        (request,) = await Service(running.store).waiting(TELEGRAM)
        kept.append(Slip(TELEGRAM, request.sender, request.created_at))
        running.gateway.sender_held(TELEGRAM, request.sender)
        await expect(dashboard.card("Alice")).to_contain_text("Messageis kept until you decide")
        assert "secret of my life" not in await dashboard.page.content()


async def test_an_id_that_is_missing_is_asked_for() -> None:
    """The question stays, and its field has the focus."""
    async with at_home() as (_, owner, dashboard):
        await dashboard.page.get_by_role("button", name="Expect somebody").click()
        await dashboard.sure("Expect")
        field = dashboard.page.locator("dialog").get_by_label("Id", exact=True)
        await expect(field).to_be_focused()
        await field.fill("42")
        await dashboard.page.keyboard.press("Enter")
        await expect(dashboard.card("42", "expected")).to_be_visible()
        assert (await the_only(owner, "expected"))["account"] == "default"
