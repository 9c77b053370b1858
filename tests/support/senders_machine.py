"""Senders of two channel accounts in all orders of events, with the invariants of threats.md M after each.

The machine keeps only what people did: who was let in, who was silenced, who asked since. It does its own sums about
ages and places, and reaches the rules through their modules, so that a test can put a broken twin in a rule's place.
"""

import random
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, invariant, multiple, rule

from clawdbot.domain import codes, gate, inviting, senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import SendCode
from clawdbot.domain.gate import Admit, AskApproval, DmPolicy, DmRules, Ignore
from clawdbot.domain.invites import WordDigest
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.domain.senders import (
    AlreadyAllowed,
    Announced,
    Approved,
    Invited,
    IsBlocked,
    IsQuiet,
    NoSuchRequest,
    QueueFull,
    Rejected,
    Request,
    Requested,
    Senders,
    StillWaiting,
    Welcomed,
)
from clawdbot.store.rewriting import disjoint

ACCOUNTS = (ChannelAccount(Channel.TELEGRAM), ChannelAccount(Channel.TELEGRAM, AccountId("work")))
PEOPLE = tuple(SenderId(name) for name in ("ann", "bob", "cid", "dot", "eve"))
CAP = 3
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000

accounts = st.sampled_from(ACCOUNTS)
people = st.sampled_from(PEOPLE)
terms = st.sampled_from([None, None, HOUR // 2, HOUR, DAY])


@dataclass
class Invitation:
    """A word that was handed on: for whose bot, until when, who came in by it, and who was put out since."""

    account: ChannelAccount
    until: int
    uses: int
    lasts: int | None
    guests: set[SenderId] = field(default_factory=set)
    put_out: set[SenderId] = field(default_factory=set)


class SendersMachine(RuleBasedStateMachine):
    """Strangers write, the owner decides, time passes or jumps, processes crash, other programs write too."""

    codes = Bundle("codes")
    words = Bundle("words")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_795_367_603_000
        self.stored = {account: Senders() for account in ACCOUNTS}
        self.config = {account: DmRules() for account in ACCOUNTS}
        self.approved: dict[tuple[ChannelAccount, SenderId], int | None] = {}
        """Until when; what is over stays until it is taken out."""
        self.quiet: dict[tuple[ChannelAccount, SenderId], int] = {}
        """Turned away, until when."""
        self.expected: dict[tuple[ChannelAccount, SenderId], int | None] = {}
        self.invitations: dict[WordDigest, Invitation] = {}
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
        for (place, sender), end in list(self.quiet.items()):
            if place == account and end <= self.now and sender not in state.quiet:
                del self.quiet[place, sender]
        for place, sender in list(self.expected):
            if place == account and not self.is_awaited(account, sender) and sender not in state.expected:
                del self.expected[place, sender]
        for word, one in list(self.invitations.items()):
            if one.account == account and one.until <= self.now and word not in state.invites:
                del self.invitations[word]
        for (place, sender), until in list(self.approved.items()):
            if place == account and until is not None and until <= self.now and sender not in state.allowed:
                del self.approved[place, sender]

    def is_in(self, account: ChannelAccount, sender: SenderId) -> bool:
        """Approved, and not over."""
        until = self.approved.get((account, sender), 0)
        return until is None or self.now < until

    def is_awaited(self, account: ChannelAccount, sender: SenderId) -> bool:
        """Announced, and not too late."""
        until = self.expected.get((account, sender), 0)
        return until is None or self.now < until

    def forget(self, account: ChannelAccount, sender: SenderId) -> None:
        """Whatever he was, he is it no more: something else was decided."""
        self.quiet.pop((account, sender), None)
        self.expected.pop((account, sender), None)

    def randbelow(self, limit: int) -> int:
        """So little chance that codes collide all the time: four codes in all."""
        return self.chance.randrange(4) if self.chance.random() < 0.1 else 0

    def lives(self, request: Request) -> bool:
        return 0 <= self.now - request.created_at < HOUR

    def queue(self, account: ChannelAccount) -> list[Request]:
        """The live requests of those about whom nothing is decided."""
        decided = {sender for place, sender in {*self.approved, *self.blocked} if place == account}
        decided |= {sender for place, sender in self.expected if place == account and self.is_awaited(account, sender)}
        requests = self.read(account).requests.values()
        return [request for request in requests if self.lives(request) and request.sender not in decided]

    # --- strangers ---------------------------------------------------------------------------------------------------

    @rule(target=codes, account=accounts, sender=people)
    def writes(self, account: ChannelAccount, sender: SenderId) -> PairingCode | MultipleResults[PairingCode]:
        decision = gate.decide(self.config[account], self.read(account), sender, now=self.now)
        return self.asks(account, sender) if isinstance(decision, AskApproval) else multiple()

    @rule(target=codes, account=accounts, sender=people)
    def asks(self, account: ChannelAccount, sender: SenderId) -> PairingCode | MultipleResults[PairingCode]:
        """Past the gate; perhaps somebody decided meanwhile."""
        decided = self.is_in(account, sender) or (account, sender) in self.blocked
        before, waiting = self.read(account), {request.sender: request for request in self.queue(account)}
        change = senders.request(before, sender, {}, now=self.now, randbelow=self.randbelow)
        self.save(account, change.state)
        replies = [effect for effect in change.effects if isinstance(effect, SendCode)]
        rest = {request.sender: request for request in self.queue(account) if request.sender != sender}
        assert rest == {key: request for key, request in waiting.items() if key != sender}, "a newcomer evicts nobody"
        if decided:
            assert isinstance(change.answer, AlreadyAllowed | IsBlocked), "who is decided about does not ask"
            assert not change.effects, "who is decided about gets no code"
            assert change.state is before, "what is decided stays as it is"
        elif self.is_awaited(account, sender):
            assert isinstance(change.answer, Welcomed), "who was announced comes in"
            assert not change.effects, "who was announced gets no code"
            self.approved[account, sender] = None
            self.asking.discard((account, sender))
            self.forget(account, sender)
        elif self.now < self.quiet.get((account, sender), self.now):
            assert change.answer == IsQuiet(), "who was turned away gets silence"
            assert not change.effects, "who was turned away gets silence"
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

    @rule(sender=people, word=words, astray=st.sampled_from([False, False, False, True]))
    def writes_a_word(self, sender: SenderId, word: WordDigest, astray: bool) -> None:
        """Past the gate, with any word ever handed on: good, used up, over, or for the other account."""
        one = self.invitations.get(word)
        account = ACCOUNTS[(one is None or one.account == ACCOUNTS[1]) is not astray]
        before = self.read(account)
        change = senders.request(before, sender, {}, now=self.now, randbelow=self.randbelow, word=word)
        decided = self.is_in(account, sender) or (account, sender) in self.blocked or self.is_awaited(account, sender)
        silent = self.now < self.quiet.get((account, sender), self.now)
        mine = one is not None and one.account == account and self.now < one.until
        shut = one is None or not mine or len(one.guests) == one.uses or sender in one.guests | one.put_out
        if one is None or shut or decided or silent:
            assert not isinstance(change.answer, Invited), "a word lets in whom it is for, and each of them once"
            return
        self.save(account, change.state)
        assert isinstance(change.answer, Invited), "who was invited comes in"
        assert not change.effects, "who was invited gets no code"
        one.guests.add(sender)
        self.approved[account, sender] = None if one.lasts is None else self.now + one.lasts
        self.asking.discard((account, sender))
        self.forget(account, sender)

    @rule(sender=people, word=words)
    def comes_back_by_a_word(self, sender: SenderId, word: WordDigest) -> None:
        """Whoever came in by it is thrown out, and writes it again, as chance would seldom have it."""
        self.writes_a_word(sender, word, False)
        for account in ACCOUNTS:
            self.revokes(account, sender)
        self.writes_a_word(sender, word, False)

    @rule(sender=people, word=words, blocked=st.booleans())
    def is_put_out_and_writes_a_word(self, sender: SenderId, word: WordDigest, blocked: bool) -> None:
        """Whoever was let in by other ways, and knows a word from before he was put out."""
        one = self.invitations.get(word)
        account = ACCOUNTS[0] if one is None else one.account
        self.expects(account, sender, None)
        if blocked:
            self.blocks(account, sender)
            self.unblocks(account, sender)
        else:
            self.revokes(account, sender)
        self.writes_a_word(sender, word, False)

    # --- the owner ---------------------------------------------------------------------------------------------------

    @rule(account=accounts, code=codes, lasts=terms)
    def approves(self, account: ChannelAccount, code: PairingCode, lasts: int | None) -> None:
        """By any code ever given out: live, used, expired, or of the other account."""
        before, found = self.read(account), self.find(account, code)
        until = None if lasts is None else self.now + lasts
        change = senders.approve(before, code, now=self.now, by="test", until=until)
        self.save(account, change.state)
        if found is None:
            assert change.answer == NoSuchRequest(), "no approval without a live request"
            assert change.state is before, "a wrong code changes nothing"
            return
        assert change.answer == Approved(found), "the code's own is approved"
        assert found.sender in change.state.allowed, "an approval is never lost"
        assert found.sender not in change.state.requests, "approval moves"
        self.approved[account, found.sender] = until
        self.forget(account, found.sender)
        self.asking.discard((account, found.sender))

    @rule(account=accounts, code=codes, lasts=terms)
    def crashes_in_approval(self, account: ChannelAccount, code: PairingCode, lasts: int | None) -> None:
        """The file that grants is written, the other one is not; what an earlier crash left was put right before."""
        before, found = self.read(account), self.find(account, code)
        until = None if lasts is None else self.now + lasts
        change = senders.approve(before, code, now=self.now, by="test", until=until)
        if change.state is not before:
            self.save(
                account,
                replace(
                    disjoint(before),
                    allowed=change.state.allowed,
                    quiet=change.state.quiet,
                    expected=change.state.expected,
                ),
            )
        if found is not None:
            self.approved[account, found.sender] = until
            self.forget(account, found.sender)
            self.asking.discard((account, found.sender))

    @rule(account=accounts, code=codes)
    def a_loan_that_was_cut_short_ends(self, account: ChannelAccount, code: PairingCode) -> None:
        """While the request beside it would still live."""
        self.crashes_in_approval(account, code, HOUR // 2)
        self.time_passes(HOUR // 2)
        self.sweeps(account)

    @rule(account=accounts, code=codes, lasts=terms)
    def rejects(self, account: ChannelAccount, code: PairingCode, lasts: int | None) -> None:
        before = self.read(account)
        found = next((request for request in self.queue(account) if request.code == code), None)
        until = None if lasts is None else self.now + lasts
        change = senders.reject(before, code, now=self.now, quiet_until=until)
        self.save(account, change.state)
        if found is None:
            assert change.answer == NoSuchRequest(), "no rejection without a live request"
            assert change.state is before, "a wrong code changes nothing"
            return
        assert change.answer == Rejected(found), "the code's own is rejected"
        if until is not None:
            self.quiet[account, found.sender] = until
        self.asking.discard((account, found.sender))

    @rule(account=accounts, sender=people, lasts=terms)
    def expects(self, account: ChannelAccount, sender: SenderId, lasts: int | None) -> None:
        decided = self.is_in(account, sender) or (account, sender) in self.blocked
        before, until = self.read(account), None if lasts is None else self.now + lasts
        change = senders.expect(before, sender, now=self.now, by="test", until=until)
        self.save(account, change.state)
        assert isinstance(change.answer, Announced) is not decided, "who is decided about is not announced"
        assert not decided or change.state is before, "what is decided stays as it is"
        if not decided:
            self.forget(account, sender)
            self.approved.pop((account, sender), None)
            self.asking.discard((account, sender))
            self.expected[account, sender] = until

    @rule(target=words, account=accounts, lasts=terms, uses=st.integers(1, 2), ms=st.sampled_from([HOUR, DAY]))
    def invites(self, account: ChannelAccount, lasts: int | None, uses: int, ms: int) -> WordDigest:
        until = self.now + ms
        change = inviting.invite(
            self.read(account),
            now=self.now,
            by="test",
            until=until,
            randbelow=self.chance.randrange,
            uses=uses,
            lasts_ms=lasts,
        )
        self.save(account, change.state)
        assert isinstance(change.answer, InviteMade)
        self.invitations[change.answer.digest] = Invitation(account, until, uses, lasts)
        return change.answer.digest

    @rule(account=accounts, sender=people)
    def blocks(self, account: ChannelAccount, sender: SenderId) -> None:
        self.save(account, senders.block(self.read(account), sender, now=self.now, by="test").state)
        self.put_out(account, sender)
        self.blocked.add((account, sender))
        self.forget(account, sender)
        self.approved.pop((account, sender), None)
        self.asking.discard((account, sender))

    @rule(account=accounts, sender=people)
    def unblocks(self, account: ChannelAccount, sender: SenderId) -> None:
        self.save(account, senders.unblock(self.read(account), sender).state)
        if (account, sender) in self.blocked:
            self.asking.discard((account, sender))
        self.quiet.pop((account, sender), None)
        self.blocked.discard((account, sender))

    @rule(account=accounts, sender=people)
    def revokes(self, account: ChannelAccount, sender: SenderId) -> None:
        self.save(account, senders.revoke(self.read(account), sender).state)
        if (account, sender) in self.approved or (account, sender) in self.expected:
            self.put_out(account, sender)
            self.forget(account, sender)
            self.asking.discard((account, sender))
        self.approved.pop((account, sender), None)

    def put_out(self, account: ChannelAccount, sender: SenderId) -> None:
        """No word that there is lets him in any more (threats.md D18)."""
        for one in self.invitations.values():
            if one.account == account:
                one.put_out.add(sender)

    @rule(account=accounts)
    def sweeps(self, account: ChannelAccount) -> None:
        """What is over is taken out of the files, and nothing else."""
        before = self.read(account)
        over = {sender for place, sender in self.approved if place == account and not self.is_in(account, sender)}
        change = senders.expire(before, now=self.now)
        self.save(account, change.state)
        assert change.answer == over, "what is over goes"
        assert not over & change.state.allowed.keys(), "what is over goes"
        quiet = [until for (place, _), until in self.quiet.items() if place == account]
        assert all(self.now < until for until in quiet), "what is over goes"
        after = change.state
        if not over and (before.quiet, before.expected, before.invites) == (after.quiet, after.expected, after.invites):
            assert change.state is before, "where nothing is over, nothing is written"

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
        open_ = (request for request in live if (account, request.sender) not in self.blocked)
        return next((request for request in open_ if self.is_open(account, request.sender)), None)

    def is_open(self, account: ChannelAccount, sender: SenderId) -> bool:
        """Neither approved once, so that his code was used and is no more, nor in without one."""
        used = (account, sender) in self.approved and not self.is_in(account, sender)
        return not used and not self.is_awaited(account, sender)

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
            decided = [*state.allowed, *state.blocked, *state.expected]
            assert len(decided) == len(set(decided)), "nobody is at two places"
            assert sorted(waiting) == sorted(request.sender for request in self.queue(account)), "who lives, waits"

    @invariant()
    def decisions_stand(self) -> None:
        for account in ACCOUNTS:
            state = self.read(account)
            assert {(account, sender) for sender in state.allowed} == self.of(account, {*self.approved}), (
                "approvals stand"
            )
            assert {(account, sender) for sender in state.blocked} == self.of(account, self.blocked), "blocks stand"

    @invariant()
    def terms_are_kept(self) -> None:
        for account in ACCOUNTS:
            state = self.read(account)
            for sender in PEOPLE:
                silent = self.now < self.quiet.get((account, sender), self.now)
                awaited = self.is_awaited(account, sender)
                assert state.is_quiet(sender, frozenset(), now=self.now) is silent, "silence lasts as it was said"
                found = state.expects(sender, frozenset(), now=self.now)
                assert (found is not None) is awaited, "who was announced is expected as it was said"

    @invariant()
    def invites_are_used_up_as_people_come_in(self) -> None:
        for account in ACCOUNTS:
            left = {word: one.uses for word, one in self.read(account).invites.items()}
            mine = {word: one for word, one in self.invitations.items() if one.account == account}
            assert left == {word: one.uses - len(one.guests) for word, one in mine.items()}, "no use is lost or made up"

    @invariant()
    def only_who_may_passes_the_gate(self) -> None:
        for account in ACCOUNTS:
            for policy in DmPolicy:
                rules = replace(self.config[account], policy=policy)
                for sender in PEOPLE:
                    self.check_gate(account, rules, sender)

    def check_gate(self, account: ChannelAccount, rules: DmRules, sender: SenderId) -> None:
        decision = gate.decide(rules, self.read(account), sender, now=self.now)
        silenced = rules.policy is DmPolicy.DISABLED or (account, sender) in self.blocked
        granted = rules.policy in (DmPolicy.PAIRING, DmPolicy.OPEN) and self.is_in(account, sender)
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
