"""How much a stranger may say, and how many strangers may wait (threats.md G13).

Lengths and counts are checked where requests are read, :mod:`clawdbot.wire.fields`.
"""

import ipaddress
import re
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

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
"""The one spelling of an IPv4 address. Each connection is counted by its address, and most are this."""


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
    text = address or ""
    if _IPV4.fullmatch(text):
        return text
    try:
        parsed = ipaddress.IPv6Address(text)
    except ValueError:
        return ""
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
