"""The verbs about people who do not stand in the queue: whom a word lets in, and who is one person under several ids.

With :mod:`clawdbot.service` a join of decide, store and effects; in the same order.
"""

import secrets
from collections.abc import Callable
from functools import partial

from clawdbot.domain import facts, invites, inviting, linking
from clawdbot.domain.effects import Change
from clawdbot.domain.facts import TERMINAL, Fact, Kind, Of, Record, Subject, keep_nothing
from clawdbot.domain.names import ChannelAccount, SenderId
from clawdbot.domain.sender_answers import (
    InviteMade,
    InviteVoided,
    Linked,
    NoSuchInvite,
    NotLinked,
    Parted,
    SamePerson,
    TooManyInvites,
)
from clawdbot.domain.sender_records import Senders
from clawdbot.service import Clock, Service, wall_clock
from clawdbot.store.base import Store


class PersonsService(Service):
    """What an owner says beforehand about people. Raises as :class:`~clawdbot.service.Service`."""

    def __init__(
        self,
        store: Store,
        *,
        now: Clock = wall_clock,
        randbelow: Callable[[int], int] = secrets.randbelow,
        record: Record = keep_nothing,
    ) -> None:
        super().__init__(store, now=now, record=record)
        self._randbelow = randbelow

    async def invite(
        self,
        account: ChannelAccount,
        *,
        within_ms: int,
        uses: int = 1,
        lasts_ms: int | None = None,
        label: str = "",
        by: str = TERMINAL,
    ) -> InviteMade | TooManyInvites:
        """Make a word that lets in who writes it. When this returns it is good; the answer alone holds it.

        Raises:
            ValueError: as :func:`clawdbot.domain.inviting.invite`.
        """

        def decide(known: Senders) -> Change[Senders, InviteMade | TooManyInvites]:
            now = self._now()
            return inviting.invite(
                known,
                now=now,
                by=by,
                until=now + within_ms,
                randbelow=self._randbelow,
                uses=uses,
                lasts_ms=lasts_ms,
                label=label,
            )

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, InviteMade):
            self._note_invite(Kind.INVITED, account, invites.short(answer.digest), by)
        return answer

    async def uninvite(self, account: ChannelAccount, short: str, *, by: str = TERMINAL) -> InviteVoided | NoSuchInvite:
        """Void an invite; effective with the next message. Who came in by it stays."""
        answer = (await self._commit(account, partial(inviting.uninvite, short=short))).answer
        if isinstance(answer, InviteVoided):
            self._note_invite(Kind.UNINVITED, account, answer.short, by)
        return answer

    async def link(
        self, account: ChannelAccount, sender: SenderId, other: SenderId, *, by: str = TERMINAL
    ) -> Linked | SamePerson:
        """Say that two ids are one person: decided about together from now on, and alike at once."""

        def decide(known: Senders) -> Change[Senders, Linked | SamePerson]:
            return linking.link(known, sender, other, now=self._now(), by=by)

        answer = (await self._commit(account, decide)).answer
        if isinstance(answer, Linked):
            told = ((Kind.LINKED, answer.ids), (Kind.BLOCKED, answer.blocked), (Kind.EXPECTED, answer.expected))
            for kind, ids in told:
                for one in sorted(ids):
                    self._note(kind, account, one, by)
        return answer

    async def unlink(
        self, account: ChannelAccount, sender: SenderId, other: SenderId, *, by: str = TERMINAL
    ) -> Parted | NotLinked:
        """Let the other id be a person by itself again (:func:`clawdbot.domain.linking.unlink`)."""
        answer = (await self._commit(account, partial(linking.unlink, one=sender, other=other))).answer
        if isinstance(answer, Parted):
            self._note(Kind.UNLINKED, account, answer.sender, by)
        return answer

    def _note_invite(self, kind: Kind, account: ChannelAccount, short: str, by: str) -> None:
        about = Subject(Of.SENDER, invites.named(short), account)
        self._record(Fact(self._now(), kind, facts.surface_of(by), about, by=by))
