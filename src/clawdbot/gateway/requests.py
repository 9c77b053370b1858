"""HTTP requests as the gateway takes them: no routes, no layers between the library and the one who answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from clawdbot.gateway.locality import Upgrade

LOG: Final = "clawdbot.requests"
"""The name of the log of what goes wrong while a request is answered."""

Handler = Callable[[Any], Awaitable[web.StreamResponse]]
"""Answers a :class:`Request`."""


class Request(web.Request):
    """A request whose answer says little."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        """Strangers need not know which version of which library answers them."""
        response.headers.pop("Server", None)
        if not isinstance(response, web.WebSocketResponse):
            response.headers.setdefault("X-Content-Type-Options", "nosniff")


class Upgraded(web.WebSocketResponse):
    """The answer to an upgrade. It waits for the first frame, and they are one write to the socket.

    Nothing depends on that: should a version of the library not know this any more, they are two.
    """

    _send_headers_immediately = False


def _is_defect(record: logging.LogRecord) -> bool:
    """Is it ours? Of what is no request the library tells all at length, tokens in it, too (threats.md S7)."""
    error = record.exc_info[1] if record.exc_info else None
    no_request = isinstance(error, HttpProcessingError | web.RequestPayloadError)
    return record.levelno >= logging.WARNING and not no_request


def server(answer: Handler, *, keep_alive: float) -> web.Server:
    """The library's server without an application: what that adds is paid for by every connection as long as it lasts.

    Args:
        keep_alive: seconds that a connection may idle between requests.
    """
    loop = asyncio.get_running_loop()
    log = logging.getLogger(LOG)
    log.addFilter(_is_defect)

    def made(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> Request:
        return Request(message, payload, protocol, writer, task, loop)

    return web.Server(answer, request_factory=made, access_log=None, logger=log, keepalive_timeout=keep_alive)


def upgrade(request: web.Request, transport: asyncio.Transport) -> Upgrade:
    """Where a request comes from."""
    own = transport.get_extra_info("sockname")
    return Upgrade(
        peer=_without_zone(transport.get_extra_info("peername")[0]),
        own=_without_zone(own[0]),
        port=own[1],
        secure=transport.get_extra_info("sslcontext") is not None,
        headers=tuple([(name.lower(), value) for name, value in request.headers.items()]),
    )


def refusal(status: int, text: str) -> web.Response:
    """Says why, and ends the connection, unless somebody only asked for a page that is not there."""
    response = web.Response(status=status, text=text + "\n")
    if status != 404:
        response.force_close()
    return response


def _without_zone(address: str) -> str:
    return address.partition("%")[0]
