"""Who is local, who is behind a proxy, and whose pages may connect: tables (threats.md G9, G10)."""

from ipaddress import ip_network

import pytest

from clawdbot.gateway.locality import Upgrade, admits_origin, is_trusted_proxy, look
from clawdbot.gateway.settings import GatewaySettings

NO_PROXIES = GatewaySettings()
PROXIES = GatewaySettings(trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
HOST = ("host", "127.0.0.1:18789")


def upgrade(
    *headers: tuple[str, str], peer: str = "127.0.0.1", own: str = "127.0.0.1", secure: bool = False
) -> Upgrade:
    return Upgrade(peer=peer, own=own, port=18789, secure=secure, headers=headers)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:18789", "127.0.0.1", "127.0.0.1:1", "[::1]:18789", "[::1]"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.8.9.10", "::ffff:127.0.0.1"])
def test_G9_a_program_of_this_machine_is_local(peer: str, host: str) -> None:
    found = look(upgrade(("host", host), peer=peer), NO_PROXIES)
    assert found.local
    assert not found.foreign_page


@pytest.mark.parametrize(
    "host",
    [
        *("gateway.example", "localhost.evil.com", "127.0.0.1.evil.com", "evil.com:18789", "localhost@evil.com"),
        *(
            "127.1",
            "2130706433",
            "0x7f.1",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "[::ffff:127.0.0.1]",
            "::1",
            "",
            " localhost",
        ),
        *("localhost,localhost", "127.0.0.2", "0.0.0.0", "[::1", "localhost."),
    ],
)
def test_G9_a_host_that_is_no_loopback_name_makes_nobody_local(host: str) -> None:
    assert not look(upgrade(("host", host)), NO_PROXIES).local


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "evil.com"]])
def test_G9_there_must_be_exactly_one_host(hosts: list[str]) -> None:
    assert not look(upgrade(*(("host", host) for host in hosts)), NO_PROXIES).local


@pytest.mark.parametrize(
    "peer", ["192.0.2.1", "10.0.0.1", "::ffff:192.0.2.1", "fe80::1", "128.0.0.1", "::", "0.0.0.0", "x"]
)
def test_G9_no_header_makes_a_stranger_local(peer: str) -> None:
    for headers in (
        [("host", "localhost")],
        [("host", "localhost"), ("x-forwarded-for", "127.0.0.1")],
        [("host", "localhost"), ("x-real-ip", "127.0.0.1")],
        [("host", "localhost"), ("x-forwarded-for", "::ffff:127.0.0.1")],
    ):
        assert not look(upgrade(*headers, peer=peer), NO_PROXIES).local


