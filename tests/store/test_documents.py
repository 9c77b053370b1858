"""What the three files say together; what is wrong with a whole file, and what with an entry (threats.md S4, S8)."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain import sender_ids
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.senders import Approval, Block, Request, Senders
from clawdbot.store.documents import MAX_ODD, Malformed, Stored, decode
from clawdbot.store.layout import Part

VECTORS = Path(__file__).parents[1] / "vectors" / "state" / "credentials"
TELEGRAM = partial(sender_ids.normalise, Channel.TELEGRAM)


def files(pairing: Any = None, allow_from: Any = None, ours: Any = None) -> dict[Part, bytes | None]:
    """Documents as bytes; lists and tables are put where they belong."""
    documents = {
        Part.PAIRING: {"version": 1, "requests": pairing} if isinstance(pairing, list) else pairing,
        Part.ALLOW_FROM: {"version": 1, "allowFrom": allow_from} if isinstance(allow_from, list) else allow_from,
        Part.SENDERS: {"version": 1, "approved": {}, "blocked": {}, **ours} if isinstance(ours, dict) else ours,
    }
    return {part: None if one is None else json.dumps(one).encode() for part, one in documents.items()}


def read(pairing: Any = None, allow_from: Any = None, ours: Any = None) -> Stored:
    return decode(files(pairing, allow_from, ours), TELEGRAM)


def request(sender: str, code: str, created: str = "2026-11-22T17:13:14.030Z") -> dict[str, Any]:
    return {"id": sender, "code": code, "createdAt": created, "lastSeenAt": created}


def test_missing_files_are_empty_ones() -> None:
    """Nobody waits, nobody is in, nobody is blocked, and nothing is wrong."""
    assert read().senders == Senders()
    assert read([], [], {}).senders == Senders()
    assert read().notes == ()


def test_the_reference_s_files_are_read() -> None:
    """Recorded ones: a request, entries with prefixes and with spaces."""
    recorded = {part: (VECTORS / f"telegram-{part}.json").read_bytes() for part in (Part.PAIRING, Part.ALLOW_FROM)}
    stored = decode(recorded, TELEGRAM)
    assert stored.senders.allowed == {
        SenderId("222"): Approval("222"),
        SenderId("555"): Approval("tg:555"),
        SenderId("111"): Approval("111"),
    }
    assert stored.senders.requests == {
        SenderId("333"): Request(SenderId("333"), PairingCode("JHVGNPZU"), 1795367594030, 1795367594030)
    }
    assert stored.notes == ()


@pytest.mark.parametrize(
    ("channel", "sender", "entry"),
    [
        (Channel.WHATSAPP, "+15550109999", "+1 (555) 010-9999"),
        (Channel.SIGNAL, "+15550109998", "signal:+15550109998"),
        (Channel.DISCORD, "42", "user:42"),
    ],
)
def test_D6_entries_are_matched_by_what_they_mean(channel: Channel, sender: str, entry: str) -> None:
    """And keep the spelling that they have in the file."""
    data = (VECTORS / f"{channel}-allowFrom.json").read_bytes()
    stored = decode({Part.ALLOW_FROM: data}, partial(sender_ids.normalise, channel))
    assert stored.senders.allowed == {SenderId(sender): Approval(entry)}


BROKEN: list[Any] = [
    b"",
    b"{",
    b"\xff",
    b'{"version": 1, "version": 1, "requests": [], "allowFrom": [], "approved": {}, "blocked": {}}',
    b"NaN",
    b"[" * 10_000,
    [],
    "x",
    None,
    {},
    {"version": 1},
    *({"version": version} for version in (0, 2, "1", 1.0, True, None, [1])),
    *({"requests": wrong, "allowFrom": wrong, "approved": wrong, "blocked": wrong} for wrong in (None, "x", 1, True)),
    {"requests": {}, "allowFrom": {}, "approved": [], "blocked": []},
]
WHOLE = {"version": 1, "requests": [], "allowFrom": [], "approved": {}, "blocked": {}}


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: repr(broken)[:40])
def test_S4_S8_a_broken_file_is_an_error_that_names_it(part: Part, broken: Any) -> None:
    """Not empty, not half of it, not a crash."""
    if isinstance(broken, dict) and len(broken) and broken != {"version": 1}:
        broken = {**WHOLE, **broken}
    data = broken if isinstance(broken, bytes) else json.dumps(broken).encode()
    with pytest.raises(Malformed) as error:
        decode({part: data}, TELEGRAM)
    assert error.value.part is part


def test_S4_single_bad_entries_are_skipped_and_reported() -> None:
    """The good ones count."""
    stored = read(
        [5, request("@ann", "AAAA2222"), request("7", "BBBB2222"), {"id": "8"}],
        ["@bob", 9, None, "tg: 10 ", "*", "tg:*", "１２", ""],
        {"approved": {"@x": {}}, "blocked": {"@y": {}, "11": "yes"}, "queueFullAt": "soon"},
    )
    assert list(stored.senders.requests) == ["7"]
    assert stored.senders.allowed == {SenderId("10"): Approval("tg: 10 ")}
    assert len([note for note in stored.notes if note.part is Part.PAIRING]) == 3
    assert len([note for note in stored.notes if note.part is Part.ALLOW_FROM]) == 7
    assert len([note for note in stored.notes if note.part is Part.SENDERS]) == 4


def test_S7_notes_show_neither_codes_nor_raw_text() -> None:
    """What is wrong with an entry is said without repeating it."""
    stored = read(
        [{"id": "\x1b[2J", "code": "SECRET22"}, request("1", "SECRET23"), request("2", "SECRET23")], ["\x1b[2J"]
    )
    text = " ".join(note.text for note in stored.notes)
    assert len(stored.notes) == 3
    assert "SECRET" not in text
    assert "\x1b" not in text


def test_D4_everybody_in_a_file_is_nobody() -> None:
    """``*`` counts from the configuration alone."""
    assert read([request("*", "AAAA2222")], ["*", " * ", "telegram:*"]).senders == Senders()


def test_D12_a_code_has_one_owner_and_a_sender_one_code() -> None:
    """The first in the file; also when its sender is in already, whose request a crash left behind."""
    stored = read([request("1", "AAAA2222"), request("2", "aaaa-2222"), request("1", "BBBB2222")], ["1"])
    assert [request.code.reveal() for request in stored.senders.requests.values()] == ["AAAA2222"]
    assert len(stored.notes) == 2


def test_two_spellings_of_a_sender_are_one_sender() -> None:
    """The first one is his entry; the other one is reported."""
    stored = read(allow_from=["tg:555", "555"])
    assert stored.senders.allowed == {SenderId("555"): Approval("tg:555")}
    assert len(stored.notes) == 1


def test_what_we_know_beside_is_joined() -> None:
    """When and by whom; the allowlist alone grants, our file alone blocks."""
    time = "2026-11-22T17:13:14.030Z"
    stored = read(
        allow_from=["1", "2", "4"],
        ours={
            "approved": {"tg:1": {"approvedAt": time, "by": "terminal"}, "3": {"approvedAt": time}},
            "blocked": {"4": {"blockedAt": time, "by": "chat"}, "tg:5": {}},
            "queueFullAt": time,
        },
    )
    at = 1795367594030
    assert stored.senders == Senders(
        allowed={
            SenderId("1"): Approval("1", at, "terminal"),
            SenderId("2"): Approval("2"),
            SenderId("4"): Approval("4"),
        },
        blocked={SenderId("4"): Block(at, "chat"), SenderId("5"): Block(0)},
        full_at=at,
    )
    assert [note.text for note in stored.notes] == ["4 is on the allowlist and blocked; the block counts"]


@pytest.mark.parametrize("record", [None, "yes", [], {"blockedAt": 5}, {"by": 5}])
def test_S4_a_block_blocks_whatever_stands_in_it(record: Any) -> None:
    """Fails closed, and is reported."""
    stored = read(ours={"blocked": {"7": record}})
    assert stored.senders.blocked == {SenderId("7"): Block(0)}
    assert len(stored.notes) == 1


def test_S4_too_many_bad_entries_are_a_broken_file() -> None:
    """What is kept without being understood is bounded."""
    assert len(read(allow_from=["@x"] * MAX_ODD).notes) == MAX_ODD
    with pytest.raises(Malformed):
        read(allow_from=["@x"] * (MAX_ODD + 1))
    with pytest.raises(Malformed):
        read(ours={"blocked": {f"@{n}": {} for n in range(MAX_ODD + 1)}})
