"""What no parser of a platform's JSON trips over (threats.md S8)."""

from collections.abc import Callable, Iterator

import pytest

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.discord import parse as discord
from clawdbot.channels.imessage import parse as imessage
from clawdbot.channels.signal import parse as signal
from clawdbot.channels.slack import parse as slack
from clawdbot.channels.telegram import parse as telegram
from clawdbot.channels.whatsapp import parse as whatsapp
from clawdbot.domain.names import Channel, ChannelAccount, SenderId

Read = Callable[[object], object]

NOW = 1_795_367_603_000
US = whatsapp.Self(SenderId("+1999"), frozenset({SenderId("+1999")}))


def account(channel: Channel) -> ChannelAccount:
    return ChannelAccount(channel)


def read_signal(event: object) -> object:
    signal.own_ids(event, "+1999")
    return signal.direct_message(event, account(Channel.SIGNAL), number="+1999", own=frozenset(), connected_at=NOW)


def read_slack(payload: object) -> object:
    envelope = slack.Envelope("e", "events_api", payload)
    return slack.direct_message(envelope, account(Channel.SLACK), slack.Bot("T1", "UBOT", "A1"))


def read_discord(message: object) -> object:
    discord.message_id(message)
    return discord.direct_message(message, account(Channel.DISCORD), "42")


def read_imessage(message: object) -> object:
    imessage.row_id(message)
    row = imessage.row(message)
    return row and imessage.direct_message(row, account(Channel.IMESSAGE), imessage.Moment(NOW, NOW))


def read_whatsapp(message: object) -> object:
    read = whatsapp.incoming(message)
    if isinstance(read, whatsapp.Aside):
        return read
    return whatsapp.direct_message(read, account(Channel.WHATSAPP), US, NOW)


def read_telegram(update: object) -> object:
    telegram.update_id(update)
    return telegram.direct_message(update, account(Channel.TELEGRAM), "42")


def pressed_telegram(update: object) -> object:
    return telegram.pressed(update, account(Channel.TELEGRAM))


def pressed_discord(interaction: object) -> object:
    return discord.pressed(interaction, account(Channel.DISCORD), "42")


def pressed_slack(payload: object) -> object:
    return slack.pressed(slack.Envelope("e", "interactive", payload), account(Channel.SLACK), slack.Bot("T1", "UBOT"))


PRESSES: dict[Channel, tuple[object, Read]] = {
    Channel.TELEGRAM: (
        {
            "update_id": 5,
            "callback_query": {
                "id": "1",
                "from": {"id": 777, "is_bot": False, "first_name": "Anne"},
                "message": {"message_id": 1, "chat": {"id": 777, "type": "private"}},
                "data": "approve",
            },
        },
        pressed_telegram,
    ),
    Channel.DISCORD: (
        {
            "id": "1000000000000000001",
            "application_id": "42",
            "type": 3,
            "token": "aW50",
            "user": {"id": "777", "username": "anne"},
            "channel": {"id": "1000000000000000002", "type": 1},
            "message": {"author": {"id": "42", "bot": True}},
            "data": {"component_type": 2, "custom_id": "approve"},
        },
        pressed_discord,
    ),
    Channel.SLACK: (
        {
            "type": "block_actions",
            "team": {"id": "T1"},
            "user": {"id": "U777", "team_id": "T1"},
            "api_app_id": "A1",
            "channel": {"id": "D123"},
            "container": {"type": "message", "channel_id": "D123"},
            "actions": [{"type": "button", "action_id": "0-0", "value": "approve", "action_ts": "1795367603.000100"}],
        },
        pressed_slack,
    ),
}

NUMBER = "+15550001111"
JID = "15550001111@s.whatsapp.net"

