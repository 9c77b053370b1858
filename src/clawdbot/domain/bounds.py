"""How much a stranger may say, and how many strangers may wait (threats.md G13).

Lengths and counts are checked where requests are read, :mod:`clawdbot.wire.fields`.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

NAME_LENGTH: Final = 128
WORD_LENGTH: Final = 64
KEY_LENGTH: Final = 256
SECRET_LENGTH: Final = 1024
PATH_LENGTH: Final = 8192
SCOPES: Final = 32
CAPS: Final = 64
COMMANDS: Final = 256
PERMISSIONS: Final = 64


@dataclass(frozen=True, slots=True)
class Queue:
    """How many live requests wait, in all and from one address."""

    total: int
    from_address: int


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The most that may wait. A newcomer beyond is turned away; nobody who waits already is touched."""

    total: int = 200
    from_address: int = 20


def has_room(queue: Queue, limits: QueueLimits) -> bool:
    """May one more request be opened from that address?"""
    return queue.total < limits.total and queue.from_address < limits.from_address


def count(addresses: Iterable[str | None], newcomer: str | None) -> Queue:
    """Count the live requests by the addresses that they came from."""
    key = address_key(newcomer)
    keys = [address_key(address) for address in addresses]
    return Queue(total=len(keys), from_address=keys.count(key))


def address_key(address: str | None) -> str:
    """One key for what one stranger easily has many of: IPv4 in either spelling, an IPv6 network of 64 bits.

    Unknown addresses share one key: what hides behind a proxy that nobody vouches for is one neighbourhood.
    """
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
