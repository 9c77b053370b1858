"""Where hosts lead, as far as they tell by themselves."""

import pytest

from clawdbot.domain.hosts import in_url, is_everywhere, is_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("localhost.evil.com", False),
        ("127.0.0.1.evil.com", False),
        ("box", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_G9_what_stays_on_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(("host", "everywhere"), [("0.0.0.0", True), ("::", True), ("10.0.0.1", False), ("x", False)])
def test_what_stands_for_every_address(host: str, everywhere: bool) -> None:
    assert is_everywhere(host) is everywhere


@pytest.mark.parametrize(("host", "spelled"), [("::1", "[::1]"), ("10.0.0.1", "10.0.0.1"), ("gw", "gw")])
def test_a_host_in_a_url(host: str, spelled: str) -> None:
    assert in_url(host) == spelled
