"""How many strangers may wait, in all and from one address."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.bounds import Queue, QueueLimits, address_key, count, has_room

LIMITS = QueueLimits(total=3, from_address=2)


@pytest.mark.parametrize(
    ("total", "from_address", "room"), [(0, 0, True), (2, 1, True), (3, 0, False), (2, 2, False), (4, 4, False)]
)
def test_G13_the_queue_is_bounded_in_total_and_an_address(total: int, from_address: int, room: bool) -> None:
    assert has_room(Queue(total, from_address), LIMITS) is room


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("2001:db8:0:0:1:2:3:4", "2001:db8::"),
        (None, ""),
        ("fe80::1%eth0", "fe80::2"),
    ],
)
def test_G11_G13_one_stranger_with_many_addresses_is_one(one: str | None, other: str | None) -> None:
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8:0:1::1"), (None, "10.0.0.1"), ("::1", "127.0.0.1")],
)
def test_different_strangers_are_different(one: str | None, other: str | None) -> None:
    assert address_key(one) != address_key(other)


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "١.2.3.4", "1.2.3.-4", "x"]
)
def test_S8_what_is_no_address_is_counted_as_unknown(text: str) -> None:
    assert address_key(text) == address_key(None) == ""


@given(st.ip_addresses(v=4))
def test_an_IPv4_address_is_counted_as_itself(address: IPv4Address) -> None:
    assert address_key(str(address)) == address_key(f"::ffff:{address}") == str(address)


def test_waiting_requests_are_counted_by_address() -> None:
    addresses = ["10.0.0.1", "10.0.0.2", None, "::ffff:10.0.0.1", "nonsense"]
    assert count(addresses, "10.0.0.1") == Queue(total=5, from_address=2)
    assert count(addresses, None) == Queue(total=5, from_address=2)
    assert count([], "10.0.0.1") == Queue(total=0, from_address=0)
