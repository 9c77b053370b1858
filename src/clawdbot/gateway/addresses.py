"""What only this machine knows about itself: its addresses and its name. Nobody else is asked."""

import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network

from clawdbot.config.gateway_model import Bind, GatewaySettings
from clawdbot.domain.hosts import is_everywhere

OwnAddress = Callable[[str], str | None]
"""The address that this machine would talk from to another one."""

_ELSEWHERE = "192.0.2.1"
_ELSEWHERE_6 = "2001:db8::1"
"""Addresses that nobody has: where the default route leads."""
_TAILNET_DNS = ("100.100.100.100", "fd7a:115c:a1e0::53")
"""Tailscale's own addresses, the same in every tailnet."""
_TAILNET = ip_network("100.64.0.0/10")
_TAILNET_6 = ip_network("fd7a:115c:a1e0::/48")


def own_address(towards: str) -> str | None:
    """Ask the routing table; nothing is sent. ``None`` if no route leads there."""
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((towards, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None


def settled(settings: GatewaySettings, *, own: OwnAddress = own_address) -> GatewaySettings:
    """The settings with the address that ``bind: tailnet`` stands for; without a tailnet there is none."""
    return replace(settings, host=_in_tailnet(own)) if settings.bind is Bind.TAILNET else settings


def _in_tailnet(own: OwnAddress) -> str | None:
    """Carriers use the same IPv4 addresses: one counts only if the way out is another, or IPv6 confirms it."""
    address, confirmation = (own(towards) for towards in _TAILNET_DNS)
    if address is None or ip_address(address) not in _TAILNET:
        return None
    confirmed = confirmation is not None and ip_address(confirmation) in _TAILNET_6
    return address if confirmed or address != own(_ELSEWHERE) else None


def own_addresses(*, own: OwnAddress = own_address) -> tuple[str, ...]:
    """The addresses at which other machines may reach this one, as far as the routing table tells."""
    known = (own(_ELSEWHERE), own(_ELSEWHERE_6), _in_tailnet(own))
    return tuple(dict.fromkeys(address for address in known if address))


def own_names(settings: GatewaySettings, *, own: OwnAddress = own_address) -> tuple[str, ...]:
    """The names and addresses that clients may know the gateway by, for its certificate."""
    known = ("localhost", "127.0.0.1", "::1", socket.gethostname(), *settings.hosts, own(_ELSEWHERE))
    return tuple(dict.fromkeys(name for name in known if name and not is_everywhere(name)))
