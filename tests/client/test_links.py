"""A machine's own addresses, with the link of those that are good on one link alone."""

import pytest

from clawdbot.client.links import own_addresses, preferred, scoped
from tests.support.namespaces import HOUSE, HOUSE_6, inside, street


def test_a_machine_knows_its_addresses() -> None:
    """Each of its links, by name."""
    with street() as machines:
        machines.house.ip("address", "add", "fe80::77:1/64", "dev", "eth0", "nodad")
        with inside(machines.house.name):
            own = own_addresses()
    assert {"127.0.0.1", "::1", HOUSE, HOUSE_6, "fe80::77:1%eth0"} <= set(own)
    assert len(set(own)) == len(own)


def test_an_address_that_cannot_be_used_yet_is_left_out() -> None:
    """While its link is down, for one, nobody knows whether it is somebody else's."""
    with street() as machines:
        machines.house.ip("link", "set", "eth0", "down")
        machines.house.ip("address", "add", "fe80::77:1/64", "dev", "eth0")
        with inside(machines.house.name):
            assert not any(address.startswith("fe80::77:1") for address in own_addresses())


@pytest.mark.parametrize(
    ("address", "scope", "spelled"),
    [
        ("fd77::1", 1, "fd77::1"),
        ("::1", 0, "::1"),
        ("fe80::1", 0, "fe80::1"),
        ("fe80::1", 1, "fe80::1%lo"),
        ("fe80::1%1", 1, "fe80::1%lo"),
        ("fe80::1", 2_000_000_000, "fe80::1%2000000000"),
    ],
)
def test_the_link_stands_behind_what_is_good_there_alone(address: str, scope: int, spelled: str) -> None:
    """By its name; a link that is gone has none."""
    assert scoped(address, scope) == spelled


def test_what_leads_there_from_everywhere_comes_first() -> None:
    """What names no link although it needs one comes last; the rest stays in its order."""
    told = ["fe80::1", "fe80::2%eth0", "fd77::1", "2001:db8::1", "10.0.0.2", "10.0.0.1"]
    assert preferred(told) == ("10.0.0.2", "10.0.0.1", "fd77::1", "2001:db8::1", "fe80::2%eth0", "fe80::1")
