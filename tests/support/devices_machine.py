"""A device and its owner in all orders of events, with the invariants of threats.md M after each.

The machine reaches the rules through their modules, so that a test can put a broken twin in a rule's place.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, invariant, multiple, rule

from clawdbot.domain import admission, devices
from clawdbot.domain.admission import Admitted, NotItsTurn, QueueFull, Waiting
from clawdbot.domain.connect import Peer
from clawdbot.domain.device_records import Device
from clawdbot.domain.devices import Approved, Denied, Rejected, Removed, Revoked, Rotated
from clawdbot.domain.effects import AnnounceDeviceRequest, Change
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import RequestId, Role, Scope
from clawdbot.domain.scopes import OWNER, Caller
from clawdbot.domain.secret import Secret
from clawdbot.errors import CredentialsWrong
from tests.support.devices import AFAR, HERE, Counting, arrival, scopes
from tests.support.devices_model import ADMIN, ALL, ID, KEY, TTL, Ask, DevicesModel, power

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000
TURN = MINUTE
PAGE = Peer("127.0.0.1", local=True, foreign_page=True)

roles = st.sampled_from([Role.OPERATOR, Role.OPERATOR, Role.NODE])
scope_lists = st.sampled_from(
    [(), scopes("read"), scopes("write"), scopes("pairing", "read"), scopes("admin"), scopes("pairing", "admin")]
)
platforms = st.sampled_from(["linux", "linux", "linux", "ios"])
callers = st.sampled_from(["owner", "admin", "own", "own", "other"])


class DevicesMachine(DevicesModel, RuleBasedStateMachine):
    """A device connects, retries and asks for more; its owner and others decide; time passes or jumps."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        DevicesModel.__init__(self)
        RuleBasedStateMachine.__init__(self)
        self.mint = Counting().mint
        self.stored = Device(ID)

    def save(self, change: Change[Device, Any]) -> None:
        """Commit, then perform."""
        self.stored = change.state
        self.perform(change)

    # --- the device connects -----------------------------------------------------------------------------------------

    @rule(
        target=requests,
        role=roles,
        wanted=scope_lists,
        platform=platforms,
        peer=st.sampled_from([AFAR, HERE, HERE, PAGE]),
        by_token=st.sampled_from([False, False, True]),
        room=st.sampled_from([True, True, False]),
        silent=st.sampled_from([True, True, False]),
    )
    def connects(
        self,
        role: Role,
        wanted: tuple[Scope, ...],
        platform: str = "linux",
        peer: Peer = AFAR,
        by_token: bool = False,
        room: bool = True,
        silent: bool = True,
    ) -> RequestId | MultipleResults[RequestId]:
        wanted = wanted if role is Role.OPERATOR else ()
        token = Secret(self.alive[role]) if by_token and role in self.alive else None
        arrived = arrival(KEY, role=role, wanted=wanted, platform=platform, peer=peer, token=token)
        before, approved = self.stored, self.may(role, wanted) and platform == self.platform
        try:
            change = admission.connect(before, arrived, now=self.now, mint=self.mint, room=room, silent_local=silent)
        except CredentialsWrong:
            assert token is not None, "who knows the shared secret is not asked for a token"
            return multiple()
        answer = change.answer
        if isinstance(answer, Admitted):
            if approved:
                self.comes_in(arrived, change, answer)
            else:
                self.comes_in_silently(arrived, answer, silent=silent)
            self.is_in(arrived, change)
            return multiple()
        assert not approved, "who was approved comes in"
        assert change.state.paired is before.paired, "an old approval stays as it is"
        if isinstance(answer, Waiting):
            return self.waits(arrived, change, answer, room=room)
        assert change.state is before, "who is turned away leaves nothing"
        if isinstance(answer, NotItsTurn):
            assert self.comes_first(role), "nobody waits for nothing"
            return multiple()
        assert isinstance(answer, QueueFull), "there are four answers"
        assert not room, "a newcomer finds a free place"
        assert self.live() is None, "who waits keeps its place"
        return multiple()

    def comes_first(self, role: Role) -> bool:
        """Does a request in another role, which was tried again within a minute, wait?"""
        waiting = self.live()
        return (
            waiting is not None and self.asked[waiting].role is not role and self.now - self.asked[waiting].last < TURN
        )

    @rule(target=requests, room=st.booleans())
    def tries_again(self, room: bool) -> RequestId | MultipleResults[RequestId]:
        """As it asked last, from afar."""
        waiting = self.live()
        if waiting is None:
            return multiple()
        ask = self.asked[waiting]
        return self.connects(ask.role, ask.scopes, ask.platform, room=room)

    @rule(target=requests, late=st.booleans())
    def asks_in_the_other_role(self, late: bool) -> RequestId | MultipleResults[RequestId]:
        """While a request waits, right away or when its turn is over."""
        waiting = self.live()
        if waiting is None:
            return multiple()
        self.now += TURN if late else SECOND
        other = Role.NODE if self.asked[waiting].role is Role.OPERATOR else Role.OPERATOR
        return self.connects(role=other, wanted=())

    @rule(ms=st.sampled_from([SECOND - 1, TTL // 2, TTL - 1]))
    def keeps_trying(self, ms: int) -> None:
        """For as long as it takes."""
        for _ in range(3):
            self.now += ms
            self.tries_again(room=False)

    @rule(role=roles, by_token=st.booleans())
    def comes_back(self, role: Role, by_token: bool) -> None:
        """For all that it was given."""
        if role in self.given:
            self.connects(role, self.given[role], self.platform or "linux", by_token=by_token)

    @rule(role=roles, wanted=scope_lists)
    def asks_and_is_let_in(self, role: Role, wanted: tuple[Scope, ...]) -> None:
        self.connects(role, wanted)
        waiting = self.live()
        if waiting is not None:
            self.approves(waiting, "owner")

    def comes_in(self, arrived: VerifiedDevice, change: Change[Device, Any], answer: Admitted) -> None:
        assert not change.effects, "who was approved comes in quietly"
        if answer.token.secret.reveal() != self.alive.get(arrived.role):
            self.renew(arrived.role, answer.token.secret)

    def comes_in_silently(self, arrived: VerifiedDevice, answer: Admitted, *, silent: bool) -> None:
        known, platform = self.platform is not None, str(arrived.about.platform)
        assert silent, "nobody comes in without an approval"
        assert arrived.peer is HERE, "nobody comes in without an approval"
        assert self.live() is None, "nothing is silent while the owner is asked"
        assert arrived.role not in self.taken, "what was taken does not come back silently"
        assert not known or ADMIN not in arrived.scopes, "no device becomes an admin silently"
        assert not known or platform == self.platform, "no platform changes silently"
        self.give(arrived.role, arrived.scopes, platform, answer.token.secret)

    def is_in(self, arrived: VerifiedDevice, change: Change[Device, Any]) -> None:
        for ask in self.asked.values():
            ask.open = self.lives(ask)
        self.save(change)
        self.last_session = Caller(ID, arrived.role, arrived.scopes)
        self.sessions.add(self.last_session)

    def waits(
        self, arrived: VerifiedDevice, change: Change[Device, Any], answer: Waiting, *, room: bool
    ) -> RequestId | MultipleResults[RequestId]:
        waiting, request = self.live(), answer.request
        self.save(change)
        if waiting is not None and self.asked[waiting].same(arrived):
            assert request.id == waiting, "a retry keeps its request"
            assert not change.effects, "a retry is not announced"
            ask = self.asked[waiting]
            ask.last = self.now if self.now - ask.last >= SECOND else ask.last
            return multiple()
        assert not self.comes_first(arrived.role), "one role after the other"
        assert room or waiting is not None, "no more wait than may"
        assert request.id not in self.asked, "what is asked anew has a new id"
        assert change.effects == (AnnounceDeviceRequest(ID, request, waiting),), "what is asked is announced once"
        for ask in self.asked.values():
            ask.open = False
        self.asked[request.id] = Ask(request.role, request.scopes, str(request.about.platform), self.now)
        return request.id

    # --- somebody decides --------------------------------------------------------------------------------------------

    @rule(id=requests, kind=callers)
    def approves(self, id: RequestId, kind: str) -> None:
        """By any id ever given out: live, decided, superseded or expired."""
        ask, caller, before = self.asked[id], self.caller(kind), self.stored
        may = self.may_manage(caller) and self.may_grant(caller, ask.role, ask.scopes)
        change = devices.approve(before, id, caller=caller, now=self.now, mint=self.mint)
        if isinstance(change.answer, Denied):
            assert not (may and self.lives(ask)), "who may approve can"
            assert change.state is before, "a refusal changes nothing"
            return
        assert isinstance(change.answer, Approved), "there are two answers"
        assert self.lives(ask), "no approval without a live request"
        assert self.may_manage(caller), "nobody decides about others without admin, nor with what it lost"
        assert self.may_grant(caller, ask.role, ask.scopes), "a caller grants only what it holds"
        got = change.answer.request
        seen = (ask.role, ask.scopes, ask.platform)
        assert (got.role, got.scopes, got.about.platform) == seen, "what the owner saw is what is approved"
        ask.open = False
        self.give(ask.role, ask.scopes, ask.platform, change.answer.paired.tokens[ask.role].secret)
        self.save(change)

    @rule(id=requests, kind=callers)
    def rejects(self, id: RequestId, kind: str) -> None:
        ask, caller = self.asked[id], self.caller(kind)
        may = self.lives(ask) and self.may_manage(caller)
        change = devices.reject(self.stored, id, caller=caller, now=self.now)
        assert isinstance(change.answer, Rejected) is may, "who may reject can, and nobody else"
        ask.open = ask.open and not may
        self.save(change)

    @rule(role=roles, kind=callers, wanted=st.none() | scope_lists)
    def rotates(self, role: Role, kind: str, wanted: tuple[Scope, ...] | None) -> None:
        caller, before = self.caller(kind), self.stored
        change = devices.rotate(before, role, wanted, caller=caller, now=self.now, mint=self.mint)
        if not isinstance(change.answer, Rotated):
            assert change.state is before, "a refusal changes nothing"
            return
        assert role in self.given, "only what was given is rotated"
        assert self.may_manage(caller), "nobody decides about others without admin, nor with what it lost"
        assert self.may_grant(caller, role, change.answer.scopes), "a caller grants only what it holds"
        assert (change.answer.secret is None) is (caller.device != ID), "a token is shown to its device alone"
        assert change.state.paired is not None, "a rotation forgets nobody"
        self.renew(role, change.state.paired.tokens[role].secret)
        if wanted is not None and role is Role.OPERATOR:
            assert power(wanted) <= power(self.given[role]), "a rotation widens nothing"
            self.given[role] = wanted
        self.save(change)

    @rule(role=roles, kind=callers)
    def revokes(self, role: Role, kind: str) -> None:
        caller = self.caller(kind)
        may = self.may_manage(caller) and role in self.taken | self.given.keys()
        change = devices.revoke(self.stored, role, caller=caller, now=self.now, mint=self.mint)
        assert isinstance(change.answer, Revoked) is may, "who may revoke can, and nobody else"
        if may:
            self.given.pop(role, None)
            self.taken.add(role)
            self.bury(role)
        self.save(change)

    @rule(kind=callers)
    def removes(self, kind: str) -> None:
        caller = self.caller(kind)
        may = self.may_manage(caller) and self.platform is not None
        change = devices.remove(self.stored, caller=caller, now=self.now)
        assert isinstance(change.answer, Removed) is may, "who may remove can, and nobody else"
        if may:
            self.given, self.taken, self.platform = {}, set(), None
            for role in Role:
                self.bury(role)
            for ask in self.asked.values():
                ask.open = False
        self.save(change)

    # --- the world ---------------------------------------------------------------------------------------------------

    @rule()
    def is_swept(self) -> None:
        for ask in self.asked.values():
            ask.open = self.lives(ask)
        self.save(devices.expire(self.stored, now=self.now))

    @rule(ms=st.sampled_from([1, SECOND - 1, SECOND, TTL // 2, TTL - 1, TTL, TTL + 1]))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @rule(ms=st.sampled_from([-DAY, -MINUTE, -1, DAY]))
    def the_clock_jumps(self, ms: int) -> None:
        self.now += ms

    # --- what always holds -------------------------------------------------------------------------------------------

    @invariant()
    def one_request_waits_at_most(self) -> None:
        """Of all ids ever given out, the owner could approve the live one, and no other."""
        for id in self.asked:
            tried = devices.approve(self.stored, id, caller=OWNER, now=self.now, mint=self.mint)
            assert isinstance(tried.answer, Approved) is (id == self.live()), "one live request a device"

    @invariant()
    def the_record_says_what_was_decided(self) -> None:
        for role in Role:
            for scope in ALL:
                may = self.stored.paired is not None and self.stored.paired.may(role, (scope,))
                assert may is self.may(role, (scope,)), "a device may do what it was approved for"

    @invariant()
    def tokens_stay_within_what_was_approved(self) -> None:
        for role, token in self.stored.paired.tokens.items() if self.stored.paired else ():
            approved = power(self.given.get(role, ()))
            assert token.is_revoked or power(token.scopes) <= approved, "no token beyond approval"

    @invariant()
    def only_live_tokens_open(self) -> None:
        for role, secret in self.alive.items():
            assert self.opens(role, secret), "a live token opens"
        for secret, role in self.dead.items():
            assert not self.opens(role, secret), "a dead token opens nothing"

    def opens(self, role: Role, secret: str) -> bool:
        arrived = arrival(KEY, role=role, platform=self.platform or "linux", token=Secret(secret))
        try:
            change = admission.connect(self.stored, arrived, now=self.now, mint=self.mint, room=True)
        except CredentialsWrong:
            return False
        return isinstance(change.answer, Admitted)

    @invariant()
    def no_session_outlives_its_approval(self) -> None:
        for open_one in self.sessions:
            assert self.may(open_one.role, open_one.scopes), "no session outlives its approval"
