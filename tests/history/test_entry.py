"""One line: what goes in comes out, and nothing in it can be changed unseen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.history.entry import LONGEST, Head, NoEntry, read, write
from tests.support.histories import NOW, fact, rehash

HEAD = Head(41, "ab" * 32)
words = st.text(max_size=40)
facts = st.builds(
    Fact,
    st.integers(0, 4_102_444_800_000),
    st.sampled_from(Kind),
    st.sampled_from(Surface),
    st.builds(
        Subject,
        st.sampled_from(Of),
        words,
        st.none() | st.builds(ChannelAccount, st.sampled_from(Channel), st.just(AccountId("work"))),
    ),
    by=words,
    why=words,
    address=words,
    times=st.integers(1, 10**6),
)


@given(facts)
def test_a_fact_is_read_as_it_was_written(told: Fact) -> None:
    """Whatever names hold: line breaks, quotes, lone surrogates. It stays one line of ASCII."""
    line, head = write(told, HEAD)
    assert line.isascii()
    assert line.count(b"\n") == 1
    found = read(line[:-1])
    assert (found.fact, found.seq, found.prev, found.head) == (told, 42, HEAD.hash, head)


@given(facts, st.data())
def test_every_byte_counts(told: Fact, data: st.DataObject) -> None:
    """Change any byte of a line, and it is not an entry any more."""
    line = bytearray(write(told, HEAD)[0][:-1])
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NoEntry):
        read(bytes(line))


def test_what_is_too_long_is_cut() -> None:
    """An id of a megabyte makes a line of some hundred bytes."""
    line, _ = write(fact("7" * 1_000_000), HEAD)
    assert read(line[:-1]).fact.about.id == "7" * LONGEST


@pytest.mark.parametrize(
    "other",
    [
        {"at": "yesterday"},
        {"kind": "forgiven"},
        {"seq": "1"},
        {"seq": True},
        {"channel": "pager"},
        {"id": 7},
        {"prev": 0},
    ],
    ids=str,
)
def test_S8_a_line_that_says_something_else_than_an_entry_is_none(other: dict[str, object]) -> None:
    """Even with a hash that fits."""
    line, _ = write(fact(at=NOW), HEAD)
    with pytest.raises(NoEntry):
        read(rehash(line, **other)[:-1])


@pytest.mark.parametrize("line", [b"", b"{}", b"[" * 100_000, b'{"hash":"' + b"0" * 64 + b'"}', b"\xff" * 200])
def test_S8_what_is_no_line_of_ours_is_refused(line: bytes) -> None:
    """Nothing but NoEntry comes of it."""
    with pytest.raises(NoEntry):
        read(line)
