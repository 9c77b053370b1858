"""This machine's own addresses, on each of its links."""

import socket
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address


def own_addresses() -> tuple[str, ...]:
    """Every address of this machine; one that is good on one link alone has that link behind it: ``fe80::7%eth0``.

    Without those that are not its own yet: for some seconds after a link comes up, an IPv6 address may turn out to be
    somebody else's, and cannot be used.
    """
    import ifaddr

    found = [
        address.ip if isinstance(address.ip, str) else scoped(address.ip[0], address.ip[2])
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
    ]
    return tuple(filter(_is_usable, dict.fromkeys(found)))


def _is_usable(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        numeric = socket.getaddrinfo(address, 0, family, socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind(numeric[0][4])
    except OSError:
        return False
    return True


def scoped(address: str, scope: int) -> str:
    """An IPv6 address with the link that it is on, by its name, if it is good there alone."""
    bare = address.partition("%")[0]
    if not scope or not IPv6Address(bare).is_link_local:
        return bare
    try:
        return f"{bare}%{socket.if_indextoname(scope)}"
    except OSError:  # the link is gone
        return f"{bare}%{scope}"


def preferred(addresses: Sequence[str]) -> tuple[str, ...]:
    """Those first that lead there from everywhere: IPv4, then IPv6, then what is good on one link alone."""
    return tuple(sorted(addresses, key=_distance))


def _distance(text: str) -> int:
    address = ip_address(text)
    if not isinstance(address, IPv6Address):
        return 0
    if not address.is_link_local:
        return 1
    return 2 if address.scope_id is not None else 3
