"""Where a connection comes from: the gateway's own machine, another one, or a browser's page (threats.md G9, G10).

Everything here is decided from what the kernel says about the socket and what the request's headers say, of which
only the former is believed: headers can take trust away from a connection, and give none. The one exception is the
client's address as told by a proxy that the owner vouches for, and that makes nobody local either.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from clawdbot.domain.connect import Peer
from clawdbot.gateway.settings import GatewaySettings

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request for a WebSocket, as far as it tells where it comes from.

    Attributes:
        peer: the address at the other end of the socket.
        own: the address at this end.
        port: the port at this end.
        secure: is this TLS that ends here?
        headers: all of them, in order, names in lower case.
    """

    peer: str
    own: str
    port: int
    secure: bool
    headers: Sequence[tuple[str, str]] = ()

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for header, value in self.headers if header == name]


_FORWARDING = frozenset(
    [
        "x-forwarded",
        "forwarded",
        "forwarded-for",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-ray",
        "fastly-client-ip",
    ]
)
_FORWARDING_PREFIXES = ("x-forwarded-", "x-original-", "x-envoy-", "x-arr-", "tailscale-")
"""Headers that somebody between the client and us has put there, or pretends to have."""

_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::(\d{1,5}))?")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def look(upgrade: Upgrade, settings: GatewaySettings) -> Peer:
    """Decide who is at the other end, for the decisions that depend on it.

    Local is a program of this machine that talks to us directly: a loopback peer that named us by a loopback name,
    with nobody in between. A page in a browser of this machine is local only if it is one of our own.
    """
    peer = _plain(parse_address(upgrade.peer))
    forwarded = any(name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES) for name, _ in upgrade.headers)
    trusted = peer is not None and _in(peer, settings)
    foreign_page = bool(upgrade.all("origin")) and not _is_own_page(upgrade)
    if trusted:
        client = _client_behind(upgrade, settings) if forwarded else peer
        return Peer(address=None if client is None else str(client), foreign_page=foreign_page)
    if forwarded or peer is None:
        return Peer(address=None, behind_untrusted_proxy=forwarded, foreign_page=foreign_page)
    local = peer.is_loopback and _names_us_locally(upgrade)
    return Peer(address=str(peer), local=local, foreign_page=foreign_page)


def admits_origin(upgrade: Upgrade, settings: GatewaySettings) -> bool:
    """May a connection be upgraded, as far as browsers' pages are concerned? Programs send no ``Origin``.

    ``null``, more than one, and what is neither ours nor listed are not admitted.
    """
    match upgrade.all("origin"):
        case []:
            return True
        case [origin]:
            return _is_own_page(upgrade) or origin.lower() in {_listed(known) for known in settings.origins}
        case _:
            return False


def is_trusted_proxy(peer: str, settings: GatewaySettings) -> bool:
    """Does the owner vouch for this peer's word about its clients' addresses?"""
    address = _plain(parse_address(peer)) if settings.trusted_proxies else None
    return address is not None and _in(address, settings)


def parse_address(text: str) -> Address | None:
    """Read an address as it is spelt everywhere, without a zone; ``None`` for anything else."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address


def _plain(address: Address | None) -> Address | None:
    """An IPv4 address behind its IPv6 spelling; only for what the kernel says, or a proxy that is trusted."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _in(address: Address, settings: GatewaySettings) -> bool:
    return any(address in network for network in settings.trusted_proxies)


def _client_behind(upgrade: Upgrade, settings: GatewaySettings) -> Address | None:
    """The client of a trusted proxy: the last hop that is not such a proxy itself, for each appends to what it gets.

    What one of them says and cannot be read is not guessed at.
    """
    told = upgrade.all("x-forwarded-for")
    if told:
        return _last_stranger((hop.strip() for hop in reversed(",".join(told).split(","))), settings)
    match upgrade.all("x-real-ip"):
        case [alone]:
            return _hop(alone.strip())
        case _:
            return None


def _last_stranger(hops: Iterable[str], settings: GatewaySettings) -> Address | None:
    client = None
    for hop in hops:
        client = _hop(hop)
        if client is None or not _in(client, settings):
            break
    return client


def _hop(text: str) -> Address | None:
    """``192.0.2.1``, ``192.0.2.1:443``, ``2001:db8::1`` or ``[2001:db8::1]:443``."""
    address = parse_address(text)
    if address is None:
        split = _split_port(text)
        address = None if split is None else parse_address(split[0].strip("[]"))
    return _plain(address)


def _names_us_locally(upgrade: Upgrade) -> bool:
    match upgrade.all("host"):
        case [host]:
            split = _split_port(host)
            return split is not None and split[0].lower() in _LOCAL_NAMES
        case _:
            return False


def _is_own_page(upgrade: Upgrade) -> bool:
    scheme = "https" if upgrade.secure else "http"
    own = _plain(parse_address(upgrade.own))
    literal = f"[{own}]" if isinstance(own, IPv6Address) else str(own)
    default_port = 443 if upgrade.secure else 80
    port = "" if upgrade.port == default_port else f":{upgrade.port}"
    hosts = _LOCAL_NAMES | {literal}
    match upgrade.all("origin"):
        case [origin]:
            return origin.lower() in {f"{scheme}://{host}{port}" for host in hosts}
        case _:
            return False


def _listed(origin: str) -> str:
    return origin.strip().lower().rstrip("/")


def _split_port(text: str) -> tuple[str, int | None] | None:
    found = _HOST_PORT.fullmatch(text)
    if found is None:
        return None
    port = None if found[2] is None else int(found[2])
    return None if port is not None and port > 65535 else (found[1], port)
