"""Sockets to listen on."""

import errno
import logging
import socket
from collections.abc import Sequence
from typing import Final

from clawdbot.errors import Refused

log = logging.getLogger("clawdbot")

TRIES: Final = 10
"""For a port that the system chooses, which may be taken on another address."""

_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""This machine has no IPv6, or not that address."""


def listen(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Bind to each address, all on one port; an address after the first that does not exist here is left out.

    Args:
        port: 0 lets the system choose one.

    Raises:
        Refused: the first address or the port cannot be had.
    """
    for left in reversed(range(TRIES if port == 0 else 1)):
        sockets: list[socket.socket] = []
        try:
            for host in hosts:
                _add(sockets, host, port)
        except OSError as error:
            for one in sockets:
                one.close()
            if not left:
                raise Refused(
                    f"cannot listen on port {port} of {' and '.join(hosts)}: {error.strerror}",
                    hint="another program may be there; choose a port with --port",
                ) from error
        else:
            return sockets
    raise AssertionError("the last try returns or raises")


def _add(sockets: list[socket.socket], host: str, port: int) -> None:
    try:
        sockets.append(_bound(host, sockets[0].getsockname()[1] if sockets else port))
    except OSError as error:
        if not sockets or error.errno not in _NO_SUCH_ADDRESS:
            raise
        log.info("not listening on %s: %s", host, error.strerror)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        numeric = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        bound.bind(numeric[0][4])  # with the link of an address that is good there alone
    except BaseException:
        bound.close()
        raise
    return bound
