"""Which rows of a Messages database are direct messages from people."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.imessage import parse
from clawdbot.channels.imessage.parse import Aside, Moment
from clawdbot.domain.instants import iso
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId

ACCOUNT = ChannelAccount(Channel.IMESSAGE, AccountId("work"))
NOON = 1_795_000_000_000
MOMENT = Moment(connected=NOON, now=NOON + 60_000)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def from_alice(**more: object) -> dict[str, Any]:
    row = {
        "id": 7,
        "chat_id": 42,
        "chat_guid": "iMessage;-;+15551234567",
        "chat_identifier": "+15551234567",
        "participants": ["+15551234567"],
        "is_group": False,
        "guid": "F00D",
        "sender": "+15551234567",
        "sender_name": "Alice",
        "is_from_me": False,
        "text": "hello",
        "created_at": iso(NOON),
        "attachments": [],
        "reactions": [],
        "destination_caller_id": "me@example.com",
    }
    return row | more


def read(message: Mapping[str, Any]) -> DirectMessage | Aside:
    row = parse.row(message)
    return parse.direct_message(row, ACCOUNT, MOMENT) if row else Aside.MALFORMED


def read_as_message(message: Mapping[str, Any]) -> DirectMessage:
    found = read(message)
    assert isinstance(found, DirectMessage)
    return found


def test_a_new_text_from_a_person_is_a_direct_message() -> None:
    assert read(from_alice()) == DirectMessage(
        account=ACCOUNT,
        sender=SenderId("+15551234567"),
        message_id="F00D",
        conversation="chat_id:42",
        text="hello",
        sent_at=NOON,
        id_line="Your iMessage sender id: +15551234567",
        name="Alice",
        meta={"sender": "+15551234567", "chatId": "42"},
    )


@pytest.mark.parametrize(
    ("handle", "sender"),
    [
        ("+1 (555) 123-4567", "+15551234567"),
        ("15551234567", "+15551234567"),
        ("tel:+15551234567", "+15551234567"),
        ("262966", "262966"),
        ("Alice@Example.COM", "alice@example.com"),
        ("mailto:a@b.example", "a@b.example"),
    ],
)
def test_D6_a_sender_has_one_spelling(handle: str, sender: str) -> None:
    """A short code stays without a plus."""
    assert read_as_message(from_alice(sender=handle)).sender == sender


@pytest.mark.parametrize(
    "handle", ["AMAZON", "Apple Pay", "urn:biz:0c7a", "", " ", "+", "chat_id:42", "١٢٣", "*", "Bank 24", "a@b"]
)
def test_D6_a_name_is_nobody(handle: str) -> None:
    """Anybody can send under a name: were it an id, who approves AMAZON would approve GOOGLE too."""
    assert read(from_alice(sender=handle)) is Aside.NOBODY


@pytest.mark.parametrize(
    ("why", "more"),
    [
        (Aside.OWN, {"is_from_me": True}),
        (Aside.OWN, {"sender": "me@example.com"}),
        (Aside.REACTION, {"is_reaction": True}),
        (Aside.NO_CHAT, {"chat_id": 0, "chat_guid": "", "chat_identifier": "", "participants": []}),
        (Aside.GROUP, {"is_group": True}),
        (Aside.GROUP, {"chat_guid": "iMessage;+;chat123"}),
        (Aside.GROUP, {"chat_guid": "any;+;chat123"}),
        (Aside.GROUP, {"chat_identifier": "chat123456"}),
        (Aside.GROUP, {"participants": ["+15551234567", "+15557654321"]}),
        (Aside.NOBODY, {"sender": "AMAZON"}),
        (Aside.NO_TEXT, {"text": ""}),
        (Aside.NO_TEXT, {"text": None}),
        (Aside.NO_TEXT, {"text": " \n\t"}),
        (Aside.NO_TEXT, {"text": "\ufffc\ufffc"}),
        (Aside.MALFORMED, {"created_at": "yesterday"}),
        (Aside.MALFORMED, {"created_at": "2026-01-01T00:00:00"}),
        (Aside.MALFORMED, {"is_group": None}),
        (Aside.MALFORMED, {"is_group": 0}),
        (Aside.MALFORMED, {"is_from_me": "false"}),
        (Aside.MALFORMED, {"id": "7"}),
        (Aside.MALFORMED, {"id": 7.0}),
        (Aside.MALFORMED, {"id": True}),
        (Aside.MALFORMED, {"id": 2**63}),
        (Aside.MALFORMED, {"chat_id": -1}),
        (Aside.MALFORMED, {"sender": None}),
        (Aside.HISTORY, {"created_at": iso(NOON - 25 * 3_600_000)}),
        (Aside.HISTORY, {"created_at": "2001-01-01T00:00:00.000Z"}),
    ],
)
def test_D2_D8_what_is_not_a_new_text_from_a_person_is_left_aside(why: Aside, more: Mapping[str, object]) -> None:
    """Each kind, for its own reason."""
    assert read(from_alice(**more)) is why


@pytest.mark.parametrize("missing", ["id", "chat_id", "sender", "is_from_me", "is_group", "created_at"])
def test_D8_a_row_that_does_not_say_what_it_is_is_left_aside(missing: str) -> None:
    """Nothing is taken for granted, least of all that a chat is direct."""
    row = from_alice()
    del row[missing]
    assert read(row) is Aside.MALFORMED


@pytest.mark.parametrize(("age", "late"), [(0, False), (30_000, False), (30_001, True), (3_600_000, True)])
def test_D8_what_is_older_than_the_connection_is_late(age: int, late: bool) -> None:
    """Thirty seconds are forgiven."""
    assert read_as_message(from_alice(created_at=iso(NOON - age))).late == late


def test_the_words_beside_an_attachment_count() -> None:
    assert read_as_message(from_alice(text="\ufffclook")).text == "look"


def test_a_row_without_a_guid_goes_by_its_number_and_time() -> None:
    """On a new Mac, numbers begin anew: another message has the same one."""
    one, other = (read_as_message(from_alice(guid="", created_at=iso(NOON - age))).message_id for age in (0, 1000))
    assert one.startswith("7 ")
    assert one != other


def test_S8_large_numbers_are_exact() -> None:
    found = read_as_message(from_alice(id=2**63 - 1, chat_id=2**53 + 1))
    assert (found.conversation, found.meta["chatId"]) == (f"chat_id:{2**53 + 1}", str(2**53 + 1))


def test_S7_a_name_from_outside_is_shortened() -> None:
    assert len(read_as_message(from_alice(sender_name="A" * 10_000)).name) == 128


@pytest.mark.parametrize(
    ("message", "number"),
    [({"id": 7}, 7), ({"id": 7, "text": 1}, 7), ({"id": "7"}, None), ({"id": True}, None), ({}, None), (None, None)],
)
def test_the_number_of_a_row_is_known_however_odd_the_rest_is(message: object, number: int | None) -> None:
    assert parse.row_id(message) == number


@given(message=JSON)
def test_S8_no_json_makes_parsing_raise(message: object) -> None:
    parse.row_id(message)
    assert parse.row(message) is None


@given(data=st.data())
def test_S8_no_json_in_any_field_makes_parsing_raise(data: st.DataObject) -> None:
    message = from_alice()
    message[data.draw(st.sampled_from(sorted(message)))] = data.draw(JSON)

    found = read(message)

    if isinstance(found, DirectMessage):
        json.dumps([found.text, found.name, found.message_id, dict(found.meta)], ensure_ascii=False).encode()


def test_S8_deep_nesting_in_what_nobody_reads_does_no_harm() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]

    assert isinstance(read(from_alice(attachments=deep)), DirectMessage)
