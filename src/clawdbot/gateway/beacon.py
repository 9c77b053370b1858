"""Says on the local network that a gateway is here, while it can be reached from there."""

import asyncio
import logging
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from clawdbot.client.links import own_addresses, preferred
from clawdbot.config.gateway_model import Bind, GatewaySettings, Openness
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.hosts import is_everywhere
from clawdbot.errors import ConfigError
from clawdbot.wire.beacon import SERVICE, Beacon, host_label

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo

log = logging.getLogger("clawdbot")

LOOK_S: Final = 30.0
"""How often it is looked whether this machine has got other addresses, or its owner has changed his mind."""

_UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")
"""IPv6 addresses that lead nowhere beyond a site."""


def describe(
    settings: GatewaySettings,
    openness: Openness,
    fingerprint: Fingerprint | None,
    *,
    hostname: Callable[[], str] = socket.gethostname,
    environ: Mapping[str, str] = os.environ,
) -> Beacon:
    """What is said about a gateway.

    Args:
        fingerprint: of its certificate; ``None`` if it has none.
        environ: may say what the reference lets it say, and only to those who are told everything.
    """
    more: dict[str, str] = {}
    if openness is Openness.FULL:
        said = {
            "cliPath": environ.get("CLAWDBOT_CLI_PATH") or shutil.which("clawdbot"),
            "sshPort": environ.get("CLAWDBOT_SSH_PORT") or "22",
            "tailnetDns": environ.get("CLAWDBOT_TAILNET_DNS"),
        }
        more = {key: value for key, value in said.items() if value}
    host = host_label(hostname())
    return Beacon(host, host, settings.port, tls=fingerprint is not None, fingerprint=fingerprint, more=more)


def addresses_of(settings: GatewaySettings, own: Callable[[], Sequence[str]]) -> tuple[str, ...]:
    """The addresses at which neighbours reach the gateway. In a tailnet there are no neighbours to be told.

    All are of one family: the gateway listens on IPv4 (``bind: lan``), or on one address that its owner names, where
    ``::`` stands for IPv6 alone. Of its addresses those are told that mean nothing beyond the neighbourhood.
    """
    if settings.bind not in (Bind.LAN, Bind.CUSTOM):
        return ()
    found: list[str] = []
    for host in settings.hosts:
        if is_everywhere(host):
            version = ip_address(host).version
            found += [one for one in own() if ip_address(one).version == version and _is_neighbourly(one)]
        elif not ip_address(host).is_loopback:
            found.append(host)
    return preferred(found)


def _is_neighbourly(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        return address.is_link_local or address in _UNIQUE_LOCAL
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)


async def advertise(
    openness: Callable[[], Openness],
    settings: GatewaySettings,
    fingerprint: Fingerprint | None,
    *,
    own: Callable[[], Sequence[str]] = own_addresses,
    every: float = LOOK_S,
) -> None:
    """Advertise the gateway until cancelled, and then say goodbye.

    Where that cannot be done, the gateway works all the same; it is tried again.

    Args:
        openness: how much is to be said, by the configuration of this moment.
        settings: where the gateway listens.
        every: how often it is looked, in seconds, whether something has changed.
    """

    said = Openness.OFF

    def now() -> tuple[Openness, tuple[str, ...]]:
        nonlocal said
        with suppress(ConfigError):  # until it is mended, what it said before
            said = openness()
        return said, () if said is Openness.OFF else addresses_of(settings, own)

    complained = ""
    while True:
        wanted = now()
        try:
            if wanted[1]:
                async with _advertised(describe(settings, wanted[0], fingerprint), wanted[1]):
                    complained = ""
                    await _change(now, wanted, every)
                continue
        except Exception as error:  # of the library, or of the network
            if repr(error) != complained:
                log.warning("the gateway is not advertised on the local network: %s", type(error).__name__)
            complained = repr(error)
        await asyncio.sleep(every)


async def _change(now: Callable[[], object], known: object, every: float) -> None:
    """Until it is another."""
    while True:
        await asyncio.sleep(every)
        if now() != known:
            return


@asynccontextmanager
async def _advertised(beacon: Beacon, addresses: Sequence[str]) -> AsyncIterator[None]:
    from zeroconf import IPVersion
    from zeroconf.asyncio import AsyncZeroconf

    version = IPVersion.V6Only if any(":" in address for address in addresses) else IPVersion.V4Only
    network = AsyncZeroconf(interfaces=list(addresses), ip_version=version)
    try:
        await network.async_register_service(_service(beacon, addresses), allow_name_change=True)
        log.info("advertised on the local network as %s", beacon.name)
        yield
    finally:
        await network.async_unregister_all_services()
        await network.async_close()


def _service(beacon: Beacon, addresses: Sequence[str]) -> "AsyncServiceInfo":
    from zeroconf.asyncio import AsyncServiceInfo

    return AsyncServiceInfo(
        SERVICE,
        beacon.instance,
        port=beacon.port,
        properties=beacon.text(),
        server=beacon.server,
        parsed_addresses=list(dict.fromkeys(address.partition("%")[0] for address in addresses)),
    )
