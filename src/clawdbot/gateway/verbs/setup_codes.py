"""``device.pair.code``: the owner's program makes the word of a setup code, by which one device is paired."""

import logging

from clawdbot.domain import scopes
from clawdbot.domain.names import Role
from clawdbot.domain.texts import visible
from clawdbot.gateway.pairing_words import Carrier
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire.setup_params import DevicePairCode

log = logging.getLogger("clawdbot")


async def make(house: House, session: Session, params: DevicePairCode) -> object:
    """A word for what the caller may give away (threats.md G6); it is in this answer and nowhere else."""
    role = Role(params.role)
    if role is Role.NODE and params.scopes:
        return invalid("a node holds no scopes")
    if not scopes.may_grant(session.caller, role, params.scopes):
        return invalid("a setup code gives no scopes beyond your own")
    word, made = house.words.make(Carrier.CODE, role, params.scopes, session.caller)
    log.info("device %s made a setup code for one %s", visible(session.device), role)
    return {"word": word.reveal(), "role": role, "scopes": made.scopes, "expiresAtMs": made.expires_at}
