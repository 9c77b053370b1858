"""What is known of the senders of one channel account: who is in, who waits, who is blocked, who is to be quiet.

What becomes of it is decided in :mod:`clawdbot.domain.senders`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clawdbot.domain import links, persons
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.invites import Invite, WordDigest
from clawdbot.domain.links import Link
from clawdbot.domain.names import Instant, SenderId

find = persons.find

TTL_MS = 60 * 60 * 1000
"""A request is dead at this age (threats.md D11)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A sender who waits for the owner's decision."""

    sender: SenderId
    code: PairingCode
    created_at: Instant
    last_seen: Instant
    meta: Mapping[str, str] = field(default_factory=dict)
    aliases: frozenset[SenderId] = frozenset()

    def is_live(self, now: Instant) -> bool:
        """Not yet expired; a request from the future counts as expired (threats.md D11, S6)."""
        return 0 <= now - self.created_at < TTL_MS


@dataclass(frozen=True, slots=True)
class Approval:
    """A sender who is in. ``entry`` is how the allowlist file spells him; the rest is unknown for foreign entries.

    ``aliases`` are the other ids that the platform tied to him when he asked (threats.md D7). At ``until`` it is over,
    and he is a stranger again.
    """

    entry: str
    approved_at: Instant | None = None
    by: str | None = None
    aliases: frozenset[SenderId] = frozenset()
    until: Instant | None = None

    def holds(self, now: Instant) -> bool:
        """Not over yet."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Block:
    """A sender who gets silence."""

    blocked_at: Instant
    by: str | None = None
    aliases: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class Quiet:
    """A sender who was turned away for a time: until then he gets silence instead of another code."""

    until: Instant
    aliases: frozenset[SenderId] = frozenset()


@dataclass(frozen=True, slots=True)
class Expected:
    """A person whom the owner announced beforehand: in with his first message, unless it comes too late."""

    at: Instant | None = None
    by: str | None = None
    until: Instant | None = None

    aliases: frozenset[SenderId] = frozenset()
    """None: nobody tied other ids to him yet."""

    def holds(self, now: Instant) -> bool:
        """Not too late."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Senders:
    """One channel account's senders. Mappings are never changed in place."""

    requests: Mapping[SenderId, Request] = field(default_factory=dict)
    allowed: Mapping[SenderId, Approval] = field(default_factory=dict)
    blocked: Mapping[SenderId, Block] = field(default_factory=dict)
    full_at: Instant | None = None
    """When a stranger was last turned away because the queue was full; ``None`` if never."""
    quiet: Mapping[SenderId, Quiet] = field(default_factory=dict)
    expected: Mapping[SenderId, Expected] = field(default_factory=dict)
    labels: Mapping[SenderId, str] = field(default_factory=dict)
    """What the owner calls people, for show only: it decides nothing."""
    invites: Mapping[WordDigest, Invite] = field(default_factory=dict)
    links: Mapping[SenderId, Link] = field(default_factory=dict)

    def is_allowed(self, sender: SenderId, aliases: frozenset[SenderId] = frozenset(), *, now: Instant) -> bool:
        """Whether a person with these ids was approved, and the approval is not over."""
        key = find(self.allowed, sender, aliases)
        if key is None or self.allowed[key].holds(now):
            return key is not None
        return find(self.current(now).allowed, sender, aliases) is not None

    def is_blocked(self, sender: SenderId, aliases: frozenset[SenderId] = frozenset()) -> bool:
        """Whether a person with these ids is blocked. A blocked number is blocked, whoever has it now."""
        if not self.blocked:
            return False
        return any(each in self.blocked for each in (sender, *aliases)) or bool(find(self.blocked, sender, aliases))

    def is_quiet(self, sender: SenderId, aliases: frozenset[SenderId] = frozenset(), *, now: Instant) -> bool:
        """Whether a person with these ids was turned away for a time that is not over."""
        key = find(self.quiet, sender, aliases) if self.quiet else None
        return key is not None and now < self.quiet[key].until

    def expects(self, sender: SenderId, aliases: frozenset[SenderId] = frozenset(), *, now: Instant) -> SenderId | None:
        """Under which id a person with these ids was announced, if he is not too late."""
        key = find(self.expected, sender, aliases) if self.expected else None
        return key if key is not None and self.expected[key].holds(now) else None

    def linked(self, ids: frozenset[SenderId]) -> frozenset[SenderId]:
        """The other ids of whoever has these, as the owner linked them: what is decided about one holds for all."""
        return links.others(self.links, ids)

    def ids_of(self, sender: SenderId) -> frozenset[SenderId]:
        """All ids that platforms tied to a sender, as far as they are known."""
        places = (self.allowed, self.requests, self.quiet, self.blocked)
        tied = [{key, *people[key].aliases} for people in places for key in persons.entries(people, sender)]
        return frozenset({sender}.union(*tied))

    def others_of(self, sender: SenderId) -> list[SenderId]:
        """His other ids by the owner's word, whoever they are now; in an order."""
        return sorted(self.linked(self.ids_of(sender))) if self.links else []

    def stands_as(self, sender: SenderId) -> SenderId:
        """Under which id it is decided about a sender; the one that was said, if it is not."""
        places = (self.allowed, self.requests, self.blocked)
        return next((key for place in places if (key := find(place, sender)) is not None), sender)

    def without(self, sender: SenderId) -> "Senders":
        """Without what let a sender in or was to, so that no code of his that was used or passed over works again."""
        allowed, waiting = persons.entries(self.allowed, sender), persons.entries(self.requests, sender)
        quiet, expected = persons.entries(self.quiet, sender), persons.entries(self.expected, sender)
        if not (allowed or waiting or quiet or expected):
            return self
        return replace(
            self,
            requests=persons.but(self.requests, *waiting),
            allowed=persons.but(self.allowed, *allowed),
            quiet=persons.but(self.quiet, *quiet),
            expected=persons.but(self.expected, *expected),
        )

    def current(self, now: Instant) -> "Senders":
        """Without what is over; the same object if nothing is.

        A request that a crash left beside an approval that is over goes with it: its code was used (threats.md D11).
        """
        over = {sender for sender, approval in self.allowed.items() if not approval.holds(now)}
        talk = {sender for sender, quiet in self.quiet.items() if quiet.until <= now}
        late = {sender for sender, expected in self.expected.items() if not expected.holds(now)}
        ended = {digest for digest, invite in self.invites.items() if not invite.holds(now)}
        if not over and not talk and not late and not ended:
            return self
        return replace(
            self,
            requests={sender: request for sender, request in self.requests.items() if sender not in over},
            allowed={sender: approval for sender, approval in self.allowed.items() if sender not in over},
            quiet={sender: quiet for sender, quiet in self.quiet.items() if sender not in talk},
            expected={sender: expected for sender, expected in self.expected.items() if sender not in late},
            invites={digest: invite for digest, invite in self.invites.items() if digest not in ended},
        )

    def ended(self, later: "Senders", now: Instant) -> frozenset[SenderId]:
        """Whose approval was over, and is gone with a change, whatever else that was about."""
        if later.allowed is self.allowed:
            return frozenset()
        gone = (sender for sender in self.allowed if sender not in later.allowed)
        return frozenset(sender for sender in gone if not self.allowed[sender].holds(now))

    def waiting(self, now: Instant) -> list[Request]:
        """The live requests that need a decision, oldest first.

        A request beside an approval is left by a crash between the two files, one beside a block or an announcement is
        written by programs that know neither: none of them waits or takes a slot.
        """
        waiting = (
            request
            for request in self.requests.values()
            if request.is_live(now)
            and request.sender not in self.allowed
            and request.sender not in self.blocked
            and self.expects(request.sender, now=now) is None
        )
        return sorted(waiting, key=lambda request: (request.created_at, request.sender))

    def find(self, code: PairingCode, now: Instant) -> Request | None:
        """The waiting request that a code belongs to."""
        return next((request for request in self.waiting(now) if request.code == code), None)
