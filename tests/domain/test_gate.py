"""The gate's whole decision table: every policy, every kind of sender, with and without a configured ``"*"``."""

from itertools import product

import pytest

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy, DmRules, Ignore, Why, decide
from clawdbot.domain.names import Instant, SenderId
from clawdbot.domain.senders import Approval, Block, Request, Senders

NOW: Instant = 1_795_367_603_000

BLOCKED, LISTED, APPROVED, WAITING, STRANGER, BLOCKED_LISTED = (
    SenderId(name) for name in ("blocked", "listed", "approved", "waiting", "stranger", "blocked-listed")
)
PEOPLE = (BLOCKED, LISTED, APPROVED, WAITING, STRANGER, BLOCKED_LISTED)
SENDERS = Senders(
    requests={WAITING: Request(WAITING, PairingCode("AAAAAAAA"), created_at=0, last_seen=0)},
    allowed={APPROVED: Approval("approved"), BLOCKED: Approval("blocked")},
    blocked={BLOCKED: Block(0), BLOCKED_LISTED: Block(0)},
)
LISTED_IN_CONFIG = frozenset({LISTED, BLOCKED_LISTED})

Decision = Admit | Ignore | AskApproval
ADMIT, ASK = Admit(), AskApproval()
OFF, SILENCE, UNLISTED = Ignore(Why.DISABLED), Ignore(Why.BLOCKED), Ignore(Why.NOT_LISTED)

TABLE: dict[DmPolicy, tuple[Decision, ...]] = {
    # policy             blocked  listed  approved  waiting   stranger  blocked and listed
    DmPolicy.PAIRING: (SILENCE, ADMIT, ADMIT, ASK, ASK, SILENCE),
    DmPolicy.ALLOWLIST: (SILENCE, ADMIT, UNLISTED, UNLISTED, UNLISTED, SILENCE),
    DmPolicy.OPEN: (SILENCE, ADMIT, ADMIT, UNLISTED, UNLISTED, SILENCE),
    DmPolicy.DISABLED: (OFF, OFF, OFF, OFF, OFF, OFF),
}
TABLE_WITH_EVERYONE: dict[DmPolicy, tuple[Decision, ...]] = {
    DmPolicy.PAIRING: (SILENCE, ADMIT, ADMIT, ADMIT, ADMIT, SILENCE),
    DmPolicy.ALLOWLIST: (SILENCE, ADMIT, ADMIT, ADMIT, ADMIT, SILENCE),
    DmPolicy.OPEN: (SILENCE, ADMIT, ADMIT, ADMIT, ADMIT, SILENCE),
    DmPolicy.DISABLED: (OFF, OFF, OFF, OFF, OFF, OFF),
}


EVERY_CELL = pytest.mark.parametrize(("policy", "column"), list(product(DmPolicy, range(len(PEOPLE)))))


@EVERY_CELL
def test_D3_D4_the_table_holds(policy: DmPolicy, column: int) -> None:
    rules = DmRules(policy, LISTED_IN_CONFIG)
    assert decide(rules, SENDERS, PEOPLE[column], now=NOW) == TABLE[policy][column]


@EVERY_CELL
def test_D4_the_table_holds_when_the_configuration_lists_everyone(policy: DmPolicy, column: int) -> None:
    rules = DmRules(policy, LISTED_IN_CONFIG, everyone=True)
    assert decide(rules, SENDERS, PEOPLE[column], now=NOW) == TABLE_WITH_EVERYONE[policy][column]


def test_D5_unless_told_otherwise_a_stranger_needs_approval_and_nobody_is_in() -> None:
    assert decide(DmRules(), Senders(), STRANGER, now=NOW) == ASK
    assert DmRules().listed == frozenset()
    assert not DmRules().everyone


@pytest.mark.parametrize("policy", DmPolicy)
def test_D5_an_empty_list_never_means_everyone(policy: DmPolicy) -> None:
    assert decide(DmRules(policy), Senders(), STRANGER, now=NOW) != ADMIT


@pytest.mark.parametrize("policy", DmPolicy)
def test_D4_a_star_in_the_store_or_among_the_listed_admits_nobody_else(policy: DmPolicy) -> None:
    star = SenderId("*")
    assert (
        decide(DmRules(policy, frozenset({star})), Senders(allowed={star: Approval("*")}), STRANGER, now=NOW) != ADMIT
    )


@pytest.mark.parametrize("near", ["1", "111", "011", "11 ", "11.0", "١١", "11\u200b"])
def test_D6_ids_are_compared_as_exact_strings(near: str) -> None:
    eleven = SenderId("11")
    rules = DmRules(DmPolicy.OPEN, frozenset({eleven}))
    senders = Senders(allowed={eleven: Approval("11")})
    assert decide(rules, senders, eleven, now=NOW) == ADMIT
    assert decide(rules, senders, SenderId(near), now=NOW) == UNLISTED


def test_D5_there_is_no_other_policy() -> None:
    assert {str(policy) for policy in DmPolicy} == {"pairing", "allowlist", "open", "disabled"}
    with pytest.raises(ValueError, match="everyone"):
        DmPolicy("everyone")
