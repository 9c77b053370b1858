"""Sender ids as owners and files spell them: one exact string each, or a reason (threats.md D6).

What the reference answers is in ``tests/vectors/normalization.txt``; :mod:`tests.domain.test_sender_id_vectors` holds
us to it. Here is what we promise on our own.
"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawdbot.domain.names import Channel
from clawdbot.domain.sender_ids import normalise

UUID = "uuid:8f1c0c6e-4a64-4a1a-9c3e-1f2d3c4b5a69"
TELEGRAM, DISCORD, SLACK = Channel.TELEGRAM, Channel.DISCORD, Channel.SLACK
SIGNAL, WHATSAPP, IMESSAGE = Channel.SIGNAL, Channel.WHATSAPP, Channel.IMESSAGE


@pytest.mark.parametrize(
    ("channel", "canonical", "spellings"),
    [
        (TELEGRAM, "777", ["777", " 777\n", "tg:777", "TG:777", "telegram: 777", "Telegram :777", "tg:telegram:777"]),
        (TELEGRAM, "9223372036854775807", ["9223372036854775807", "9223372036854775807".rjust(256)]),
        (
            DISCORD,
            "123",
            ["123", "<@123>", "<@!123>", "discord:123", "Discord: 123", "user:123", "discord:user:<@123>"],
        ),
        (DISCORD, "18446744073709551615", ["18446744073709551615"]),
        (SLACK, "U12AB", ["U12AB", "u12ab", "<@U12AB>", "<@u12ab|alice>", "slack:U12AB", "User:u12ab"]),
        (SLACK, "W9", ["W9", "w9", "slack:user:W9"]),
        (SLACK, "UABCDEFGH", ["UABCDEFGH"]),
        (
            SIGNAL,
            "+15550001111",
            ["+15550001111", "15550001111", "signal:+1 555 000 1111", "Signal: +1 (555) 000-1111"],
        ),
        (SIGNAL, UUID, [UUID, UUID.upper(), UUID[5:], "signal:" + UUID, "8F1C0C6E4A644A1A9C3E1F2D3C4B5A69"]),
        (WHATSAPP, "+15550001111", ["+15550001111", "15550001111", "whatsapp:+1 (555) 000-1111", "(+1) 555 0001111"]),
        (WHATSAPP, "+15550001111", ["15550001111@s.whatsapp.net", "15550001111:12@S.WhatsApp.net"]),
        (WHATSAPP, "+15550001111", ["+1\u00a0555\u202f000\u20111111", "15550001111@hosted"]),
        (WHATSAPP, "+155500011112222", ["155500011112222"]),
        (WHATSAPP, "lid:987", ["lid:987", "LID:987", "987@lid", "987:3@lid", "987@hosted.lid", "whatsapp:lid:987"]),
        (IMESSAGE, "+15550001111", ["+15550001111", "15550001111", "iMessage:+15550001111", "sms:+1 555-000-1111"]),
        (IMESSAGE, "+15550001111", ["tel:+15550001111", "auto: imessage:+15550001111"]),
        (IMESSAGE, "262966", ["262966", "262-966", "sms:262966"]),
        (IMESSAGE, "+262966", ["+262966"]),
        (IMESSAGE, "+2629667", ["2629667", "+2629667"]),
        (
            IMESSAGE,
            "user+bot@example.com",
            ["user+bot@example.com", "User+Bot@Example.COM", "mailto:User+bot@example.com"],
        ),
    ],
)
def test_D6_all_spellings_of_an_id_are_one_id(channel: Channel, canonical: str, spellings: list[str]) -> None:
    assert {normalise(channel, spelling) for spelling in spellings} == {canonical}


@pytest.mark.parametrize(
    ("channel", "text", "why"),
    [
        (TELEGRAM, "@alice", "usernames can change hands; use the numeric id"),
        (TELEGRAM, "tg:alice", "usernames can change hands; use the numeric id"),
        (TELEGRAM, "-1001234567890", "name no person"),
        (TELEGRAM, "007", "without a leading zero"),
        (TELEGRAM, "0", "without a leading zero"),
        (TELEGRAM, "9223372036854775808", "not the numeric id"),
        (TELEGRAM, "777.0", "digits alone"),
        (TELEGRAM, "7.77e2", "digits alone"),
        (TELEGRAM, "1_000", "digits alone"),
        (TELEGRAM, "7 77", "digits alone"),
        (TELEGRAM, "+777", "use the numeric id"),
        (TELEGRAM, "٣٣٣", "use the numeric id"),
        (TELEGRAM, "７７７", "use the numeric id"),
        (TELEGRAM, "discord:777", "use the numeric id"),
        (DISCORD, "@123", "change hands; use the numeric user id"),
        (DISCORD, "bob#1234", "change hands; use the numeric user id"),
        (DISCORD, "<@&123>", "name no person"),
        (DISCORD, "<#123>", "name no person"),
        (DISCORD, "0123", "without a leading zero"),
        (DISCORD, "18446744073709551616", "not the numeric user id"),
        (SLACK, "@alice", "change hands; use the member id"),
        (SLACK, "ursula", "change hands; use the member id"),
        (SLACK, "user@example.com", "change hands; use the member id"),
        (SLACK, "C012AB3CD", "name no person"),
        (SLACK, "U", "use the member id"),
        (SLACK, "U1\u01312", "use the member id"),
        (SIGNAL, "alice.01", "neither a uuid nor"),
        (SIGNAL, "dead", "neither a uuid nor"),
        (SIGNAL, "uuid:+15550001111", "neither a uuid nor"),
        (SIGNAL, "8f1c-0c6e4a644a1a9c3e1f2d3c4b5a69", "neither a uuid nor"),
        (SIGNAL, "00000000-0000-0000-0000-000000000000", "neither a uuid nor"),
        (SIGNAL, "group.8f1c0c6e", "name no person"),
        (WHATSAPP, "00155", "with + and the country code"),
        (WHATSAPP, "+1555000111122223", "with + and the country code"),
        (WHATSAPP, "-15550001111", "with + and the country code"),
        (WHATSAPP, "15550001111.0", "with + and the country code"),
        (WHATSAPP, "1.5550001111e10", "with + and the country code"),
        (WHATSAPP, "+1555٣", "with + and the country code"),
        (WHATSAPP, "15550001111-1@g.us", "name no person"),
        (WHATSAPP, "status@broadcast", "name no person"),
        (IMESSAGE, "AMAZON", "anybody can send under a name"),
        (IMESSAGE, "urn:biz:aaaa-bbbb", "anybody can send under a name"),
        (IMESSAGE, "chat_id:42", "name no person"),
        (IMESSAGE, "iMessage: ChatGuid:iMessage;-;+1555", "name no person"),
        (IMESSAGE, "chat:42", "name no person"),
        (IMESSAGE, "chatident:x", "name no person"),
        (IMESSAGE, "ſer@example.com", "use a number"),
        (IMESSAGE, "a@b", "use a number"),
        (IMESSAGE, "a@b.c,d@e.f", "use a number"),
    ],
)
def test_D6_what_is_not_one_persons_id_is_refused_with_advice(channel: Channel, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"^[a-z]") as refusal:
        normalise(channel, text)
    assert why in str(refusal.value)


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("*", "names nobody"),
        (" * ", "names nobody"),
        ("", "empty"),
        (" \t\n", "empty"),
        ("777\x00", "invisible"),
        ("7\x1b[2J77", "invisible"),
        ("7\n77", "invisible"),
        ("\u202a777\u202c", "invisible"),
        ("777\u200b", "invisible"),
        ("777\ud800", "invisible"),
        ("777".rjust(257), "too long"),
        ("7" * 1_000_000, "too long"),
    ],
)
def test_D4_G17_no_channel_takes_wildcards_emptiness_or_invisible_text(channel: Channel, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        normalise(channel, text)


@pytest.mark.parametrize("text", ["telegram:*", "tg: *"])
def test_D4_a_wildcard_behind_a_prefix_is_one_too(text: str) -> None:
    with pytest.raises(ValueError, match="names nobody"):
        normalise(TELEGRAM, text)


SPELLED = st.text(alphabet="0159afuvwUW+-()<>@!.:|*/ \u00a0\u0663\u2011", max_size=24) | st.text(max_size=300)
PIECES = [
    "telegram:",
    "user:",
    "uuid:",
    "lid:",
    "<@",
    ">",
    "+1",
    "555",
    "U",
    "@lid",
    "@s.whatsapp.net",
    "a@b.c",
    " ",
    "-",
]
ASSEMBLED = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@given(st.sampled_from(Channel), SPELLED | ASSEMBLED)
@example(IMESSAGE, "1-2-3")
@example(SIGNAL, "12345678123412341234123456789012")
def test_D6_what_was_read_once_reads_as_itself(channel: Channel, text: str) -> None:
    try:
        sender = normalise(channel, text)
    except ValueError:
        return
    assert normalise(channel, sender) == sender
    assert normalise(channel, f" {sender}\n") == sender
    assert sender.isascii()
    assert sender.isprintable()
    assert not any(character.isspace() for character in sender)


@given(st.sampled_from(Channel), SPELLED)
def test_S7_a_refusal_never_repeats_what_was_written(channel: Channel, text: str) -> None:
    marked = f"@zq{text}qz"
    with pytest.raises(ValueError, match=r"^[a-z]") as refusal:
        normalise(channel, marked)
    assert "zq" not in str(refusal.value)


@given(st.integers(1, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_D6_large_numbers_never_become_each_other(one: int, other: int) -> None:
    assert (normalise(TELEGRAM, str(one)) == normalise(TELEGRAM, f"tg:{other}")) is (one == other)
    assert normalise(DISCORD, f"<@{one}>") == str(one)
