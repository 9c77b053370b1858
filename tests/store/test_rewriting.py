"""A new state is written by changing what has changed; everything else stays as somebody else wrote it."""

import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain import sender_ids
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.instants import iso
from clawdbot.domain.invites import Invite, WordDigest
from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.senders import Approval, Block, Expected, Quiet, Request, Senders
from clawdbot.store.documents import Malformed, decode
from clawdbot.store.layout import Part
from clawdbot.store.rewriting import Rewritten, disjoint, encode, lends, with_closed, with_welcomed, without_ended
from tests.support.store_moves import LENT_MS, NOW, VERBS, Move, after

TELEGRAM = partial(sender_ids.normalise, Channel.TELEGRAM)
TIME = "2026-11-22T17:13:14.030Z"

Files = dict[Part, bytes | None]


def files(pairing: Any = None, allow_from: Any = None, ours: Any = None) -> Files:
    documents = {Part.PAIRING: pairing, Part.ALLOW_FROM: allow_from, Part.SENDERS: ours}
    return {
        part: None if one is None else json.dumps({"version": 1, **one}).encode() for part, one in documents.items()
    }


def write(senders: Senders, old: Files | None = None) -> dict[Part, Any]:
    """The documents that change."""
    changed = encode(senders, decode(old or {}, TELEGRAM), TELEGRAM).texts
    return {part: json.loads(text) for part, text in changed.items()}


def state_of(old: Files) -> Senders:
    return decode(old, TELEGRAM).senders


moves = st.builds(
    Move, st.sampled_from(VERBS), st.integers(1, 6).map(str), st.integers(NOW, NOW + 10_000), st.integers(0, 9)
)
states = st.lists(moves, max_size=25).map(after)


@given(states, states)
def test_what_is_written_is_read_back(old: Senders, new: Senders) -> None:
    """From any state to any other that comes after it; and from a state to itself nothing is written."""
    first = encode(old, decode({}, TELEGRAM), TELEGRAM)
    stored = decode(first.texts, TELEGRAM)
    assert first.stored == stored
    assert stored.senders == old
    assert encode(old, stored, TELEGRAM) == Rewritten({}, stored)
    later = _after(old, new)
    then = encode(later, stored, TELEGRAM)
    assert then.stored == decode({**first.texts, **then.texts}, TELEGRAM)
    assert then.stored.senders == later


def _after(old: Senders, new: Senders) -> Senders:
    """A word is one invite's, of which only the use changes; and that a queue was full is not taken back."""
    use = {
        key: replace(old.invites.get(key, one), uses=one.uses, guests=one.guests) for key, one in new.invites.items()
    }
    return replace(new, invites=use, full_at=old.full_at if new.full_at is None else new.full_at)


def test_the_reference_s_layout_to_the_letter() -> None:
    """Keys in its order, times in its form, entries as it spells them, a final newline."""
    changed = encode(
        Senders(
            requests={SenderId("333"): Request(SenderId("333"), PairingCode("JHVGNPZU"), 1795367594030, 1795367594030)},
            allowed={SenderId("222"): Approval("222"), SenderId("555"): Approval("tg:555")},
        ),
        decode({}, TELEGRAM),
        TELEGRAM,
    ).texts
    assert changed[Part.PAIRING].decode() == (
        '{\n  "version": 1,\n  "requests": [\n    {\n      "id": "333",\n      "code": "JHVGNPZU",\n'
        f'      "createdAt": "{TIME}",\n      "lastSeenAt": "{TIME}"\n    }}\n  ]\n}}\n'
    )
    assert (
        changed[Part.ALLOW_FROM].decode() == '{\n  "version": 1,\n  "allowFrom": [\n    "222",\n    "tg:555"\n  ]\n}\n'
    )
    assert Part.SENDERS not in changed


