"""People as operators see them in ``dm.pair.list``: the one place where codes are shown (threats.md S7)."""

from collections.abc import Callable, Iterable, Mapping

from clawdbot.domain.held import Slip
from clawdbot.domain.instants import iso
from clawdbot.domain.invites import Invite, WordDigest, short
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, Instant, SenderId
from clawdbot.domain.sender_records import TTL_MS, Senders
from clawdbot.wire.views import View


class WaitingView(View, frozen=True, kw_only=True):
    """Somebody who waits."""

    channel: Channel
    account: AccountId
    id: SenderId
    code: str
    created_at: str
    last_seen_at: str
    expires_at: str
    meta: Mapping[str, str]
    label: str | None = None
    held: bool = False
    """What he asked with is kept until it is decided about him; nothing of what it says."""
    linked: tuple[SenderId, ...] = ()


class PersonView(View, frozen=True, kw_only=True):
    """Somebody about whom it is decided; when, by whom and until when, as far as that is known."""

    channel: Channel
    account: AccountId
    id: SenderId
    approved_at: str | None = None
    blocked_at: str | None = None
    expected_at: str | None = None
    until: str | None = None
    label: str | None = None
    by: str | None = None
    linked: tuple[SenderId, ...] = ()
    """His other ids, as the owner linked them."""


class InviteView(View, frozen=True, kw_only=True):
    """An invite, without its word, which is not kept."""

    channel: Channel
    account: AccountId
    id: str
    uses_left: int
    until: str
    made_at: str | None = None
    by: str | None = None
    label: str | None = None
    lasting_ms: int | None = None


class SendersView(View, frozen=True, kw_only=True):
    """What ``dm.pair.list`` answers."""

    pending: tuple[WaitingView, ...]
    allowed: tuple[PersonView, ...]
    blocked: tuple[PersonView, ...]
    expected: tuple[PersonView, ...]
    quiet: tuple[PersonView, ...]
    invites: tuple[InviteView, ...]


def people(
    accounts: Iterable[tuple[ChannelAccount, Senders]], *, now: Instant, holds: Callable[[Slip], bool]
) -> SendersView:
    """Who waits, who is in by pairing, who is blocked, expected, or turned away for a time that is not over.

    Args:
        holds: says whether the message is held that a request was opened with.
    """
    each = [_Account(where, known, now, holds) for where, known in accounts]
    return SendersView(
        pending=tuple(one for account in each for one in account.pending()),
        allowed=tuple(one for account in each for one in account.allowed()),
        blocked=tuple(one for account in each for one in account.blocked()),
        expected=tuple(one for account in each for one in account.expected()),
        quiet=tuple(one for account in each for one in account.quiet()),
        invites=tuple(one for account in each for one in account.invites()),
    )


def invite(where: ChannelAccount, digest: WordDigest, made: Invite) -> InviteView:
    """An invite by the short name that leads nobody to its word."""
    return InviteView(
        channel=where.channel,
        account=where.account,
        id=short(digest),
        uses_left=made.uses,
        until=iso(made.until),
        made_at=_spelled(made.at),
        by=made.by,
        label=made.label or None,
        lasting_ms=made.lasts_ms,
    )


class _Account:
    """The people of one channel account."""

    def __init__(self, where: ChannelAccount, known: Senders, now: Instant, holds: Callable[[Slip], bool]) -> None:
        self._where = where
        self._known = known
        self._now = now
        self._holds = holds

    def pending(self) -> Iterable[WaitingView]:
        for request in self._known.waiting(self._now):
            yield WaitingView(
                channel=self._where.channel,
                account=self._where.account,
                id=request.sender,
                code=request.code.reveal(),
                created_at=iso(request.created_at),
                last_seen_at=iso(request.last_seen),
                expires_at=iso(request.created_at + TTL_MS),
                meta=dict(request.meta),
                label=self._known.labels.get(request.sender),
                held=self._holds(Slip(self._where, request.sender, request.created_at)),
                linked=self._linked(request.sender, request.aliases),
            )

    def allowed(self) -> Iterable[PersonView]:
        for sender, approval in self._known.allowed.items():
            yield self._person(
                sender, approval.aliases, approved=approval.approved_at, until=approval.until, by=approval.by
            )

    def blocked(self) -> Iterable[PersonView]:
        for sender, block in self._known.blocked.items():
            yield self._person(sender, block.aliases, blocked=block.blocked_at, by=block.by)

    def expected(self) -> Iterable[PersonView]:
        for sender, expected in self._known.expected.items():
            if expected.holds(self._now):
                yield self._person(sender, expected.aliases, expected=expected.at, until=expected.until, by=expected.by)

    def quiet(self) -> Iterable[PersonView]:
        for sender, quiet in self._known.quiet.items():
            if self._now < quiet.until:
                yield self._person(sender, quiet.aliases, until=quiet.until)

    def invites(self) -> Iterable[InviteView]:
        for digest, one in self._known.invites.items():
            if one.holds(self._now):
                yield invite(self._where, digest, one)

    def _person(
        self,
        sender: SenderId,
        aliases: frozenset[SenderId],
        *,
        approved: Instant | None = None,
        blocked: Instant | None = None,
        expected: Instant | None = None,
        until: Instant | None = None,
        by: str | None = None,
    ) -> PersonView:
        return PersonView(
            channel=self._where.channel,
            account=self._where.account,
            id=sender,
            approved_at=_spelled(approved),
            blocked_at=_spelled(blocked),
            expected_at=_spelled(expected),
            until=_spelled(until),
            label=self._known.labels.get(sender),
            by=by,
            linked=self._linked(sender, aliases),
        )

    def _linked(self, sender: SenderId, aliases: frozenset[SenderId]) -> tuple[SenderId, ...]:
        return tuple(sorted(self._known.linked(aliases | {sender})))


def _spelled(instant: Instant | None) -> str | None:
    return None if instant is None else iso(instant)