MESSAGES: dict[Channel, tuple[object, Read]] = {
    Channel.TELEGRAM: (
        {
            "update_id": 5,
            "message": {
                "message_id": 1,
                "date": 1_795_367_603,
                "chat": {"id": 777, "type": "private"},
                "from": {"id": 777, "is_bot": False, "first_name": "Anne"},
                "text": "hi",
            },
        },
        read_telegram,
    ),
    Channel.WHATSAPP: (
        {
            "id": "3EB0",
            "chat": JID,
            "sender": JID,
            "senderAlt": "77700000001@lid",
            "fromMe": False,
            "group": False,
            "time": NOW,
            "name": "Anne",
            "kind": "text",
            "text": "hi",
        },
        read_whatsapp,
    ),
    Channel.SIGNAL: (
        {
            "envelope": {
                "sourceNumber": NUMBER,
                "sourceUuid": "8f1c0c6e-0000-4000-8000-000000000001",
                "sourceName": "Anne",
                "serverReceivedTimestamp": NOW,
                "dataMessage": {"timestamp": NOW, "message": "hi"},
            },
            "account": "+1999",
        },
        read_signal,
    ),
    Channel.IMESSAGE: (
        {
            "id": 5,
            "chat_id": 7,
            "sender": NUMBER,
            "is_from_me": False,
            "is_group": False,
            "created_at": "2026-11-22T17:13:23Z",
            "text": "hi",
            "guid": "G-1",
        },
        read_imessage,
    ),
    Channel.DISCORD: (
        {
            "id": "1000000000000000001",
            "channel_id": "1000000000000000002",
            "author": {"id": "1000000000000000003", "username": "anne"},
            "type": 0,
            "content": "hi",
        },
        read_discord,
    ),
    Channel.SLACK: (
        {
            "type": "event_callback",
            "team_id": "T1",
            "api_app_id": "A1",
            "authorizations": [{"user_id": "UBOT"}],
            "event": {
                "type": "message",
                "channel": "D123",
                "channel_type": "im",
                "user": "U123",
                "text": "hi",
                "ts": "1795367603.000100",
            },
        },
        read_slack,
    ),
}


def deep(kind: type[list[object]] | type[dict[str, object]]) -> object:
    nested: object = None
    for _ in range(10_000):
        nested = [nested] if kind is list else {"a": nested}
    return nested


ODD: dict[str, object] = {
    "lone surrogate": "\ud800",
    "key with a lone surrogate": {"\ud800": 1},
    "deep list": deep(list),
    "deep object": deep(dict),
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "5000 digits": 10**4999,
    "bool": True,
    "null": None,
    "float": 777.0,
    "Unicode digits": "\u0661\u0662",
    "underscored": "1_000",
}


def places(value: object, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield where
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*where, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from places(each, (*where, index))


def put(value: object, where: tuple[str | int, ...], odd: object) -> object:
    """A copy with something else in one place."""
    if not where:
        return odd
    if isinstance(value, dict):
        return {**value, where[0]: put(value[where[0]], where[1:], odd)}
    assert isinstance(value, list)
    return [put(each, where[1:], odd) if index == where[0] else each for index, each in enumerate(value)]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("channel", MESSAGES, ids=str)
def test_S8_D6_nothing_in_any_place_of_a_message_raises_or_makes_another_sender(channel: Channel, odd: str) -> None:
    """A message is left aside, or is from whom it was before."""
    whole, read = MESSAGES[channel]
    usual = read(whole)
    assert isinstance(usual, DirectMessage)
    for where in places(whole):
        found = read(put(whole, where, ODD[odd]))
        if isinstance(found, DirectMessage):
            assert found.sender in {usual.sender, *usual.aliases}, where
            assert found.message_id == usual.message_id or channel in (Channel.WHATSAPP, Channel.IMESSAGE), where


Pressed = telegram.Pressed | discord.Pressed | slack.Pressed


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("channel", PRESSES, ids=str)
def test_S8_D14_nothing_in_any_place_of_a_press_raises_or_makes_another_presser(channel: Channel, odd: str) -> None:
    """A press is left aside, or is by whom it was before."""
    whole, read = PRESSES[channel]
    usual = read(whole)
    assert isinstance(usual, Pressed)
    for where in places(whole):
        found = read(put(whole, where, ODD[odd]))
        assert found is None or (isinstance(found, Pressed) and found.press.presser == usual.press.presser), where
