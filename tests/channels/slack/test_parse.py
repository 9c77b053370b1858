import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage, Press
from clawdbot.channels.slack import parse
from clawdbot.channels.slack.parse import Aside, Bot, Envelope, Farewell, Hello, Pressed
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_ids import normalise
from tests.fakes.slack import FakeSlack

ACCOUNT = ChannelAccount(Channel.SLACK, AccountId("work"))
BOT = Bot(FakeSlack.team_id, FakeSlack.user_id, FakeSlack.app_id)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def payload_from_alice(**more: object) -> dict[str, Any]:
    slack = FakeSlack()
    return slack.payload(slack.person(1, "Alice").message("hello", **more))


def parsed(payload: object, bot: Bot = BOT) -> DirectMessage | Aside:
    return parse.direct_message(Envelope("e", "events_api", payload), ACCOUNT, bot)


def test_a_new_text_from_a_person_is_a_direct_message() -> None:
    assert parsed(payload_from_alice(ts="1790000000.000200")) == DirectMessage(
        account=ACCOUNT,
        sender=normalise(Channel.SLACK, "U0PERSON1"),
        message_id="1790000000.000200",
        conversation="D0PERSON1",
        text="hello",
        sent_at=1_790_000_000_000,
        id_line="Your Slack user id: U0PERSON1",
    )


@pytest.mark.parametrize(
    "more",
    [
        {"thread_ts": "1790000000.000100"},
        {"subtype": "file_share", "files": [{"id": "F1", "url_private": "http://127.0.0.1:1/"}]},
        {"channel_type": "im", "blocks": None},
    ],
    ids=["in a thread", "with a file", "without blocks"],
)
def test_a_text_in_a_thread_or_with_a_file_is_one_too(more: dict[str, object]) -> None:
    message = parsed(payload_from_alice(**more))
    assert isinstance(message, DirectMessage)
    assert (message.text, message.conversation) == ("hello", "D0PERSON1")


def test_D6_the_case_of_an_id_is_kept_and_grid_s_ids_are_ids() -> None:
    message = parsed(payload_from_alice(user="W012AB3CD"))
    assert isinstance(message, DirectMessage)
    assert message.sender == normalise(Channel.SLACK, "W012AB3CD") == "W012AB3CD"


def test_the_time_passes_through_no_float() -> None:
    message = parsed(payload_from_alice(ts="1790000000.999900"))
    assert isinstance(message, DirectMessage)
    assert message.sent_at == 1_790_000_000_999


NOISE = {
    "in a channel": Aside.NOT_DIRECT,
    "in a private channel": Aside.NOT_DIRECT,
    "in a conversation of several": Aside.NOT_DIRECT,
    "in no known kind of conversation": Aside.NOT_DIRECT,
    "a mention in a channel": Aside.NO_NEW_MESSAGE,
    "from a bot": Aside.BOT,
    "from an old kind of bot": Aside.BOT,
    "from an app in a person's name": Aside.BOT,
    "from slackbot": Aside.BOT,
    "our own echo": Aside.OWN,
    "an edit": Aside.NO_NEW_MESSAGE,
    "a deletion": Aside.NO_NEW_MESSAGE,
    "an edited message": Aside.EDIT,
    "a notice": Aside.NO_NEW_MESSAGE,
    "a file without a word": Aside.NO_TEXT,
    "nothing but blanks": Aside.NO_TEXT,
    "a reaction": Aside.NO_NEW_MESSAGE,
    "a look at the app's home": Aside.NO_NEW_MESSAGE,
    "from another workspace": Aside.ELSEWHERE,
    "for another app": Aside.ELSEWHERE,
    "on behalf of a person": Aside.ON_BEHALF,
    "a slash command": Aside.NO_EVENT,
    "a button": Aside.NO_EVENT,
}


@pytest.mark.parametrize(("kind", "why"), NOISE.items(), ids=NOISE)
def test_D8_what_is_not_a_new_text_from_a_person_is_left_aside(kind: str, why: Aside) -> None:
    slack = FakeSlack()
    slack.noise(slack.person(1, "Alice"))[kind]()
    [sent] = slack.sent
    frame = parse.frame(json.dumps(sent.envelope))
    assert isinstance(frame, Envelope)
    assert parse.direct_message(frame, ACCOUNT, BOT) is why


def test_D8_every_noise_that_slack_can_make_is_known() -> None:
    slack = FakeSlack()
    assert slack.noise(slack.person(1, "Alice")).keys() == NOISE.keys()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"channel": "C0GENERAL"}, Aside.NOT_DIRECT),
        ({"channel": "d0person1"}, Aside.NOT_DIRECT),
        ({"channel": None}, Aside.NOT_DIRECT),
        ({"channel_type": "IM"}, Aside.NOT_DIRECT),
        ({"user": None}, Aside.NO_PERSON),
        ({"user": "u0person1"}, Aside.NO_PERSON),
        ({"user": "B0OTHER"}, Aside.NO_PERSON),
        ({"user": "U0PERSON1\n"}, Aside.NO_PERSON),
        ({"user": "U" + "1" * 100}, Aside.NO_PERSON),
        ({"user": ["U0PERSON1"]}, Aside.MALFORMED),
        ({"ts": None}, Aside.MALFORMED),
        ({"ts": 1790000000.0002}, Aside.MALFORMED),
        ({"ts": "1790000000"}, Aside.MALFORMED),
        ({"ts": "١٧٩٠٠٠٠٠٠٠.000200"}, Aside.MALFORMED),
        ({"ts": "1_790_000_000.000200"}, Aside.MALFORMED),
        ({"text": None}, Aside.NO_TEXT),
        ({"subtype": "thread_broadcast"}, Aside.NO_NEW_MESSAGE),
        ({"subtype": "a kind of next year"}, Aside.NO_NEW_MESSAGE),
        ({"bot_profile": {"id": "B0OTHER"}}, Aside.BOT),
    ],
)
def test_D8_S8_whatever_is_odd_is_left_aside(more: dict[str, object], why: Aside) -> None:
    assert parsed(payload_from_alice(**more)) is why


