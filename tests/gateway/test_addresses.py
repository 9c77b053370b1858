"""What this machine knows about its own addresses."""

import socket
from collections.abc import Mapping
from dataclasses import replace

import pytest

from clawdbot.config import Bind, GatewaySettings
from clawdbot.gateway.addresses import own_address, own_addresses, own_names, settled

TAILNET = GatewaySettings(bind=Bind.TAILNET)
OUT = {"192.0.2.1": "192.168.1.10"}
IN_4 = {"100.100.100.100": "100.70.1.2"}
IN_6 = {"fd7a:115c:a1e0::53": "fd7a:115c:a1e0::1"}

ROUTES: list[tuple[str, Mapping[str, str], str | None]] = [
    ("no network", {}, None),
    ("no tailnet", OUT | {"100.100.100.100": "192.168.1.10"}, None),
    ("a tailnet", OUT | IN_4 | IN_6, "100.70.1.2"),
    ("a tailnet without IPv6", OUT | IN_4, "100.70.1.2"),
    ("a tailnet that is the way out", IN_4 | IN_6 | {"192.0.2.1": "100.70.1.2"}, "100.70.1.2"),
    ("a carrier that uses such addresses", IN_4 | {"192.0.2.1": "100.70.1.2"}, None),
]


@pytest.mark.parametrize(("routes", "address"), [case[1:] for case in ROUTES], ids=[case[0] for case in ROUTES])
def test_the_address_in_the_tailnet(routes: Mapping[str, str], address: str | None) -> None:
    """Only one that is Tailscale's: a carrier's network is everybody's."""
    assert settled(TAILNET, own=routes.get) == replace(TAILNET, host=address)


def test_other_settings_stay_as_they_are() -> None:
    settings = GatewaySettings(bind=Bind.CUSTOM, host="192.0.2.7")
    assert settled(settings, own=IN_4.get) is settings


def test_the_routing_table_tells_the_own_address() -> None:
    assert own_address("127.0.0.1") == "127.0.0.1"
    assert own_address("no address") is None


def test_the_names_for_a_certificate() -> None:
    """What clients may have typed to get here, each once; never what only means everything."""
    settings = GatewaySettings(bind=Bind.LAN)
    assert own_names(settings, own=OUT.get) == (
        "localhost",
        "127.0.0.1",
        "::1",
        socket.gethostname(),
        "192.168.1.10",
    )
    assert "192.0.2.7" in own_names(GatewaySettings(bind=Bind.CUSTOM, host="192.0.2.7"), own=OUT.get)


def test_where_other_machines_may_reach_it() -> None:
    routes = OUT | IN_4 | {"2001:db8::1": "2001:db8:7::9"}
    assert own_addresses(own=routes.get) == ("192.168.1.10", "2001:db8:7::9", "100.70.1.2")
    assert own_addresses(own=dict[str, str]().get) == ()
