"""``history.list``: what the history says, as far as the caller may know it.

It names people, as ``dm.pair.list`` does, and so needs the same scope. Of devices, nodes and the history itself it
tells as the lists of devices do: all to an admin, to others what is about their own device (threats.md G6, G16). There
are no codes, tokens or texts in it to begin with (threats.md S7).
"""

from typing import Final

from clawdbot.domain import scopes
from clawdbot.domain.facts import Fact, Of, Subject
from clawdbot.domain.names import DeviceId
from clawdbot.domain.scopes import Caller
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs import meant
from clawdbot.gateway.verbs.base import House
from clawdbot.history.entry import Entry
from clawdbot.wire.frames import Error
from clawdbot.wire.params import HistoryList

USUAL: Final = 50
"""Entries on a page, if nobody says how many."""


async def list_(house: House, session: Session, params: HistoryList) -> object:
    """A page of it, newest first; ``older`` is what to ask for next as ``before``, while there is more."""
    is_meant = meant.among(params.channel, params.account)
    if isinstance(is_meant, Error):
        return is_meant
    kinds = None if params.kinds is None else frozenset(params.kinds)

    def fits(fact: Fact) -> bool:
        return (
            is_meant(fact.about.account)
            and params.of in (None, fact.about.of)
            and params.id in (None, fact.about.id)
            and (kinds is None or fact.kind in kinds)
            and _may_know(session.caller, fact.about)
        )

    page = await house.past.page(session.device, fits, before=params.before, limit=params.limit or USUAL)
    older = {} if page.older is None else {"older": page.older}
    return {"entries": [_shown(entry) for entry in page.entries], **older}


def _may_know(caller: Caller, about: Subject) -> bool:
    match about.of:
        case Of.SENDER:
            return True
        case Of.DEVICE:
            return scopes.may_manage(caller, DeviceId(about.id))
        case Of.NODE | Of.HISTORY:
            return scopes.may_manage_all(caller)


def _shown(entry: Entry) -> object:
    """Without what binds it to its neighbours: a page proves nothing (``clawdbot history --verify`` does)."""
    return {name: value for name, value in entry.as_json().items() if name not in ("prev", "hash")}
