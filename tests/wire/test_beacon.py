"""What a gateway says about itself on the local network, and what is made of what others say there."""

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.wire.beacon import MOST_TEXT, SERVICE, Beacon, heard, host_label

PRINT = Fingerprint("ab" * 32)
HOME = Beacon("home", "home", 18789)


def told(beacon: Beacon) -> Beacon:
    """What somebody makes of it who hears it."""
    text: dict[bytes, bytes | None] = {key.encode(): value.encode() for key, value in beacon.text().items()}
    return heard(beacon.instance, beacon.server, beacon.port, text)


def test_it_is_said_in_the_words_that_the_apps_know() -> None:
    beacon = Beacon("home", "home", 18789, tls=True, fingerprint=PRINT, more={"sshPort": "22"})
    assert (beacon.instance, beacon.server) == ("home (Clawdbot)._clawdbot-gw._tcp.local.", "home.local.")
    assert beacon.text() == {
        "role": "gateway",
        "transport": "gateway",
        "displayName": "home",
        "lanHost": "home.local",
        "gatewayPort": "18789",
        "gatewayTls": "1",
        "gatewayTlsSha256": PRINT,
        "sshPort": "22",
    }


def test_without_tls_nothing_is_said_of_a_certificate() -> None:
    assert not {"gatewayTls", "gatewayTlsSha256"} & HOME.text().keys()


@given(st.text(min_size=1), st.integers(1, 65535), st.booleans())
def test_what_is_said_is_what_is_heard(name: str, port: int, tls: bool) -> None:
    """Whatever the name: the service's own fits into DNS, and an entry that does not fit is left out."""
    name = name.encode("utf-8", "ignore").decode() or "x"
    beacon = Beacon(name, host_label(name), port, tls, PRINT if tls else None)
    instance = beacon.instance.removesuffix(f".{SERVICE}")
    assert len(instance.encode()) <= 63
    assert instance.endswith(" (Clawdbot)")
    assert all(len(f"{key}={value}".encode()) <= MOST_TEXT for key, value in beacon.text().items())
    found = told(beacon)
    assert (found.host, found.port, found.tls, found.fingerprint) == (beacon.host, port, tls, beacon.fingerprint)
    if "displayName" in beacon.text():
        assert found.name == name


@given(st.text(), st.text(), st.integers(0, 65535), st.dictionaries(st.binary(), st.none() | st.binary()))
def test_S8_anything_can_be_heard(instance: str, host: str, port: int, text: dict[bytes, bytes | None]) -> None:
    """Nothing raises; a fingerprint is one or none."""
    found = heard(instance, host, port, text)
    assert found.fingerprint is None or len(found.fingerprint) == 64


def test_a_name_comes_from_the_service_if_nothing_else_says_it() -> None:
    assert heard(f"den (Clawdbot).{SERVICE}", "den.local.", 1, {}) == Beacon("den", "den", 1)


def test_a_fingerprint_that_is_none_is_not_taken() -> None:
    assert heard("x", "x", 1, {b"gatewayTls": b"1", b"gatewayTlsSha256": b"all is well"}).fingerprint is None


def test_a_machines_name_becomes_one_part_of_a_dns_name() -> None:
    names = {"Box.example.org": "box", "my_box": "my-box", "-": "clawdbot", "": "clawdbot", "ä" * 80: "clawdbot"}
    assert {name: host_label(name) for name in names} == names
    assert host_label("b" * 80) == "b" * 63
