"""``/metrics``: for programs of this machine, and for who knows the gateway's secret; nobody else learns a number.

That is found out before anything else. Wrong secrets count as those of clients do (threats.md G11): ten within a
minute, and the address is locked out of both for five.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from clawdbot.domain.secret import Secret
from clawdbot.gateway.conversation import Visitor
from clawdbot.gateway.desk import Desk, monotonic
from clawdbot.gateway.gauges import gauges
from clawdbot.gateway.metrics import CONTENT_TYPE, exposition
from clawdbot.gateway.reports import Channels
from clawdbot.gateway.settings import GatewaySettings

PATH: Final = "/metrics"

NOT_FOR_YOU: Final = "metrics are for this machine, or for a bearer of the gateway's secret\n"
TOO_MANY: Final = "too many failed attempts\n"

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


class Scrape:
    """Answers who asks for the numbers.

    Args:
        settings: the gateway's settings as they are now.
    """

    def __init__(self, desk: Desk, channels: Channels, settings: Callable[[], GatewaySettings]) -> None:
        self._desk = desk
        self._channels = channels
        self._settings = settings

    async def page(self, request: web.Request, visitor: Visitor) -> web.Response:
        """The numbers, or why not."""
        refusal = self._refusal(visitor, request.headers.getall("Authorization", []))
        if refusal is not None:
            refusal.force_close()
            return refusal
        families = [*self._desk.meters, *await gauges(self._desk, self._channels)]
        headers = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return web.Response(body=exposition(families).encode(), headers=headers)

    def _refusal(self, visitor: Visitor, authorization: Sequence[str]) -> web.Response | None:
        """Why not, if so. A program of this machine is not asked, so that it cannot find out the secret here."""
        if visitor.slowed:
            return None
        now = monotonic()
        locked_for = self._desk.failed.locked_for(visitor.key, now)
        if locked_for:
            retry = {"Retry-After": str(-(-locked_for // 1000))}
            return web.Response(status=429, text=TOO_MANY, headers=retry)
        given = _bearer(authorization)
        secret = self._settings().auth.secret
        if secret and given and given == secret:
            return None
        if given:
            self._desk.failed.failed(visitor.key, now)
        return web.Response(status=401, text=NOT_FOR_YOU, headers={"WWW-Authenticate": "Bearer"})


def _bearer(authorization: Sequence[str]) -> Secret | None:
    """What is presented; nothing if it is said twice, or in another way."""
    match authorization:
        case [alone]:
            found = _BEARER.fullmatch(alone)
            return Secret(found[1]) if found else None
        case _:
            return None