@pytest.mark.parametrize(
    "name",
    [
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded", "forwarded", "via", "x-real-ip"),
        *("true-client-ip", "cf-connecting-ip", "x-client-ip", "x-cluster-client-ip", "tailscale-user-login"),
    ],
)
def test_G9_any_forwarding_header_takes_locality_away(name: str) -> None:
    """Somebody stands in between whom nobody vouches for: not local, and whose address it is is not known."""
    found = look(upgrade(HOST, (name, "127.0.0.1")), NO_PROXIES)
    assert not found.local
    assert found.behind_untrusted_proxy
    assert found.address is None


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ([("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
        ([("x-forwarded-for", "203.0.113.9:4711")], "203.0.113.9"),
        ([("x-forwarded-for", "[2001:db8::1]:443")], "2001:db8::1"),
        ([("x-forwarded-for", "2001:db8::1")], "2001:db8::1"),
        ([("x-forwarded-for", "::ffff:203.0.113.9")], "203.0.113.9"),
        ([("x-real-ip", "203.0.113.9")], "203.0.113.9"),
        ([("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "198.51.100.1")], "203.0.113.9"),
        # Only what the proxies themselves put there counts, and each appends.
        ([("x-forwarded-for", "127.0.0.1, 203.0.113.9")], "203.0.113.9"),
        ([("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9, 10.1.2.3")], "203.0.113.9"),
        ([("x-forwarded-for", "10.1.2.3, 10.1.2.4")], "10.1.2.3"),
        # What cannot be read is not guessed at.
        ([("x-forwarded-for", "unknown")], None),
        ([("x-forwarded-for", "203.0.113.9, _hidden")], None),
        ([("x-forwarded-for", "203.0.113.9, ")], None),
        ([("x-forwarded-for", "203.0.113.009")], None),
        ([("x-forwarded-for", "fe80::1%eth0")], None),
        ([("x-real-ip", "203.0.113.9"), ("x-real-ip", "203.0.113.9")], None),
        ([("forwarded", "for=203.0.113.9")], None),
    ],
)
def test_G9_a_trusted_proxy_tells_the_address_and_makes_nobody_local(
    headers: list[tuple[str, str]], address: str | None
) -> None:
    for peer in ("127.0.0.1", "10.9.9.9", "fd00::9"):
        found = look(upgrade(("host", "localhost"), *headers, peer=peer), PROXIES)
        assert found.address == address
        assert not found.local
        assert not found.behind_untrusted_proxy


def test_G9_a_trusted_proxy_that_says_nothing_makes_nobody_local() -> None:
    """Its own programs cannot be told from its clients."""
    found = look(upgrade(HOST), PROXIES)
    assert (found.local, found.address) == (False, "127.0.0.1")


def test_trusted_proxies_are_exact_networks() -> None:
    assert is_trusted_proxy("::ffff:10.1.1.1", PROXIES)
    assert not is_trusted_proxy("11.0.0.1", PROXIES)
    assert not is_trusted_proxy("nonsense", PROXIES)


OWN = ["http://localhost:18789", "http://127.0.0.1:18789", "http://[::1]:18789", "HTTP://LOCALHOST:18789"]
FOREIGN = [
    *("null", "", "http://evil.com", "http://localhost", "http://localhost:18790", "https://localhost:18789"),
    *("http://localhost:18789.evil.com", "http://localhost.evil.com:18789", "http://evil.com:18789", "file://", "*"),
    *("http://localhost:18789/", "http://localhost:18789 http://evil.com", "http://user@localhost:18789"),
]


@pytest.mark.parametrize("origin", OWN)
def test_G10_our_own_pages_may_connect(origin: str) -> None:
    request = upgrade(HOST, ("origin", origin))
    assert admits_origin(request, NO_PROXIES)
    assert not look(request, NO_PROXIES).foreign_page


@pytest.mark.parametrize("origin", FOREIGN)
def test_G10_other_pages_may_not(origin: str) -> None:
    request = upgrade(HOST, ("origin", origin))
    assert not admits_origin(request, NO_PROXIES)
    assert look(request, NO_PROXIES).foreign_page


def test_G10_a_rebound_name_is_not_ours() -> None:
    """That the page and we are called the same proves nothing: the page's server chose the name."""
    assert not admits_origin(upgrade(("host", "evil.com:18789"), ("origin", "http://evil.com:18789")), NO_PROXIES)


def test_G10_two_origins_are_none() -> None:
    assert not admits_origin(upgrade(HOST, ("origin", OWN[0]), ("origin", OWN[0])), NO_PROXIES)


def test_G10_programs_send_no_origin() -> None:
    assert admits_origin(upgrade(HOST), NO_PROXIES)


def test_G10_listed_pages_may_connect_and_are_foreign() -> None:
    """The owner lets them in; nothing is approved silently for them (threats.md G9)."""
    settings = GatewaySettings(origins=frozenset({"https://Panel.example/"}))
    request = upgrade(HOST, ("origin", "https://panel.example"))
    assert admits_origin(request, settings)
    assert look(request, settings).foreign_page
    assert not admits_origin(upgrade(HOST, ("origin", "https://panel.example:8443")), settings)


def test_pages_on_the_address_that_we_listen_on_are_ours() -> None:
    request = upgrade(("origin", "http://192.0.2.7:18789"), peer="192.0.2.9", own="192.0.2.7")
    assert admits_origin(request, NO_PROXIES)
    assert not look(request, NO_PROXIES).local
    over_tls = upgrade(("origin", "https://[2001:db8::7]:18789"), own="2001:db8::7", secure=True)
    assert admits_origin(over_tls, NO_PROXIES)
