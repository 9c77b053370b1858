"""Finds gateways that say on the local network that they are there."""

import asyncio
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from clawdbot.client import links
from clawdbot.domain.hosts import in_url
from clawdbot.errors import GatewayUnavailable
from clawdbot.wire.beacon import SERVICE, Beacon, heard

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

MOST: Final = 100
"""Gateways that are looked at; anybody may shout."""

_ANSWER_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Found:
    """What was said, and from where: a hint of where to knock, which anybody on the network may have given.

    Attributes:
        addresses: where the gateway should be; first what leads there from everywhere (:func:`.links.preferred`). One
            that is good on one link alone has the link's name behind it, as it is called here: ``fe80::7%eth0``.
    """

    beacon: Beacon
    addresses: tuple[str, ...]

    @property
    def url(self) -> str | None:
        """Where to connect to, if an address was told."""
        if not self.addresses:
            return None
        return f"{'wss' if self.beacon.tls else 'ws'}://{in_url(self.addresses[0])}:{self.beacon.port}"


async def discover(seconds: float) -> list[Found]:
    """Look around for a while.

    Args:
        seconds: for how long.

    Returns:
        Who answered, in the order of names.

    Raises:
        GatewayUnavailable: this machine has no network to look around in.
    """
    from zeroconf import IPVersion, ServiceStateChange
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo

    found: dict[str, Found] = {}
    asking: dict[str, asyncio.Task[None]] = {}

    async def ask(name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if await info.async_request(network.zeroconf, _ANSWER_MS) and info.port:
            told = info.ip_addresses_by_version(IPVersion.All)
            addresses = links.preferred([_spelled(address) for address in told])
            found[name] = Found(heard(name, info.server or "", info.port, info.properties), addresses)

    def changed(*, name: str, state_change: ServiceStateChange, **_: Any) -> None:
        if state_change is ServiceStateChange.Removed:
            found.pop(name, None)
        elif name in asking or len(asking) < MOST:
            asking[name] = asyncio.ensure_future(ask(name))

    network = _network()
    try:
        browser = AsyncServiceBrowser(network.zeroconf, SERVICE, handlers=[changed])
        await asyncio.sleep(seconds)
        await browser.async_cancel()
    finally:
        for task in asking.values():
            task.cancel()
        await asyncio.gather(*asking.values(), return_exceptions=True)
        await network.async_close()
    return sorted(found.values(), key=lambda one: (one.beacon.name, one.beacon.host, one.addresses))


def _network() -> "AsyncZeroconf":
    """Where to look: on every IPv4 address, and on every link that speaks IPv6.

    Raises:
        GatewayUnavailable: there is no network.
    """
    from zeroconf import IPVersion
    from zeroconf.asyncio import AsyncZeroconf

    own = [(text, ip_address(text)) for text in links.own_addresses()]
    ipv4 = [text for text, address in own if address.version == 4]
    ipv6 = [text for text, address in own if address.version == 6 and address.is_link_local]
    try:
        if ipv6:
            try:
                return AsyncZeroconf(interfaces=ipv4 + ipv6, ip_version=IPVersion.All if ipv4 else IPVersion.V6Only)
            except OSError:  # one socket for both is not to be had everywhere
                pass
        return AsyncZeroconf(interfaces=ipv4, ip_version=IPVersion.V4Only)
    except OSError as error:
        raise GatewayUnavailable(f"nothing can be looked for on the local network: {error.strerror}") from None


def _spelled(address: IPv4Address | IPv6Address) -> str:
    """An address as it is used on this machine: the scope is where the answer came in."""
    scope = address.scope_id if isinstance(address, IPv6Address) else None
    return links.scoped(str(address), int(scope)) if scope and scope.isdecimal() else str(address)