def test_foreign_data_survives() -> None:
    """Unknown keys and entries that we cannot use are there afterwards, in their places."""
    odd = [{"id": "@x", "code": 1}, 5, {"id": "1", "code": "AAAA2222", "createdAt": TIME, "lastSeenAt": TIME, "x": 1}]
    old = files(
        {"a": 1, "requests": odd, "z": {"b": None}},
        {"allowFrom": ["@x", "tg:7", 5, "8"], "note": "mine"},
        {
            "approved": {"@x": 1, "7": {"why": "a friend"}},
            "blocked": {"9": {"blockedAt": TIME, "why": "spam"}},
            "c": [],
        },
    )
    state = after([Move("revoke", "8"), Move("request", "3", now=1795367595000), Move("block", "10")], state_of(old))
    new = write(state, old)
    assert new[Part.PAIRING]["requests"][:3] == odd
    assert [new[Part.PAIRING]["a"], new[Part.PAIRING]["z"]] == [1, {"b": None}]
    assert new[Part.ALLOW_FROM] == {"version": 1, "allowFrom": ["@x", "tg:7", 5], "note": "mine"}
    assert new[Part.SENDERS]["c"] == []
    assert new[Part.SENDERS]["approved"] == {"@x": 1, "7": {"why": "a friend"}}
    assert new[Part.SENDERS]["blocked"]["9"] == {"blockedAt": TIME, "why": "spam"}


def test_a_file_is_rewritten_only_if_it_says_something_else() -> None:
    """However it is laid out; a request touches neither the allowlist nor our file."""
    old = files({"requests": []}, {"allowFrom": ["7"]})
    assert list(write(after([Move("request", "1")], state_of(old)), old)) == [Part.PAIRING]
    assert write(state_of(old), old) == {}


def test_D17_a_revoked_sender_goes_in_every_spelling() -> None:
    """And a sender who stays keeps them all."""
    old = files(allow_from={"allowFrom": ["tg:7", "8", "7", "telegram:8"]})
    assert write(after([Move("revoke", "7")], state_of(old)), old)[Part.ALLOW_FROM]["allowFrom"] == ["8", "telegram:8"]


def test_D17_an_unblocked_sender_is_unblocked_in_every_spelling() -> None:
    """Nothing of the block stays behind."""
    old = files(ours={"approved": {}, "blocked": {"tg:7": {}, "7": {}, "8": None}})
    assert write(after([Move("unblock", "7")], state_of(old)), old)[Part.SENDERS]["blocked"] == {"8": None}


def test_D4_everybody_is_never_written() -> None:
    """Not from a state, and not from the file that held it."""
    old = files(allow_from={"allowFrom": ["*", "7", "tg:*"]})
    assert write(after([Move("revoke", "7")], state_of(old)), old)[Part.ALLOW_FROM]["allowFrom"] == []
    for star in (
        Senders(allowed={SenderId("*"): Approval("*")}),
        Senders(allowed={SenderId("7"): Approval("tg:*")}),
        after([Move("request", "*")]),
        after([Move("block", "*")]),
    ):
        with pytest.raises(ValueError):
            write(star)


def test_D6_an_entry_that_names_somebody_else_is_not_written() -> None:
    """What is written is read back as what it means, or it is not written."""
    for wrong in ("8", "@ann", ""):
        with pytest.raises(ValueError):
            write(Senders(allowed={SenderId("7"): Approval(wrong)}))


def test_D12_a_duplicate_goes_with_the_first_rewriting() -> None:
    """It must not come to life when the first owner of the code is gone."""
    same = {"code": "AAAA2222", "createdAt": TIME, "lastSeenAt": TIME}
    old = files({"requests": [{"id": "1", **same}, {"id": "2", **same}]})
    state = Move("reject", "1", now=1795367594030)(state_of(old)).state
    assert write(state, old)[Part.PAIRING]["requests"] == []


