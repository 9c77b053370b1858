"""What the reference reads in ids and allowlist entries, from ``tests/vectors/normalization.txt``, and where we differ.

Every line of the file is either answered as the reference answers it, or stands in :data:`DEVIATIONS` with the reason.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.names import Channel
from clawdbot.domain.sender_ids import normalise

VECTORS = Path(__file__).parents[1] / "vectors" / "normalization.txt"
UUID = "8f1c0c6e-4a64-4a1a-9c3e-1f2d3c4b5a69"

NO_NUMBER = "what is no international number would match nobody, or everybody of its kind: refused"
LID = "a LID names a person too; people without a visible number are not dropped"
SHORT_CODE = "a short code is no international number: it gets no +"
NAME = "anybody can send under a name: refused, and one name never becomes another (the reference makes all of them +)"
CHAT = "D6: a chat is no sender: refused"
EMPTY = "nothing names nobody: refused"
WILDCARD = "D4: the wildcard belongs to the configuration, it is nobody's id"
USERNAME = "D6: names, tags and usernames can change hands: refused"
MENTION = "D6: one person is one id, in every spelling of it"
MAILTO = "D6: a prefix is no part of an address"

DEVIATIONS = {
    "normalizeE164": {**dict.fromkeys(["00155", "+", "abc", "5+5", "++1555"], NO_NUMBER), "": EMPTY},
    "jidToE164": {"123@lid": LID},
    "normalizeIMessageHandle": {
        **dict.fromkeys(["chat_id: 42", "ChatID:42", "chat:42", "CHAT_GUID:iMessage;-;+1", "guid:abc"], CHAT),
        **dict.fromkeys(["AMAZON", "Apple Pay", "urn:biz:aaaa-bbbb"], NAME),
        "chatident:x": CHAT,
        "262966": SHORT_CODE,
        "": EMPTY,
        "mailto:a@b.c": MAILTO,
    },
    "parseIMessageAllowTarget": {
        **dict.fromkeys(["chat_id:42", "chat_id:abc", "imessage:chat_id:7", "chatguid:AbC"], CHAT),
        **dict.fromkeys(["chat_identifier: foo", "chat_id:42xyz"], CHAT),
        "*": WILDCARD,
    },
    "isAllowedIMessageSender": {
        '[["AMAZON"],"GOOGLE"]': NAME,
        '[["1555"],"+1555"]': SHORT_CODE,
        '[["chat_id:7"],"+1",7]': CHAT,
        '[["chat_guid:g"],"+1",7,"g"]': CHAT,
        '[[],"+1"]': "D5: an empty list never means everyone",
        '[["*"],"x"]': WILDCARD,
    },
    "signal": {
        "8F1C0C6E-4A64-4A1A-9C3E-1F2D3C4B5A69  vs uuid": MENTION,
        "8f1c0c6e4a644a1a9c3e1f2d3c4b5a69  vs uuid": MENTION,
        "*  vs uuid": WILDCARD,
    },
    "telegram": {
        '[["telegram: 777"],"777",""]': MENTION,
        **dict.fromkeys(
            ['[["@Alice"],"1","alice"]', '[["ALICE"],"1","alice"]', '[["tg:@alice"],"1","Alice"]'], USERNAME
        ),
        '[["*"],"1",""]': WILDCARD,
    },
    "slack": {
        '[["<@u123>"],"U123",null]': MENTION,
        **dict.fromkeys(['[["alice"],"U1","Alice"]', '[["alice-a"],"U1","Alice A"]'], USERNAME),
        '[["slack:alice"],"U1","alice"]': USERNAME,
        '[["*"],"U1",null]': WILDCARD,
    },
    "discord": {
        '[["Discord:123"],{"id":"123"}]': MENTION,
        '[["steipete"],{"id":"1","name":"Steipete"}]': USERNAME,
        '[["john_doe"],{"id":"1","name":"john.doe","tag":"john.doe"}]': USERNAME,
        '[["@john"],{"id":"1","name":"john"}]': USERNAME,
        '[["bob#1234"],{"id":"1","name":"bob","tag":"bob#1234"}]': USERNAME,
        '[["*"],{"id":"1"}]': WILDCARD,
    },
}
NOT_ABOUT_IDS = {
    "isSelfChatMode": "whether the bot's own number is listed",
    "isSenderAllowed empty list": "a helper that its callers guard",
    "slug": "names of channels and people as slugs, which match nobody here",
}


def vectors() -> Iterator[tuple[str, str, Any]]:
    """(section, what is asked, what the reference answers), skipping what is not about ids."""
    section = ""
    for line in VECTORS.read_text("utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
            continue
        asked, answer = split(line)
        if section not in NOT_ABOUT_IDS and not asked.startswith(tuple(NOT_ABOUT_IDS)):
            yield section, asked, json.loads(answer)


def split(line: str) -> tuple[str, str]:
    """Two columns, of which the first may hold spaces, and may be too long for its width if it is JSON."""
    if line.startswith(("[", "{")):
        _, end = json.JSONDecoder().raw_decode(line)
        return line[:end], line[end:].strip()
    return line[:59].strip(), line[59:].strip()


# --- how we answer each section --------------------------------------------------------------------------------------


def read(channel: Channel, text: object) -> str | None:
    try:
        return normalise(channel, str(text))
    except ValueError:
        return None


def listed(channel: Channel, entries: list[object], sender: str) -> bool:
    """Is this sender among these entries? As the gate compares: exact strings."""
    who = read(channel, sender)
    return who is not None and who in {read(channel, entry) for entry in entries}


def same_person_as_jid(asked: str, jid: str) -> bool:
    return read(Channel.WHATSAPP, asked) == read(Channel.WHATSAPP, jid)


def imessage_target(asked: str) -> dict[str, str] | None:
    handle = read(Channel.IMESSAGE, asked)
    return {"kind": "handle", "handle": handle} if handle else None


def signal(asked: str) -> object:
    """Envelopes answer with the sender's id; ``ENTRY  vs uuid`` asks whether an entry matches a sender."""
    if asked.startswith("{"):
        envelope = json.loads(asked)
        number, uuid = (envelope.get(key, "") for key in ("sourceNumber", "sourceUuid"))
        return read(Channel.SIGNAL, number) or read(Channel.SIGNAL, uuid)
    entry, kind = asked.split("  vs ")
    return listed(Channel.SIGNAL, [entry], {"uuid": UUID, "phone": "+1555"}[kind])


