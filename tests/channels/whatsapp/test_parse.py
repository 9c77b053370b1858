from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.whatsapp import parse
from clawdbot.channels.whatsapp.parse import Aside, Self
from clawdbot.channels.whatsapp.protocol import Account, Connected, Incoming
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId

ACCOUNT = ChannelAccount(Channel.WHATSAPP, AccountId("work"))
OWN = Self(SenderId("+15550009999"), frozenset({SenderId("+15550009999"), SenderId("lid:99900000099")}))
NOW = 1_790_000_000_000
PHONE, LID = "15550011111@s.whatsapp.net", "77700001111@lid"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def text(**more: object) -> dict[str, Any]:
    base = {"id": "3EB01", "chat": PHONE, "sender": PHONE, "time": NOW, "name": "Alice", "text": "hello"}
    return base | more


def read(message: object) -> DirectMessage | Aside:
    found = parse.incoming(message)
    return parse.direct_message(found, ACCOUNT, OWN, NOW) if isinstance(found, Incoming) else found


def direct(message: object) -> DirectMessage:
    found = read(message)
    assert isinstance(found, DirectMessage), found
    return found


def test_a_text_from_a_person_is_a_direct_message() -> None:
    assert direct(text()) == DirectMessage(
        account=ACCOUNT,
        sender=SenderId("+15550011111"),
        message_id="3EB01",
        conversation=PHONE,
        text="hello",
        sent_at=NOW,
        id_line="Your WhatsApp phone number: +15550011111",
        name="Alice",
        meta={"name": "Alice"},
    )


@pytest.mark.parametrize(
    ("shown", "sender", "aliases"),
    [
        ({"chat": PHONE, "sender": PHONE}, "+15550011111", set()),
        ({"chat": PHONE, "sender": "15550011111:12@s.whatsapp.net"}, "+15550011111", set()),
        ({"chat": "15550011111@hosted", "sender": "15550011111@hosted"}, "+15550011111", set()),
        ({"chat": LID, "sender": LID, "senderAlt": PHONE}, "+15550011111", {"lid:77700001111"}),
        ({"chat": PHONE, "sender": PHONE, "senderAlt": LID}, "+15550011111", {"lid:77700001111"}),
        ({"chat": LID, "sender": PHONE, "senderAlt": LID}, "+15550011111", {"lid:77700001111"}),
        ({"chat": LID, "sender": LID}, "lid:77700001111", set()),
        ({"chat": "77700001111@hosted.lid", "sender": "77700001111:3@hosted.lid"}, "lid:77700001111", set()),
        ({"chat": LID, "sender": LID, "senderAlt": "nonsense"}, "lid:77700001111", set()),
    ],
)
def test_D7_the_number_is_the_sender_and_the_lid_his_alias(
    shown: dict[str, str], sender: str, aliases: set[str]
) -> None:
    """And somebody with a LID alone is somebody, too; the answer goes to the chat as it was named."""
    message = direct(text(**shown))

    assert message.sender == sender
    assert {*map(str, message.aliases)} == aliases
    assert message.conversation == shown["chat"]


def test_a_lid_alone_is_shown_as_what_it_is() -> None:
    assert direct(text(chat=LID, sender=LID)).id_line == "Your WhatsApp sender id: lid:77700001111"


@pytest.mark.parametrize("kind", ["text", "media"])
def test_D9_a_caption_is_a_text_and_the_picture_is_left_where_it_is(kind: str) -> None:
    assert direct(text(kind=kind)).text == "hello"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"history": True}, Aside.HISTORY),
        ({"chat": "12036300001@g.us", "group": True}, Aside.NOT_DIRECT),
        ({"group": True}, Aside.NOT_DIRECT),
        ({"chat": "12036300001@g.us"}, Aside.NOT_DIRECT),
        ({"chat": "status@broadcast"}, Aside.NOT_DIRECT),
        ({"chat": "1790000000@broadcast"}, Aside.NOT_DIRECT),
        ({"chat": "12036300001@newsletter"}, Aside.NOT_DIRECT),
        ({"chat": "15550011111@c.us"}, Aside.NOT_DIRECT),
        ({"chat": "15550011111"}, Aside.NOT_DIRECT),
        ({"chat": " 15550011111@s.whatsapp.net"}, Aside.MALFORMED),
        ({"sender": "Alice"}, Aside.MALFORMED),
        ({"sender": "1555@2@s.whatsapp.net"}, Aside.MALFORMED),
        ({"chat": "15550012222@s.whatsapp.net"}, Aside.NOT_THE_SENDERS_CHAT),
        ({"fromMe": True}, Aside.TO_OTHERS),
        ({"fromMe": True, "sender": "15550009999@s.whatsapp.net"}, Aside.TO_OTHERS),
        ({"sender": "15550009999@s.whatsapp.net"}, Aside.TO_OTHERS),
        ({"fromMe": True, "chat": "15550009999@s.whatsapp.net"}, Aside.MALFORMED),
        ({"sender": "99900000099@lid", "senderAlt": PHONE}, Aside.TO_OTHERS),
        ({"chat": "867051314767696@bot", "sender": "867051314767696@bot"}, Aside.BOT),
        ({"chat": "13135550002@s.whatsapp.net", "sender": "13135550002@s.whatsapp.net"}, Aside.BOT),
        ({"chat": "0@s.whatsapp.net", "sender": "0@s.whatsapp.net"}, Aside.BOT),
        ({"kind": "edit"}, Aside.NO_NEW_TEXT),
        ({"kind": "reaction"}, Aside.NO_NEW_TEXT),
        ({"kind": "other"}, Aside.NO_NEW_TEXT),
        ({"kind": "Text"}, Aside.NO_NEW_TEXT),
        ({"text": ""}, Aside.NO_TEXT),
        ({"text": " \u00a0\n"}, Aside.NO_TEXT),
        ({"id": ""}, Aside.MALFORMED),
        ({"time": 0}, Aside.MALFORMED),
        ({"time": 1.5}, Aside.MALFORMED),
        ({"time": True}, Aside.MALFORMED),
        ({"time": 10**5000}, Aside.MALFORMED),
        ({"fromMe": 1}, Aside.MALFORMED),
        ({"text": ["hello"]}, Aside.MALFORMED),
        ({"sender": "\u0661\u0665@s.whatsapp.net"}, Aside.MALFORMED),
        ({"sender": "1_555_001@s.whatsapp.net"}, Aside.MALFORMED),
        ({"sender": "1.5550011111e10@s.whatsapp.net"}, Aside.MALFORMED),
    ],
)
def test_D8_S8_what_is_no_new_text_from_a_person_is_left_aside(more: dict[str, object], why: Aside) -> None:
    assert read(text(**more)) is why