def test_a_new_request_inherits_nothing_of_an_old_one() -> None:
    """The unknown keys of an expired request go with it."""
    old = files({"requests": [{"id": "1", "code": "AAAA2222", "createdAt": TIME, "lastSeenAt": TIME, "x": 1}]})
    rows = write(Move("request", "1", now=NOW + 10**9)(state_of(old)).state, old)[Part.PAIRING]["requests"]
    assert len(rows) == 1
    assert "x" not in rows[0]


def test_what_a_crash_left_twice_is_put_at_one_place() -> None:
    """Blocked counts before allowed, allowed before waiting; a state in order stays the same object."""
    one, two, three = SenderId("1"), SenderId("2"), SenderId("3")
    asks = {sender: Request(sender, PairingCode(f"AAAA222{sender}"), NOW, NOW) for sender in (one, two, three)}
    twice = Senders(requests=asks, allowed={one: Approval("1"), two: Approval("2")}, blocked={one: Block(NOW)})
    right = disjoint(twice)
    assert (set(right.requests), set(right.allowed), set(right.blocked)) == ({three}, {two}, {one})
    assert disjoint(right) is right


def test_lone_surrogates_are_written_as_the_reference_does() -> None:
    """A name that is no text does not keep its owner from asking."""
    asks = Request(SenderId("1"), PairingCode("AAAA2222"), NOW, NOW, {"name": "\ud83d"})
    text = encode(Senders(requests={asks.sender: asks}), decode({}, TELEGRAM), TELEGRAM).texts[Part.PAIRING]
    assert b'"\\ud83d"' in text
    assert decode({Part.PAIRING: text}, TELEGRAM).senders.requests[asks.sender].meta == {"name": "\ufffd"}


def test_an_approval_that_ends_is_an_entry_like_any_other_with_its_end_beside() -> None:
    """In the reference's file nothing shows; ours says until when, and both forget it together."""
    lent = write(after([Move("request", "7"), Move("lend", "7")]))
    assert lent[Part.ALLOW_FROM]["allowFrom"] == ["7"]
    assert lent[Part.SENDERS]["approved"]["7"]["until"] == iso(NOW + LENT_MS)
    old: Files = {part: json.dumps(one).encode() for part, one in lent.items()}
    over = write(after([Move("expire", "", NOW + LENT_MS)], state_of(old)), old)
    assert over[Part.ALLOW_FROM]["allowFrom"] == []
    assert over[Part.SENDERS]["approved"] == {}


def test_S4_an_end_that_makes_no_sense_has_come() -> None:
    """It was not to last: the entry admits nobody, stays until the next sweep, and is reported."""
    ends: list[Any] = [5, "soon", True, "2026-11-22", {}]
    for until in ends:
        old = files(allow_from={"allowFrom": ["7"]}, ours={"approved": {"7": {"until": until}}, "blocked": {}})
        stored = decode(old, TELEGRAM)
        assert not stored.senders.is_allowed(SenderId("7"), now=NOW)
        assert [note.text for note in stored.notes] == ['"7" under "approved": its "until" is no time']
        assert write(stored.senders, old) == {}


def test_an_end_goes_before_its_approval_comes_and_after_it_went() -> None:
    """What the two states between which a commit of its own is needed have in common."""
    lent = after([Move("request", "7"), Move("lend", "7")])
    assert lends(Senders(), lent)
    assert not lends(lent, lent)
    assert not lends(Senders(), after([Move("request", "7"), Move("approve", "7")]))
    assert without_ended(lent, Senders()).allowed == {}
    assert without_ended(lent, lent) is lent


def test_who_is_to_be_quiet_and_what_people_are_called_stands_in_our_file_alone() -> None:
    """Read back as it was, and gone without a trace of the people; tables of nobody are not begun."""
    seven = SenderId("7")
    state = Senders(quiet={seven: Quiet(NOW + 5, frozenset({SenderId("8")}))}, labels={seven: "Ann, the plumber"})
    new = write(state)
    assert list(new) == [Part.SENDERS]
    assert new[Part.SENDERS]["quiet"] == {"7": {"until": iso(NOW + 5), "aliases": ["8"]}}
    assert new[Part.SENDERS]["labels"] == {"7": {"label": "Ann, the plumber"}}
    old: Files = {Part.SENDERS: json.dumps(new[Part.SENDERS]).encode()}
    assert state_of(old) == state
    assert write(Senders(), old)[Part.SENDERS] == {
        "version": 1,
        "approved": {},
        "blocked": {},
        "quiet": {},
        "labels": {},
    }


