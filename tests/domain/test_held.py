"""What becomes of a held message, from what is known of its sender alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain import held
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.held import KEEP_MS, MAX_BYTES, Fate, Slip
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_records import TTL_MS, Approval, Block, Request, Senders

ASKED = 1_795_000_000_000
ANNE = SenderId("7")
SLIP = Slip(ChannelAccount(Channel.TELEGRAM), ANNE, ASKED)
REQUEST = Request(ANNE, PairingCode("ABCD2345"), ASKED, ASKED)
WAITS = Senders(requests={ANNE: REQUEST})


def approved(at: int | None, *, until: int | None = None) -> Senders:
    return Senders(allowed={ANNE: Approval("7", at, "terminal", until=until)})


@pytest.mark.parametrize(
    ("known", "after_ms", "fate"),
    [
        (WAITS, 0, Fate.KEEP),
        (WAITS, TTL_MS - 1, Fate.KEEP),
        (WAITS, TTL_MS, Fate.DROP),
        (WAITS, -1, Fate.DROP),
        (Senders(requests={ANNE: replace(REQUEST, created_at=ASKED + 5)}), 10, Fate.DROP),
        (Senders(requests={SenderId("8"): replace(REQUEST, sender=SenderId("8"))}), 10, Fate.DROP),
        (Senders(), 10, Fate.DROP),
        (approved(ASKED + 9), 10, Fate.HAND_OVER),
        (approved(ASKED + TTL_MS - 1), KEEP_MS - 1, Fate.HAND_OVER),
        (approved(ASKED + TTL_MS - 1), KEEP_MS, Fate.DROP),
        (approved(ASKED + TTL_MS), KEEP_MS - 1, Fate.DROP),
        (approved(ASKED - 1), 10, Fate.DROP),
        (approved(None), 10, Fate.HAND_OVER),
        (approved(None), KEEP_MS, Fate.DROP),
        (approved(ASKED + 9, until=ASKED + 20), 19, Fate.HAND_OVER),
        (approved(ASKED + 9, until=ASKED + 20), 20, Fate.DROP),
        (replace(WAITS, allowed=approved(ASKED + 9).allowed), 10, Fate.HAND_OVER),
        (replace(WAITS, blocked={ANNE: Block(ASKED + 9)}), 10, Fate.DROP),
        (replace(approved(ASKED + 9), blocked={ANNE: Block(ASKED + 10)}), 10, Fate.DROP),
    ],
)
def test_D11_D17_it_follows_its_request(known: Senders, after_ms: int, fate: Fate) -> None:
    """Kept while it waits, handed over if it was approved in time, and gone in every other case."""
    assert held.fate(SLIP, known, now=ASKED + after_ms) is fate


def test_D7_an_approval_under_another_id_of_his_counts() -> None:
    number = SenderId("+15550001111")
    slip = replace(SLIP, account=ChannelAccount(Channel.SIGNAL), sender=number)
    known = Senders(allowed={SenderId("uuid:1"): Approval("uuid:1", ASKED + 1, aliases=frozenset({number}))})
    assert held.fate(slip, known, now=ASKED + 2) is Fate.HAND_OVER


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 3))
def test_a_text_is_cut_at_a_character(text: str, ahead: int) -> None:
    """What fits stays as it is; what does not ends with a sign, within the bound."""
    long = "x" * ahead + text * (1 + MAX_BYTES // max(1, len(text.encode())))
    for each in (text, long):
        kept = held.clipped(each)
        assert len(kept.encode()) <= MAX_BYTES
        assert kept == each if len(each.encode()) <= MAX_BYTES else each.startswith(kept.removesuffix("…"))


def test_a_cut_text_uses_the_room_there_is() -> None:
    assert len(held.clipped("ä" * MAX_BYTES).encode()) > MAX_BYTES - 4
    assert held.clipped("a" * MAX_BYTES) == "a" * MAX_BYTES


def test_a_file_is_called_by_its_request_alone() -> None:
    """And in the same way by every version of ours."""
    assert SLIP.file_name == "telegram-default-49afd2cba0b608495c080754b2f967bd.json"
    assert SLIP.bound() == b'[1,"telegram","default","7",1795000000000]'
    others = {replace(SLIP, sender=SenderId("8")), replace(SLIP, asked_at=ASKED + 1)}
    assert len({one.file_name for one in (SLIP, *others)}) == 3