@pytest.mark.parametrize(
    ("chat", "sender", "from_me"),
    [
        ("15550009999@s.whatsapp.net", "15550009999@s.whatsapp.net", True),
        ("15550009999@s.whatsapp.net", "15550009999:4@s.whatsapp.net", True),
        ("99900000099@lid", "99900000099:4@lid", True),
        ("99900000099@lid", "15550009999@s.whatsapp.net", True),
        ("99900000099@lid", "99900000099@lid", False),
    ],
)
def test_a_note_to_oneself_is_ours_however_it_is_addressed(chat: str, sender: str, from_me: bool) -> None:
    """In newer accounts it comes by LID, and sometimes without a word that it is from us."""
    message = direct(text(chat=chat, sender=sender, fromMe=from_me))

    assert message.own
    assert {message.sender, *message.aliases} == OWN.ids


@pytest.mark.parametrize(("age_ms", "late"), [(0, False), (30_000, False), (30_001, True), (-60_000, False)])
def test_D8_what_is_older_than_the_connection_is_late(age_ms: int, late: bool) -> None:
    assert direct(text(time=NOW - age_ms)).late is late


def test_S8_lone_surrogates_become_whole_characters() -> None:
    message = direct(text(id="a\ud800", name="\udfffb", text="\ud83d hi"))

    assert (message.message_id, message.name, message.text) == ("a\ufffd", "\ufffdb", "\ufffd hi")


def test_a_long_name_is_cut() -> None:
    assert len(direct(text(name="x" * 5000)).name) == 128


@given(message=JSON)
def test_S8_no_json_makes_parsing_raise(message: object) -> None:
    assert isinstance(read(message), Aside)


@given(data=st.data())
def test_S8_no_json_in_any_field_makes_parsing_raise(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([*text(), "senderAlt", "fromMe", "group", "kind", "history"]))
    read(text(**{key: data.draw(JSON)}))


@given(user=st.text(st.characters(categories=None), max_size=20), server=st.sampled_from(["s.whatsapp.net", "lid"]))
def test_D6_a_jid_names_one_person_in_one_way(user: str, server: str) -> None:
    """What it names can be written to, and is the same person again."""
    sender = parse.person(f"{user}@{server}")
    if sender is not None:
        jid = parse.jid_of(sender)
        assert jid is not None
        assert parse.is_chat(jid)
        assert parse.person(jid) == sender


@pytest.mark.parametrize(
    "jid", ["", "@", "15550011111", "+15550011111", "lid:5", "1@2@lid", "5@g.us", "status@broadcast"]
)
def test_what_is_no_jid_of_a_person_names_nobody(jid: str) -> None:
    assert parse.person(jid) is None
    assert not parse.is_chat(jid)


@pytest.mark.parametrize("sender", ["", "Alice", "5@g.us", "*"])
def test_nobody_has_no_chat(sender: str) -> None:
    assert parse.jid_of(SenderId(sender)) is None


def test_who_we_are_is_a_number_and_perhaps_a_lid() -> None:
    assert parse.who_we_are(Account("15550009999:3@s.whatsapp.net", "99900000099@lid")) == OWN
    assert parse.who_we_are(Connected("15550009999@s.whatsapp.net")) == Self(OWN.number, frozenset({OWN.number}))
    assert parse.who_we_are(Connected("")) is None