def test_S4_tables_of_ours_that_make_no_sense() -> None:
    """As a whole they are an error; single entries are kept, reported, and silence nobody."""
    for name in ("quiet", "labels"):
        with pytest.raises(Malformed):
            decode(files(ours={"approved": {}, "blocked": {}, name: []}), TELEGRAM)
    odd = {"approved": {}, "blocked": {}, "quiet": {"7": 5, "@x": {}}, "labels": {"7": {"label": 5}}}
    stored = decode(files(ours=odd), TELEGRAM)
    assert not stored.senders.is_quiet(SenderId("7"), now=NOW)
    assert stored.senders.labels == {"7": ""}
    assert len(stored.notes) == 3
    assert write(stored.senders, files(ours=odd)) == {}


def test_who_is_expected_stands_in_our_file_until_he_is_in() -> None:
    """An approval of the reference or a block beside it counts, and the announcement goes with the next change."""
    seven = SenderId("7")
    state = Senders(expected={seven: Expected(NOW, "terminal", NOW + 5)})
    new = write(state)
    assert new == {
        Part.SENDERS: {
            "version": 1,
            "approved": {},
            "blocked": {},
            "expected": {"7": {"expectedAt": iso(NOW), "by": "terminal", "until": iso(NOW + 5)}},
        }
    }
    old: Files = {Part.SENDERS: json.dumps(new[Part.SENDERS]).encode()}
    assert state_of(old) == state
    assert disjoint(state) is state
    assert not disjoint(replace(state, allowed={seven: Approval("7")})).expected
    assert not disjoint(replace(state, blocked={seven: Block(NOW)})).expected


def test_S2_who_was_announced_is_in_before_anything_else_changes() -> None:
    """Of several changes at once, his is saved first: the announcement goes with it. Only if he is in for good."""
    seven, eight = SenderId("7"), SenderId("8")
    state = Senders(expected={seven: Expected(NOW, "terminal"), eight: Expected(NOW, "terminal")})
    new = Senders(allowed={seven: Approval("7"), SenderId("9"): Approval("9", until=NOW + 5)})
    first = with_welcomed(state, new)
    assert first == Senders(allowed={seven: Approval("7")}, expected={eight: Expected(NOW, "terminal")})
    assert lends(first, new)
    assert with_welcomed(state, Senders(allowed={seven: Approval("7", until=NOW + 5)})) is state
    assert with_welcomed(state, Senders()) is state


def test_S2_a_block_is_not_preceded_by_the_loss_of_an_approval_with_an_end() -> None:
    """Cut short, it would leave somebody who is neither in nor blocked."""
    seven = SenderId("7")
    state = Senders(allowed={seven: Approval("7", until=NOW + 5)})
    assert without_ended(state, Senders(blocked={seven: Block(NOW)})) is state
    assert without_ended(state, Senders()) == Senders()


def test_S2_D18_an_invite_is_closed_to_somebody_before_his_approval_goes() -> None:
    """Nothing else comes with it: neither who is in, nor invites that are new or gone."""
    word, other, late = (WordDigest(letter * 64) for letter in "abc")
    state = Senders(
        allowed={SenderId("7"): Approval("7", until=NOW + 5)}, invites={word: Invite(NOW), other: Invite(1)}
    )
    closed = Invite(NOW, closed_to=frozenset({SenderId("7")}))
    first = with_closed(state, Senders(invites={word: closed, late: Invite(NOW)}))
    assert first == replace(state, invites={word: closed, other: Invite(1)})
    assert with_closed(state, Senders()) is state
