"""Says on the local network that a gateway is here, while it can be reached from there."""

import asyncio
import logging
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

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

    Of IPv4 alone: that is where ``bind: lan`` listens.
    """
    if settings.bind not in (Bind.LAN, Bind.CUSTOM):
        return ()
    bound = [host for host in settings.hosts if not is_everywhere(host)]
    return tuple(address for address in bound or own() if _is_neighbourly(address))


def own_ipv4() -> tuple[str, ...]:
    """The IPv4 addresses of this machine."""
    import ifaddr

    found = (address.ip for adapter in ifaddr.get_adapters() for address in adapter.ips if address.is_IPv4)
    return tuple(dict.fromkeys(str(address) for address in found))


def _is_neighbourly(text: str) -> bool:
    address = ip_address(text)
    return address.version == 4 and not (address.is_loopback or address.is_link_local or address.is_unspecified)


async def advertise(
    openness: Callable[[], Openness],
    settings: GatewaySettings,
    fingerprint: Fingerprint | None,
    *,
    own: Callable[[], Sequence[str]] = own_ipv4,
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

    network = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
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
        parsed_addresses=list(addresses),
    )
