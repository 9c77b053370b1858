"""Single entries: what each must hold to count, and how a new one is spelled."""

from functools import partial

import pytest

from clawdbot.domain import sender_ids
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.senders import Request
from clawdbot.store import entries
from clawdbot.store.entries import Record
from clawdbot.store.strict_json import Json

GOOD: dict[str, Json] = {
    "id": "333",
    "code": "JHVGNPZU",
    "createdAt": "2026-11-22T17:13:14.030Z",
    "lastSeenAt": "2026-11-22T17:14:00.000Z",
    "meta": {"username": "ann"},
}
CREATED, SEEN = 1795367594030, 1795367640000


def digits(text: str) -> SenderId:
    if not text.isdigit():
        raise ValueError("no digits")
    return SenderId(text)


def test_a_request_is_read() -> None:
    """All five fields."""
    read = entries.request(GOOD, digits)
    assert read == Request(SenderId("333"), PairingCode("JHVGNPZU"), CREATED, SEEN, {"username": "ann"})
    assert entries.new(read) == GOOD
    assert list(GOOD) == list(entries.new(read))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 333},
        {"id": True},
        {"id": "@ann"},
        {"id": "*"},
        {"code": None},
        {"code": 12345678},
        {"code": ""},
        {"code": " - "},
        {"code": "A" * 65},
    ],
    ids=str,
)
def test_S4_a_request_without_sender_or_code_is_unusable(changes: dict[str, Json]) -> None:
    """It could not be decided; the reason names no value (threats.md S7)."""
    with pytest.raises(ValueError) as wrong:
        entries.request({**GOOD, **changes}, digits)
    assert "JHVG" not in str(wrong.value)


@pytest.mark.parametrize("raw", [None, 1, "333", ["333"], True])
def test_S4_what_is_no_object_is_unusable(raw: Json) -> None:
    """Wrong types are not looked into."""
    with pytest.raises(ValueError, match="no object"):
        entries.request(raw, digits)


@pytest.mark.parametrize(
    "time", [None, 1795367594030, "", "yesterday", "2026-11-22T17:13:14", "٢٠٢٦-11-22T17:13:14Z", {}]
)
def test_D11_a_time_that_makes_no_sense_is_long_past(time: Json) -> None:
    """Unparsable and missing times alike: the request is expired."""
    assert entries.request({**GOOD, "createdAt": time}, digits).created_at == 0
    missing = {key: value for key, value in GOOD.items() if key != "createdAt"}
    assert not entries.request(missing, digits).is_live(CREATED)


def test_a_missing_last_seen_is_the_first() -> None:
    """And meta that is none is empty; a value that is no text is left out."""
    read = entries.request({**GOOD, "lastSeenAt": 5, "meta": {"a": "1", "b": 2, "c": "\ud800"}}, digits)
    assert (read.last_seen, read.meta) == (CREATED, {"a": "1", "c": "\ufffd"})
    assert entries.request({**GOOD, "meta": ["x"]}, digits).meta == {}


def test_codes_are_read_as_people_type_them() -> None:
    """As everywhere: case, spaces and dashes do not matter."""
    assert entries.request({**GOOD, "code": " jhvg-npzu "}, digits).code == PairingCode("JHVGNPZU")


def test_a_renewed_request_keeps_what_we_do_not_know() -> None:
    """Only what changed is spelled anew."""
    old = entries.request(GOOD, digits)
    raw: Json = {**GOOD, "createdAt": "2026-11-22T18:13:14.030+01:00", "x": [1], "meta": {"username": "ann", "n": 5}}
    new = Request(old.sender, old.code, old.created_at, SEEN + 1_000, old.meta)
    assert entries.renewed(raw, old, new) == {**raw, "lastSeenAt": "2026-11-22T17:14:01.000Z"}  # type: ignore[dict-item]
    assert entries.renewed(raw, old, Request(old.sender, old.code, CREATED, SEEN, {"a": "b"})) == {
        **raw,  # type: ignore[dict-item]
        "meta": {"a": "b"},
    }


def test_a_new_request_is_not_an_old_one() -> None:
    """A second code or a second time is a second request."""
    old = entries.request(GOOD, digits)
    assert entries.is_same(old, Request(old.sender, old.code, CREATED, SEEN + 1))
    assert not entries.is_same(old, Request(old.sender, PairingCode("X"), CREATED, SEEN))
    assert not entries.is_same(old, Request(old.sender, old.code, CREATED + 1, SEEN))


@pytest.mark.parametrize("raw", [333, 3.33, True, None, ["333"], {"id": "333"}])
def test_D6_only_text_is_an_id(raw: Json) -> None:
    """A number has lost its spelling already."""
    with pytest.raises(ValueError, match="quotes"):
        entries.allowed(raw, digits)


@pytest.mark.parametrize(
    ("raw", "is_it"),
    [("*", True), (" * ", True), ("tg:*", True), ("telegram: *", True), ("a*", False), ("", False), (1, False)],
)
def test_D4_everybody_in_every_spelling(raw: Json, is_it: bool) -> None:
    """With a prefix or without."""
    assert entries.is_everybody(raw) is is_it


@pytest.mark.parametrize(
    ("raw", "record", "complaint"),
    [
        ({"approvedAt": "2026-11-22T17:13:14.030Z", "by": "terminal"}, Record(CREATED, "terminal"), ""),
        ({}, Record(None, None), ""),
        ({"approvedAt": 5, "by": "me"}, Record(None, "me"), 'its "approvedAt" is no time'),
        ({"by": 5}, Record(None, None), 'its "by" is no text'),
        ({"by": "me", "aliases": ["777"]}, Record(None, "me", frozenset({SenderId("777")})), ""),
        ("yes", Record(None, None), "no object"),
        (None, Record(None, None), "no object"),
    ],
)
def test_records(raw: Json, record: Record, complaint: str) -> None:
    """When and by whom, as far as it can be read."""
    assert entries.record(raw, "approvedAt", None, partial(sender_ids.normalise, Channel.TELEGRAM)) == (
        record,
        complaint,
    )
    if not complaint:
        assert entries.written(record, "approvedAt") == raw
