"""Buttons under messages, where Slack is a case of its own; the rest is in ``channels/test_presses.py``."""

from pathlib import Path
from typing import Any

from clawdbot.channels.base import Press
from clawdbot.domain.names import SenderId
from tests.channels.slack.conftest import ACCOUNT
from tests.fakes.slack import FakeSlack
from tests.support.presses import scene
from tests.support.waiting import eventually


async def test_a_press_is_acknowledged_at_once(slack: FakeSlack, tmp_path: Path) -> None:
    """However long the decision takes."""
    async with scene(slack, tmp_path) as it:
        message = await it.ask()
        it.owner.hold.clear()
        sent = slack.push(slack.press(slack.person(1, "Alice"), message, "reject K7QXM"), "interactive")
        await eventually(lambda: it.owner.presses)
        await eventually(lambda: sent.acknowledged)
        it.owner.hold.set()
        assert await slack.person(1, "Alice").shown.get() == "Approved."


async def test_D16_a_press_that_slack_sends_again_is_handed_over_once(slack: FakeSlack, tmp_path: Path) -> None:
    """In another envelope, perhaps over another connection: it is acknowledged, and no more."""
    async with scene(slack, tmp_path) as it:
        message = await it.ask()
        press = slack.press(slack.person(1, "Alice"), message, "approve K7QXM")
        slack.push(press, "interactive")
        assert await slack.person(1, "Alice").shown.get() == "Approved."
        again = slack.push(press, "interactive", attempt=1)
        await eventually(lambda: again.acknowledged)
        slack.drop()
        last = slack.push(press, "interactive", attempt=2)
        await eventually(lambda: last.acknowledged)
        assert await it.alice.press(message, "reject K7QXM") == "Approved."
    assert [press.data for press in it.owner.presses] == ["approve K7QXM", "reject K7QXM"]


async def test_D14_S8_presses_elsewhere_and_odd_ones_are_left_aside(slack: FakeSlack, tmp_path: Path) -> None:
    """In channels, of another workspace or app, by bots, other elements and forms, malformed ones: acknowledged like
    all that is not for us, and nobody hears of them."""
    async with scene(slack, tmp_path) as it:
        message, alice = await it.ask(), slack.person(1, "Alice")
        usual = slack.press(alice, message, "approve K7QXM")
        (action,), user, where = usual["actions"], usual["user"], usual["container"]
        odd: list[dict[str, Any]] = [
            {"channel": {"id": "C0GENERAL", "name": "general"}, "container": where | {"channel_id": "C0GENERAL"}},
            {"container": where | {"channel_id": "D0PERSON2"}},
            {"container": {"type": "view", "view_id": "V1"}, "channel": None},
            {"team": {"id": "T0OTHER"}},
            {"user": user | {"team_id": "T0OTHER"}},
            {"api_app_id": "A0OTHER"},
            {"api_app_id": None},
            {"user": user | {"id": slack.user_id}},
            {"user": user | {"id": "USLACKBOT"}},
            {"user": user | {"id": "alice"}},
            {"user": None},
            {"actions": []},
            {"actions": [action, action]},
            {"actions": [action | {"type": "static_select"}]},
            {"actions": [action | {"value": None}]},
            {"actions": [action | {"value": "x" * 2001}]},
            {"actions": [action | {"action_ts": 5}]},
            {"type": "view_submission"},
            {"type": "message_action"},
        ]
        sent = [slack.push(slack.press(alice, message, "approve K7QXM", **each), "interactive") for each in odd]
        nothing: tuple[object, ...] = (None, [], "x", 5)
        sent += [slack.push(payload, "interactive") for payload in nothing]
        sent.append(slack.push(usual, "events_api"))
        assert await it.alice.press(message, "reject K7QXM") == "Approved."
        await eventually(lambda: all(each.acknowledged for each in sent))
    assert it.owner.presses == [Press(ACCOUNT, SenderId(it.alice.sender), "reject K7QXM")]


async def test_a_notification_says_what_the_message_says(slack: FakeSlack, tmp_path: Path) -> None:
    """Where blocks are not shown, the text is."""
    async with scene(slack, tmp_path) as it:
        message = await it.ask("Eve <!channel> waits")
        assert slack.person(1, "Alice").messages[message]["text"] == "Eve &lt;!channel&gt; waits"
        assert it.alice.shows(message) == it.alice.received[-1] == "Eve <!channel> waits"
        assert slack.person(1, "Alice").called == []