def test_D8_an_event_that_does_not_say_for_whom_is_left_aside() -> None:
    assert parsed(payload_from_alice() | {"team_id": None}) is Aside.ELSEWHERE
    assert parsed(payload_from_alice() | {"api_app_id": None}) is Aside.ELSEWHERE
    assert isinstance(parsed(payload_from_alice() | {"api_app_id": None}, Bot("T0TEAM", "U0CLAWD")), DirectMessage)
    assert isinstance(parsed(payload_from_alice() | {"authorizations": []}), DirectMessage)


# --- frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('{"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}', Hello("A1")),
        ('{"type": "hello"}', Hello("")),
        ('{"type": "disconnect", "reason": "warning", "debug_info": {}}', Farewell("warning")),
        ('{"type": "events_api", "envelope_id": "e1", "payload": {"a": 1}}', Envelope("e1", "events_api", {"a": 1})),
        ('{"type": "slash_commands", "envelope_id": "e1"}', Envelope("e1", "slash_commands", None)),
        ('{"type": "something new"}', Aside.NO_EVENT),
        ('{"type": 5}', Aside.MALFORMED),
        ("{}", Aside.MALFORMED),
        ("[]", Aside.MALFORMED),
        ("", Aside.MALFORMED),
        ("{", Aside.MALFORMED),
        ("[" * 10_000 + "]" * 10_000, Aside.MALFORMED),
        ('{"type": "hello", "type": "hello"}', Aside.MALFORMED),
    ],
)
def test_a_frame_is_a_greeting_a_farewell_or_an_envelope(text: str, frame: object) -> None:
    assert parse.frame(text) == frame


def test_S8_numbers_of_any_length_and_no_numbers_do_no_harm() -> None:
    text = '{"type": "x", "envelope_id": "e", "payload": {"a": NaN, "b": Infinity, "c": %s}}' % ("1" * 5000)
    assert isinstance(parse.frame(text), Envelope)


def test_S8_half_a_character_is_no_reason_to_lose_a_message() -> None:
    frame = parse.frame(
        json.dumps({"type": "events_api", "envelope_id": "e", "payload": payload_from_alice(text="a\ud83d")})
    )
    assert isinstance(frame, Envelope)
    message = parse.direct_message(frame, ACCOUNT, BOT)
    assert isinstance(message, DirectMessage)
    assert message.text == "a\ufffd"


@given(text=st.text())
def test_S8_no_text_makes_reading_a_frame_raise(text: str) -> None:
    parse.frame(text)


@given(value=JSON)
def test_S8_no_json_makes_parsing_raise(value: object) -> None:
    parse.frame(json.dumps(value))
    parse.frame(json.dumps({"type": "events_api", "envelope_id": "e", "payload": value}))
    assert isinstance(parsed(value), Aside)


@given(data=st.data())
def test_S8_no_json_in_any_field_makes_parsing_raise(data: st.DataObject) -> None:
    payload = payload_from_alice()
    place = data.draw(st.sampled_from([payload, payload["event"]]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    message = parsed(payload)

    if isinstance(message, DirectMessage):
        assert (message.sender, message.conversation) == ("U0PERSON1", "D0PERSON1")
        message.text.encode()


# --- presses ---------------------------------------------------------------------------------------------------------


def press_by_alice(**more: object) -> dict[str, Any]:
    slack = FakeSlack()
    return slack.press(slack.person(1, "Alice"), "1790000000.000200", "approve K7QXM", **more)


def pressed(payload: object, bot: Bot = BOT) -> Pressed | None:
    return parse.pressed(Envelope("e", "interactive", payload), ACCOUNT, bot)


def test_D14_a_press_is_by_whom_slack_says() -> None:
    """Where it was, and by what it is known when it comes again; the app is known only once Slack has greeted us."""
    payload = press_by_alice()
    expected = Press(ACCOUNT, SenderId("U0PERSON1"), "approve K7QXM")
    for bot in (BOT, Bot(BOT.team_id, BOT.user_id)):
        assert pressed(payload, bot) == Pressed("D0PERSON1", payload["actions"][0]["action_ts"], expected)


def test_a_press_is_no_message_and_a_message_no_press() -> None:
    assert parsed(press_by_alice()) is Aside.NO_NEW_MESSAGE
    assert pressed(payload_from_alice()) is None


@given(value=JSON)
def test_S8_no_json_makes_reading_a_press_raise(value: object) -> None:
    assert pressed(value) is None


@given(data=st.data())
def test_S8_D14_no_json_in_any_field_of_a_press_raises_or_hides_who_pressed(data: st.DataObject) -> None:
    press = press_by_alice()
    inner = [press[key] for key in ("user", "team", "channel", "container")]
    place = data.draw(st.sampled_from([press, press["actions"][0], *inner]))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    found = pressed(press)

    if found is not None:
        assert (found.press.presser, found.conversation) == (press["user"]["id"], "D0PERSON1")
        found.press.data.encode()
