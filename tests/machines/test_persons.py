"""People with two ids, numbers that pass from one to another, and decisions in all orders (threats.md D7)."""

import secrets
from collections.abc import Collection

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from clawdbot.domain import gate, persons, senders
from clawdbot.domain.gate import Admit, DmRules
from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import Senders

NOW = 1_795_367_603_000
ACCOUNTS = [SenderId(f"uuid:8f1c0c6e-0000-4000-8000-00000000000{number}") for number in range(2)]
NUMBERS = [SenderId(f"+1555000{number}") for number in range(2)]

SAME_EACH_TIME = settings(derandomize=True, database=None, deadline=None, stateful_step_count=50, max_examples=100)
UNTIL_FOUND = settings(SAME_EACH_TIME, phases=[Phase.generate], max_examples=5_000)

accounts = st.sampled_from(ACCOUNTS)
numbers = st.sampled_from(NUMBERS)


class People(RuleBasedStateMachine):
    """Two people and two numbers. Messages always show the account; the number only of who has it, and if he likes.

    ``is_in`` is who was let in and not put out since, by the account: what the number does must not matter.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known = Senders()
        self.number_of: dict[SenderId, SenderId] = {}
        self.is_in: set[SenderId] = set()
        self.is_out: set[SenderId] = set()

    def shows(self, account: SenderId, hidden: bool) -> tuple[SenderId, frozenset[SenderId]]:
        number = None if hidden else self.number_of.get(account)
        return (account, frozenset()) if number is None else (number, frozenset({account}))

    @rule(account=accounts, number=numbers)
    def gets_a_number(self, account: SenderId, number: SenderId) -> None:
        """Whoever had it has none any more."""
        self.number_of = {who: his for who, his in self.number_of.items() if his != number} | {account: number}

    @rule(account=accounts, hidden=st.booleans())
    def writes(self, account: SenderId, hidden: bool) -> None:
        ids = self.shows(account, hidden)
        decision = gate.decide(DmRules(), self.known, *ids, now=NOW)
        if account not in self.is_out:
            assert isinstance(decision, Admit) is (account in self.is_in)
        else:
            assert not isinstance(decision, Admit)
        if isinstance(decision, gate.AskApproval):
            sender, aliases = ids
            self.known = senders.request(
                self.known, sender, {}, now=NOW, randbelow=secrets.randbelow, cap=9, aliases=aliases
            ).state

    @rule(number=st.integers(0, 8))
    def approved(self, number: int) -> None:
        waiting = self.known.waiting(NOW)
        if waiting:
            request = waiting[number % len(waiting)]
            (account,) = persons.accounts({request.sender, *request.aliases})
            self.known = senders.approve(self.known, request.code, now=NOW, by="test").state
            self.is_in.add(account)

    @rule(account=accounts)
    def revoked(self, account: SenderId) -> None:
        self.known = senders.revoke(self.known, account).state
        self.is_in.discard(account)

    @rule(account=accounts)
    def blocked(self, account: SenderId) -> None:
        self.known = senders.block(self.known, account, now=NOW, by="test").state
        self.is_in.discard(account)
        self.is_out.add(account)

    @rule(account=accounts)
    def unblocked(self, account: SenderId) -> None:
        self.known = senders.unblock(self.known, account).state
        self.is_out.discard(account)

    @invariant()
    def one_request_a_person(self) -> None:
        waiting = [persons.accounts({one.sender, *one.aliases}) for one in self.known.waiting(NOW)]
        assert all(len(accounts) == 1 for accounts in waiting)
        assert len(set(waiting)) == len(waiting)


def test_D7_M_a_number_lets_nobody_in_for_somebody_else() -> None:
    run_state_machine_as_test(People, settings=SAME_EACH_TIME)


def _any_id(known: Collection[SenderId], shown: Collection[SenderId]) -> bool:
    return not set(known).isdisjoint(shown)


def test_D7_M_the_machine_finds_a_twin_that_goes_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persons, "is_same", _any_id)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(People, settings=UNTIL_FOUND)