def allowed(channel: Channel) -> Callable[[str], bool]:
    def answer(asked: str) -> bool:
        entries, sender, *_ = json.loads(asked)
        return listed(channel, entries, sender["id"] if isinstance(sender, dict) else sender)

    return answer


OURS: dict[str, Callable[[str], object]] = {
    "normalizeE164": lambda asked: read(Channel.WHATSAPP, asked),
    "jidToE164": lambda asked: read(Channel.WHATSAPP, asked),
    "normalizeIMessageHandle": lambda asked: read(Channel.IMESSAGE, asked),
    "parseIMessageAllowTarget": imessage_target,
    "isAllowedIMessageSender": allowed(Channel.IMESSAGE),
    "signal": signal,
    "telegram": allowed(Channel.TELEGRAM),
    "slack": allowed(Channel.SLACK),
    "discord": allowed(Channel.DISCORD),
}


def verdict(section: str, answer: Any) -> object:
    """The part of the reference's answer that is about who somebody is."""
    if isinstance(answer, dict) and section == "signal":
        return answer["id"]
    if section in ("telegram", "slack", "discord"):
        return bool(answer and answer["allowed"])
    return answer


@pytest.mark.parametrize(("section", "asked", "answer"), list(vectors()))
def test_D6_we_answer_as_the_reference_or_know_why_not(section: str, asked: str, answer: Any) -> None:
    if section == "toWhatsappJid":
        assert same_person_as_jid(asked, answer)
        return
    agree = OURS[section](asked) == verdict(section, answer)
    reason = DEVIATIONS.get(section, {}).get(asked)
    assert agree is (reason is None), reason or "the reference answers otherwise"


def test_every_deviation_is_in_the_vectors() -> None:
    asked = {(section, question) for section, question, _ in vectors()}
    assert {(section, question) for section, questions in DEVIATIONS.items() for question in questions} <= asked


def test_we_admit_nobody_whom_the_reference_keeps_out_but_by_another_spelling_of_his_id() -> None:
    for section, asked, answer in vectors():
        if section in OURS and OURS[section](asked) is True and verdict(section, answer) is False:
            assert DEVIATIONS[section][asked] == MENTION
