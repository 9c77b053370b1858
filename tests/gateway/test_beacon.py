"""When a gateway is advertised on the local network, where, and how much is said."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from clawdbot.client.discovery import Found, discover
from clawdbot.config import Bind, GatewaySettings
from clawdbot.config.gateway_model import Openness
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.errors import ConfigError
from clawdbot.gateway.beacon import addresses_of, advertise, describe
from tests.support.namespaces import HOUSE, inside, street
from tests.support.waiting import eventually

LAN = GatewaySettings(bind=Bind.LAN, port=1234)
OWN = (
    *("127.0.0.1", "192.168.1.10", "169.254.3.4", "10.8.0.2"),
    *("::1", "fe80::7%eth0", "2001:db8::7", "fd00::1", "fe80::8%wlan0"),
)
PRINT = Fingerprint("ab" * 32)


@pytest.mark.parametrize(
    ("settings", "addresses"),
    [
        (GatewaySettings(), ()),
        (LAN, ("192.168.1.10", "10.8.0.2")),
        (GatewaySettings(bind=Bind.CUSTOM, host="10.8.0.2"), ("10.8.0.2",)),
        (GatewaySettings(bind=Bind.CUSTOM, host="0.0.0.0"), ("192.168.1.10", "10.8.0.2")),
        (GatewaySettings(bind=Bind.CUSTOM, host="127.0.0.1"), ()),
        (GatewaySettings(bind=Bind.CUSTOM, host="::1"), ()),
        (GatewaySettings(bind=Bind.CUSTOM, host="::"), ("fd00::1", "fe80::7%eth0", "fe80::8%wlan0")),
        (GatewaySettings(bind=Bind.CUSTOM, host="fd00::1"), ("fd00::1",)),
        (GatewaySettings(bind=Bind.CUSTOM, host="2001:db8::7"), ("2001:db8::7",)),
        (GatewaySettings(bind=Bind.CUSTOM, host="fe80::7%eth0"), ("fe80::7%eth0",)),
        (GatewaySettings(bind=Bind.TAILNET, host="100.70.1.2"), ()),
    ],
)
def test_neighbours_are_told_where_neighbours_can_come_in(
    settings: GatewaySettings, addresses: tuple[str, ...]
) -> None:
    """Of the family that it listens on; an address that all the world could use only if its owner named it."""
    assert addresses_of(settings, lambda: OWN) == addresses


def test_little_is_said_of_a_machine_unless_its_owner_wants_more() -> None:
    """Neither where programs lie, nor how to get in."""
    environ = {"CLAWDBOT_CLI_PATH": "/opt/clawdbot", "CLAWDBOT_TAILNET_DNS": "box.ts.net"}
    little, all_ = (
        describe(LAN, openness, PRINT, hostname=lambda: "Box.lan", environ=environ)
        for openness in (Openness.MINIMAL, Openness.FULL)
    )
    assert (little.name, little.host, little.port, little.tls, little.fingerprint) == ("box", "box", 1234, True, PRINT)
    assert little.more == {}
    assert all_.more == {"cliPath": "/opt/clawdbot", "sshPort": "22", "tailnetDns": "box.ts.net"}
    assert not describe(LAN, Openness.MINIMAL, None).tls


async def test_it_follows_the_configuration_and_the_addresses_while_it_runs(caplog: pytest.LogCaptureFixture) -> None:
    """Off, on, a configuration that is broken for a while, another address, off."""
    caplog.set_level(logging.INFO, "clawdbot")
    said: list[Openness | ConfigError] = [Openness.OFF]
    own = [HOUSE]

    def openness() -> Openness:
        if isinstance(said[-1], ConfigError):
            raise said[-1]
        return said[-1]

    with street() as machines, inside(machines.house.name):
        machines.house.ip("address", "add", "10.77.0.9/24", "dev", "eth0")
        advertising = asyncio.create_task(advertise(openness, LAN, None, own=lambda: own, every=0.02))
        assert await discover(0.5) == []
        said.append(Openness.MINIMAL)
        (found,) = await _until(bool)
        assert (found.url, found.beacon.more["role"]) == (f"ws://{HOUSE}:1234", "gateway")
        said.append(ConfigError("broken"))
        await _until(lambda now: now == [found])
        assert caplog.text.count("advertised on the local network as") == 1
        own[:] = ["10.77.0.9"]
        await _until(lambda now: [one.url for one in now] == ["ws://10.77.0.9:1234"])
        said.append(Openness.OFF)
        await _until(lambda now: not now)
        advertising.cancel()
        await asyncio.gather(advertising, return_exceptions=True)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_where_it_cannot_be_done_that_is_said_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """On an address that this machine does not have; the library forgets its sockets there."""
    tried = 0

    def own() -> tuple[str, ...]:
        nonlocal tried
        tried += 1
        return ("192.0.2.77",)

    advertising = asyncio.create_task(advertise(lambda: Openness.MINIMAL, LAN, None, own=own, every=0.001))
    await eventually(lambda: tried > 3)
    advertising.cancel()
    await asyncio.gather(advertising, return_exceptions=True)
    assert [record.getMessage() for record in caplog.records if record.name == "clawdbot"] == [
        "the gateway is not advertised on the local network: OSError"
    ]


async def _until(is_so: Callable[[list[Found]], bool]) -> list[Found]:
    found: list[Found] = []
    for _ in range(60):
        found = await discover(0.5)
        if is_so(found):
            return found
    raise AssertionError(found)
