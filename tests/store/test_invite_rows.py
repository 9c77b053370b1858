"""Invites in the file of an account: read without guessing, and kept where they make no sense."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from clawdbot.domain import sender_ids
from clawdbot.domain.instants import iso
from clawdbot.domain.invites import Invite, WordDigest
from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.senders import Approval, Senders
from clawdbot.store.documents import Stored, decode
from clawdbot.store.layout import Part
from clawdbot.store.rewriting import encode, with_spent

NOW = 1_795_000_000_000
KEY = WordDigest("0a" * 32)
read_id = partial(sender_ids.normalise, Channel.TELEGRAM)
GOOD: dict[str, Any] = {
    "until": iso(NOW),
    "uses": 2,
    "madeAt": iso(NOW - 1),
    "by": "terminal",
    "label": "Ann",
    "new": 1,
}


def stored(invites: object) -> Stored:
    document = {"version": 1, "approved": {}, "blocked": {}, "invites": invites}
    return decode({Part.SENDERS: json.dumps(document).encode()}, read_id)


def table(files: Mapping[Part, bytes]) -> Any:
    return json.loads(files[Part.SENDERS])["invites"]


def test_an_invite_is_read_back_as_it_was_written() -> None:
    invite = Invite(NOW, 3, NOW - 1, "terminal", "Ann", 5_000, frozenset({SenderId("7")}), frozenset({SenderId("8")}))
    files = encode(Senders(invites={KEY: invite}), decode({}, read_id), read_id).texts
    assert list(files) == [Part.SENDERS]
    assert decode({**files}, read_id).senders.invites == {KEY: invite}


def test_what_we_do_not_know_in_an_invite_stays_when_it_is_used() -> None:
    known = stored({KEY: GOOD})
    used = Invite(NOW, 1, NOW - 1, "terminal", "Ann", None, frozenset({SenderId("7")}))
    assert table(encode(Senders(invites={KEY: used}), known, read_id).texts) == {
        KEY: {**GOOD, "uses": 1, "usedBy": ["7"]}
    }
    assert encode(known.senders, known, read_id).texts == {}
    assert table(encode(Senders(), known, read_id).texts) == {}


@pytest.mark.parametrize(
    "odd",
    [
        {KEY: None},
        {KEY: []},
        {KEY: {**GOOD, "until": "soon"}},
        {KEY: {**GOOD, "until": None}},
        {KEY: {**GOOD, "uses": True}},
        {KEY: {**GOOD, "uses": -1}},
        {KEY: {**GOOD, "uses": 1.5}},
        {KEY: {**GOOD, "uses": 10**30}},
        {KEY: {**GOOD, "uses": "2"}},
        {KEY: {**GOOD, "lastsMs": 0}},
        {KEY: {**GOOD, "lastsMs": "1d"}},
        {KEY: {**GOOD, "usedBy": "7"}},
        {KEY: {**GOOD, "usedBy": ["7", None]}},
        {KEY: {**GOOD, "usedBy": ["everybody"]}},
        {KEY: {**GOOD, "closedTo": {"7": 1}}},
        {KEY: {**GOOD, "closedTo": [7]}},
        {"ABCD-EFGH-JKLM-NPQR": GOOD},
        {"__proto__": GOOD},
        {KEY.upper(): GOOD},
    ],
)
def test_S4_S7_a_row_that_makes_no_sense_lets_nobody_in_is_reported_and_kept(odd: dict[str, Any]) -> None:
    """The good ones beside it go on; the report repeats nothing of it, which may be a word."""
    other = WordDigest("0b" * 32)
    known = stored({**odd, other: GOOD})
    assert list(known.senders.invites) == [other]
    assert len(known.notes) == 1
    assert known.notes[0].text.startswith('entry 1 of "invites" is not used: ')
    assert not [key for key in odd if key in known.notes[0].text]
    assert table(encode(Senders(), known, read_id).texts) == odd


def test_an_invite_is_used_up_in_a_state_of_its_own_before_anybody_comes_in() -> None:
    """Whatever is lost after it, nobody comes in twice; what only voids or makes one needs no such step."""
    old = Senders(invites={KEY: Invite(NOW, 1)})
    came = Senders(allowed={SenderId("7"): Approval("7")}, invites={KEY: Invite(NOW, 0)})
    assert with_spent(old, came) == Senders(invites=came.invites)
    assert with_spent(old, Senders()) is old
    assert with_spent(Senders(), Senders(allowed=came.allowed)) == Senders()
