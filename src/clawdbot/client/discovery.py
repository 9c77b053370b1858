"""Finds gateways that say on the local network that they are there."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from clawdbot.domain.hosts import in_url
from clawdbot.errors import GatewayUnavailable
from clawdbot.wire.beacon import SERVICE, Beacon, heard

MOST: Final = 100
"""Gateways that are looked at; anybody may shout."""

_ANSWER_MS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Found:
    """What was said, and from where: a hint of where to knock, which anybody on the network may have given.

    Attributes:
        addresses: where the gateway should be, IPv4 first.
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
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

    found: dict[str, Found] = {}
    asking: dict[str, asyncio.Task[None]] = {}

    async def ask(name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if await info.async_request(network.zeroconf, _ANSWER_MS) and info.port:
            addresses = info.parsed_scoped_addresses(IPVersion.All)
            found[name] = Found(heard(name, info.server or "", info.port, info.properties), tuple(addresses))

    def changed(*, name: str, state_change: ServiceStateChange, **_: Any) -> None:
        if state_change is ServiceStateChange.Removed:
            found.pop(name, None)
        elif name in asking or len(asking) < MOST:
            asking[name] = asyncio.ensure_future(ask(name))

    try:
        network = AsyncZeroconf()
    except OSError as error:
        raise GatewayUnavailable(f"nothing can be looked for on the local network: {error.strerror}") from None
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
