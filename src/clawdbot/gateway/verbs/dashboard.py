"""``dashboard.link``: the owner's terminal makes a link by which one browser is paired."""

import logging

from clawdbot.domain import scopes
from clawdbot.domain.names import Role
from clawdbot.domain.texts import visible
from clawdbot.gateway.pairing_words import Carrier
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire.params import DashboardLink

log = logging.getLogger("clawdbot")


async def link(house: House, session: Session, params: DashboardLink) -> object:
    """A link for scopes that the caller holds itself (threats.md G6); its word is in this answer and nowhere else."""
    if not house.settings().dashboard:
        return invalid("the dashboard is switched off")
    if not scopes.may_grant(session.caller, Role.OPERATOR, params.scopes):
        return invalid("a link gives no scopes beyond your own")
    word, made = house.words.make(Carrier.LINK, Role.OPERATOR, params.scopes, session.caller)
    log.info("device %s made a link for a browser", visible(session.device))
    return {"word": word.reveal(), "scopes": made.scopes, "expiresAtMs": made.expires_at}
