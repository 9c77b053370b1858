"""``dm.pair.invite``, ``uninvite``, ``link`` and ``unlink``: what operators say beforehand about people, from afar.

Whoever may approve may invite: the scope is the same. The word is in the answer to ``dm.pair.invite`` and nowhere else
(threats.md S7).
"""

from typing import Final, assert_never

from clawdbot.domain import facts, invites
from clawdbot.domain.effects import SenderDecision
from clawdbot.domain.invites import InviteWord
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
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
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs import meant
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire import sender_views
from clawdbot.wire.frames import Error
from clawdbot.wire.sender_params import DmPairInvite, DmPairLink, DmPairUninvite, DmPairUnlink

DAY_MS: Final = 24 * 60 * 60 * 1000
"""An invite is good for so long, if nobody says how long."""


async def invite(house: House, session: Session, params: DmPairInvite) -> object:
    """Make a word that lets in who writes it to the bot."""
    where = await meant.account(house, params.channel, params.account)
    if isinstance(where, Error):
        return where
    try:
        answer = await house.senders.invite(
            where,
            within_ms=params.for_ms or DAY_MS,
            uses=1 if params.uses is None else params.uses,
            lasts_ms=params.lasting_ms,
            label=params.label or "",
            by=facts.by_device(session.device),
        )
    except ValueError as error:
        return invalid(f"that is no invite: {error}")
    match answer:
        case InviteMade(word, digest, made):
            shown = {"word": word.grouped(), "invite": sender_views.invite(where, digest, made)}
            link = _link(house, where, word)
            return {**shown, "link": link} if link else shown
        case TooManyInvites():
            return invalid("too many invites are good already")
        case _:
            assert_never(answer)


def _link(house: House, where: ChannelAccount, word: InviteWord) -> str | None:
    """A deep link with the word in it, where the platform has such and it is known how the bot is called."""
    report = house.reports.accounts().get(where)
    return invites.link(word, report.bot) if where.channel is Channel.TELEGRAM and report and report.bot else None


async def uninvite(house: House, session: Session, params: DmPairUninvite) -> object:
    """Void an invite; who came in by it stays."""
    where = await meant.account(house, params.channel, params.account)
    if isinstance(where, Error):
        return where
    answer = await house.senders.uninvite(where, params.id, by=facts.by_device(session.device))
    match answer:
        case InviteVoided(short):
            return {"channel": where.channel, "account": where.account, "id": short}
        case NoSuchInvite():
            return invalid("unknown invite")
        case _:
            assert_never(answer)


async def link(house: House, session: Session, params: DmPairLink) -> object:
    """Say that two ids are one person; what was decided about one of them is, from now on, about both."""
    both = await _both(house, params)
    if isinstance(both, Error):
        return both
    where, sender, other = both
    answer = await house.senders.link(where, sender, other, by=facts.by_device(session.device))
    match answer:
        case Linked(ids, blocked, expected):
            for decision, whom in ((SenderDecision.BLOCKED, blocked), (SenderDecision.EXPECTED, expected)):
                for one in sorted(whom):
                    house.announcer.sender_resolved(where, one, decision, house.now())
            return {"channel": where.channel, "account": where.account, "ids": sorted(ids)}
        case SamePerson():
            return invalid("both ids are one person's already")
        case _:
            assert_never(answer)


async def unlink(house: House, session: Session, params: DmPairUnlink) -> object:
    """Let the other id be a person by itself again."""
    both = await _both(house, params)
    if isinstance(both, Error):
        return both
    where, sender, other = both
    answer = await house.senders.unlink(where, sender, other, by=facts.by_device(session.device))
    match answer:
        case Parted(gone):
            return {"channel": where.channel, "account": where.account, "id": gone}
        case NotLinked():
            return invalid("those ids are not linked")
        case _:
            assert_never(answer)


async def _both(house: House, params: DmPairLink | DmPairUnlink) -> tuple[ChannelAccount, SenderId, SenderId] | Error:
    named = await meant.sender(house, params)
    if isinstance(named, Error):
        return named
    where, sender = named
    other = meant.id_on(where.channel, params.other)
    return other if isinstance(other, Error) else (where, sender, other)
