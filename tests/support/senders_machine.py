"""Senders of two channel accounts in all orders of events, with the invariants of threats.md M after each.

The machine keeps only what people did: who was let in, who was silenced, who asked since. It does its own sums about
ages and places, and reaches the rules through their modules, so that a test can put a broken twin in a rule's place.
"""

import random
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, invariant, multiple, rule

from clawdbot.domain import codes, gate, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import SendCode
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy, DmRules, Ignore
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import (
    AlreadyAllowed,
    Approved,
    IsBlocked,
    NoSuchRequest,
    QueueFull,
    Rejected,
    Request,
    Requested,
    Senders,
    StillWaiting,
)

ACCOUNTS = (ChannelAccount(Channel.TELEGRAM), ChannelAccount(Channel.TELEGRAM, AccountId("work")))
PEOPLE = tuple(SenderId(name) for name in ("ann", "bob", "cid", "dot", "eve"))
CAP = 3
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000

accounts = st.sampled_from(ACCOUNTS)
people = st.sampled_from(PEOPLE)


class SendersMachine(RuleBasedStateMachine):
    """Strangers write, the owner decides, time passes or jumps, processes crash, other programs write too."""

    codes = Bundle("codes")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_795_367_603_000
        self.stored = {account: Senders() for account in ACCOUNTS}
        self.config = {account: DmRules() for account in ACCOUNTS}
        self.approved: set[tuple[ChannelAccount, SenderId]] = set()
        self.blocked: set[tuple[ChannelAccount, SenderId]] = set()
        self.asking: set[tuple[ChannelAccount, SenderId]] = set()
        self.chance = random.Random(0)

    @staticmethod
    def key(account: ChannelAccount) -> ChannelAccount:
        """What is read and written together (threats.md D1)."""
        return account

    def read(self, account: ChannelAccount) -> Senders:
        return self.stored[self.key(account)]

    def save(self, account: ChannelAccount, state: Senders) -> None:
        self.stored[self.key(account)] = state

    def randbelow(self, limit: int) -> int:
        """So little chance that codes collide all the time: four codes in all."""
        return self.chance.randrange(4) if self.chance.random() < 0.1 else 0

    def lives(self, request: Request) -> bool:
        return 0 <= self.now - request.created_at < HOUR

    def queue(self, account: ChannelAccount) -> list[Request]:
        """The live requests of those about whom nothing is decided."""
        decided = {sender for place, sender in self.approved | self.blocked if place == account}
        requests = self.read(account).requests.values()
        return [request for request in requests if self.lives(request) and request.sender not in decided]

    # --- strangers ---------------------------------------------------------------------------------------------------

    @rule(target=codes, account=accounts, sender=people)
    def writes(self, account: ChannelAccount, sender: SenderId) -> PairingCode | MultipleResults[PairingCode]:
        decision = gate.decide(self.config[account], self.read(account), sender)
        return self.asks(account, sender) if isinstance(decision, AskApproval) else multiple()

    @rule(target=codes, account=accounts, sender=people)
    def asks(self, account: ChannelAccount, sender: SenderId) -> PairingCode | MultipleResults[PairingCode]:
        """Past the gate; perhaps somebody decided meanwhile."""
        before, waiting = self.read(account), {request.sender: request for request in self.queue(account)}
        change = senders.request(before, sender, {}, now=self.now, randbelow=self.randbelow)
        self.save(account, change.state)
        replies = [effect for effect in change.effects if isinstance(effect, SendCode)]
        rest = {request.sender: request for request in self.queue(account) if request.sender != sender}
        assert rest == {key: request for key, request in waiting.items() if key != sender}, "a newcomer evicts nobody"
        if (account, sender) in self.approved | self.blocked:
            assert isinstance(change.answer, AlreadyAllowed | IsBlocked), "who is decided about does not ask"
            assert not change.effects, "who is decided about gets no code"
            assert change.state is before, "what is decided stays as it is"
        elif sender in waiting:
            mine = [request for request in self.queue(account) if request.sender == sender]
            assert isinstance(change.answer, StillWaiting), "who waits can write again, at the cap too"
            assert not change.effects, "one reply a request"
            assert len(mine) == 1, "a refresh takes no slot"
            assert mine == [replace(waiting[sender], last_seen=mine[0].last_seen)], "a refresh lengthens nothing"
        elif len(waiting) >= CAP:
            assert change.answer == QueueFull(), "no more wait than the cap"
            assert not change.effects, "no code beyond the cap"
        else:
            assert isinstance(change.answer, Requested), "a stranger finds a free place"
            assert replies == [SendCode(sender, change.answer.request.code)], "one reply a request"
            assert self.lives(change.answer.request), "a new request lives"
            self.asking.add((account, sender))
            return change.answer.request.code
        return multiple()

    # --- the owner ---------------------------------------------------------------------------------------------------

    @rule(account=accounts, code=codes)
    def approves(self, account: ChannelAccount, code: PairingCode) -> None:
        """By any code ever given out: live, used, expired, or of the other account."""
        before, found = self.read(account), self.find(account, code)
        change = senders.approve(before, code, now=self.now, by="test")
        self.save(account, change.state)
        if found is None:
            assert change.answer == NoSuchRequest(), "no approval without a live request"
            assert change.state is before, "a wrong code changes nothing"
            return
        assert change.answer == Approved(found), "the code's own is approved"
        assert found.sender in change.state.allowed, "an approval is never lost"
        assert found.sender not in change.state.requests, "approval moves"
        self.approved.add((account, found.sender))
        self.asking.discard((account, found.sender))

    @rule(account=accounts, code=codes)
    def crashes_in_approval(self, account: ChannelAccount, code: PairingCode) -> None:
        """The file that grants is written, the other one is not."""
        before, found = self.read(account), self.find(account, code)
        granted = senders.approve(before, code, now=self.now, by="test").state
        self.save(account, replace(before, allowed=granted.allowed))
        if found is not None:
            self.approved.add((account, found.sender))
            self.asking.discard((account, found.sender))

    @rule(account=accounts, code=codes)
    def rejects(self, account: ChannelAccount, code: PairingCode) -> None:
        before = self.read(account)
        found = next((request for request in self.queue(account) if request.code == code), None)
        change = senders.reject(before, code, now=self.now)
        self.save(account, change.state)
        if found is None:
            assert change.answer == NoSuchRequest(), "no rejection without a live request"
            assert change.state is before, "a wrong code changes nothing"
            return
        assert change.answer == Rejected(found), "the code's own is rejected"
        self.asking.discard((account, found.sender))

    @rule(account=accounts, sender=people)
    def blocks(self, account: ChannelAccount, sender: SenderId) -> None:
        self.save(account, senders.block(self.read(account), sender, now=self.now, by="test").state)
        self.blocked.add((account, sender))
        self.approved.discard((account, sender))
        self.asking.discard((account, sender))

    @rule(account=accounts, sender=people)
    def unblocks(self, account: ChannelAccount, sender: SenderId) -> None:
        self.save(account, senders.unblock(self.read(account), sender).state)
        if (account, sender) in self.blocked:
            self.asking.discard((account, sender))
        self.blocked.discard((account, sender))

    @rule(account=accounts, sender=people)
    def revokes(self, account: ChannelAccount, sender: SenderId) -> None:
        self.save(account, senders.revoke(self.read(account), sender).state)
        self.approved.discard((account, sender))

    @rule(
        account=accounts,
        listed=st.frozensets(people, max_size=2),
        everyone=st.booleans(),
        policy=st.sampled_from(DmPolicy),
    )
    def configures(
        self, account: ChannelAccount, policy: DmPolicy, listed: frozenset[SenderId], everyone: bool
    ) -> None:
        self.config[account] = DmRules(policy, listed, everyone)

    def find(self, account: ChannelAccount, code: PairingCode) -> Request | None:
        """Whom a code lets in: one who waits, or one whose approval was cut short."""
        requests = self.read(account).requests.values()
        live = [request for request in requests if self.lives(request) and request.code == code]
        return next((request for request in live if (account, request.sender) not in self.blocked), None)

    # --- the world ---------------------------------------------------------------------------------------------------

    @rule(ms=st.sampled_from([1, SECOND - 1, SECOND, HOUR // 2, HOUR - 1, HOUR, HOUR + 1]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(ms=st.sampled_from([-DAY, -HOUR, -1, DAY]))
    def the_clock_jumps(self, ms: int) -> None:
        self.now += ms

    @rule(target=codes, account=accounts, sender=people)
    def another_program_asks(
        self, account: ChannelAccount, sender: SenderId
    ) -> PairingCode | MultipleResults[PairingCode]:
        """A program that shares our files, keeps the cap, and knows no blocks."""
        state = self.read(account)
        live = {request.sender: request for request in state.requests.values() if self.lives(request)}
        if sender in live or sender in state.allowed or len(live) >= CAP:
            return multiple()
        code = codes.draw({request.code for request in live.values()}, self.randbelow)
        opened = Request(sender, code, created_at=self.now, last_seen=self.now)
        self.save(account, replace(state, requests={**live, sender: opened}))
        self.asking.add((account, sender))
        return code

    # --- what always holds -------------------------------------------------------------------------------------------

    @invariant()
    def the_queue_is_in_order(self) -> None:
        for account in ACCOUNTS:
            queue = self.queue(account)
            assert len(queue) <= CAP, "no more wait than the cap"
            assert len({request.sender for request in queue}) == len(queue), "one request a sender"
            assert len({request.code for request in queue}) == len(queue), "one sender a code"
            asking = {(account, request.sender) for request in queue}
            assert asking <= self.asking, "no request outlives its decision"

    @invariant()
    def everybody_is_at_one_place(self) -> None:
        for account in ACCOUNTS:
            state = self.read(account)
            waiting = [request.sender for request in state.waiting(self.now)]
            places = [*waiting, *state.allowed, *state.blocked]
            assert len(places) == len(set(places)), "nobody is at two places"
            assert sorted(waiting) == sorted(request.sender for request in self.queue(account)), "who lives, waits"

    @invariant()
    def decisions_stand(self) -> None:
        for account in ACCOUNTS:
            state = self.read(account)
            assert {(account, sender) for sender in state.allowed} == self.of(account, self.approved), "approvals stand"
            assert {(account, sender) for sender in state.blocked} == self.of(account, self.blocked), "blocks stand"

    @invariant()
    def only_who_may_passes_the_gate(self) -> None:
        for account in ACCOUNTS:
            for policy in DmPolicy:
                rules = replace(self.config[account], policy=policy)
                for sender in PEOPLE:
                    self.check_gate(account, rules, sender)

    def check_gate(self, account: ChannelAccount, rules: DmRules, sender: SenderId) -> None:
        decision = gate.decide(rules, self.read(account), sender)
        silenced = rules.policy is DmPolicy.DISABLED or (account, sender) in self.blocked
        granted = rules.policy in (DmPolicy.PAIRING, DmPolicy.OPEN) and (account, sender) in self.approved
        if silenced:
            assert isinstance(decision, Ignore), "who is silenced gets silence"
        elif granted or rules.everyone or sender in rules.listed:
            assert isinstance(decision, Admit), "who is in gets in"
        else:
            expected = AskApproval if rules.policy is DmPolicy.PAIRING else Ignore
            assert isinstance(decision, expected), "nobody unapproved is admitted"

    @staticmethod
    def of(
        account: ChannelAccount, decided: set[tuple[ChannelAccount, SenderId]]
    ) -> set[tuple[ChannelAccount, SenderId]]:
        return {(place, sender) for place, sender in decided if place == account}
