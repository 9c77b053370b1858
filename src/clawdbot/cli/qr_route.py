"""Where a setup code leads: how another machine reaches the gateway, and by which certificate it knows it."""

from urllib.parse import urlsplit

from clawdbot.cli import context
from clawdbot.cli.gateway_target import Target
from clawdbot.client import setup_code
from clawdbot.client.address import Address
from clawdbot.domain.hosts import in_url, is_everywhere, is_loopback
from clawdbot.errors import UsageError

AUTHORITY = "none"
"""Instead of a fingerprint: an authority vouches for the certificate."""

_SCHEMES = {"http": "ws", "https": "wss"}


def route(target: Target, at: str | None, pin: str | None) -> Address:
    """The address for a code.

    Args:
        target: the gateway as this machine's commands reach it.
        at: how others reach it, if the owner says so: a URL or an origin.
        pin: the fingerprint of the certificate there, or :data:`AUTHORITY`. Without it: the gateway's own, if it serves
            TLS itself.

    Raises:
        UsageError: nobody else can reach it, or not safely.
    """
    url = _websocket(at) if at is not None else _reached_at(target)
    known = (target.address.fingerprint or "") if pin is None else "" if pin.strip().lower() == AUTHORITY else pin
    return setup_code.route(url, known)


def _websocket(at: str) -> str:
    """A URL as it was typed; pages' origins are as good."""
    scheme, separator, rest = at.strip().partition("://")
    return f"{_SCHEMES.get(scheme.lower(), scheme.lower())}{separator}{rest}"


def _reached_at(target: Target) -> str:
    """Another machine's gateway is reached by others as by this one; this machine's own at what it listens on."""
    host = _own_host() if target.is_local else None
    if host is None:
        return target.address.url
    return f"{urlsplit(target.address.url).scheme}://{in_url(host)}:{target.address.port}"


def _own_host() -> str | None:
    """The address at which others reach the gateway of this machine; ``None`` if it listens for programs here alone."""
    from clawdbot.gateway import addresses, instance

    running = instance.find(context.paths().state_dir)
    hosts = (running.hosts if running else ()) or addresses.settled(context.config().gateway).hosts
    if hosts and all(map(is_loopback, hosts)):
        return None
    others = [host for host in hosts if not is_loopback(host)]
    everywhere = [host for host in others if is_everywhere(host)]
    own = [one for host in everywhere for one in addresses.own_addresses() if (":" in one) == (":" in host)]
    found = [host for host in others if host not in everywhere] + own
    if not found:
        raise UsageError(
            "this machine has no address now at which others reach the gateway",
            hint="name one with --at wss://host:port",
        )
    return found[0]
