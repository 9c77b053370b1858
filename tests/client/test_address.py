"""Addresses as people write them, and what is none."""

import pytest

from clawdbot.client import address
from clawdbot.errors import UsageError

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("ws://127.0.0.1:18789", "127.0.0.1", 18789),
        (" wss://box.example:8443/path ", "box.example", 8443),
        ("ws://[::1]:1", "::1", 1),
        ("ws://box", "box", 80),
        ("wss://box/", "box", 443),
        ("WS://Box:5", "box", 5),
        ("wss://gw_1.box-2.example.", "gw_1.box-2.example.", 443),
        ("wss://[fe80::7%eth0.1]:5", "fe80::7%eth0.1", 5),
        ("wss://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", 443),
    ],
)
def test_an_address_is_read(url: str, host: str, port: int) -> None:
    """Host and port, the scheme's own where none is named."""
    found = address.read(url)
    assert (found.host, found.port, found.fingerprint) == (host, port, None)


@pytest.mark.parametrize(
    "url",
    [
        *("", "box", "box:18789", "http://box", "ws://", "ws://:5", "ws://box:0", "ws://box:99999", "ws://box:x"),
        *("ws://bo x", "ws://bo\nx", "ws://b\u202eox", "ws://[::1", "//box", "ws:box"),
        *(
            "wss://${HOME}.example",
            "wss://a$b",
            "wss://{a}",
            'wss://"a',
            "wss://a\\b",
            "wss://a,b",
            "wss://a;b",
            "wss://a%0a",
        ),
        *("wss://[::1%${HOME}]", "wss://[::1%]", "wss://[::7::]", "wss://[box]", "wss://[v1.a]", "wss://[]"),
        *("wss://${HOME}[::1]", "wss://[::1]${HOME}", "wss://[::1]5", "wss://[::1]:5:6", "wss://::1"),
    ],
)
def test_what_is_no_gateway_url(url: str) -> None:
    """It is refused with an example. What it is written into may read ``${…}`` as the value of a variable."""
    with pytest.raises(UsageError) as caught:
        address.read(url)
    assert caught.value.hint == "write it like ws://127.0.0.1:18789"


@pytest.mark.parametrize("url", ["ws://me:sesame@box", "ws://sesame@box", "ws://box?token=sesame", "ws://box/#sesame"])
def test_S7_a_secret_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    """URLs end up in logs and lists of processes: credentials have their own place."""
    with pytest.raises(UsageError) as caught:
        address.read(url)
    assert "sesame" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("text", [DIGEST, DIGEST.upper(), ":".join(["AB"] * 32), f"sha256 Fingerprint={DIGEST}"])
def test_a_fingerprint_is_read_in_any_usual_spelling(text: str) -> None:
    """They all name one certificate."""
    assert address.read("wss://box", text).fingerprint == DIGEST


@pytest.mark.parametrize("text", ["ab", "xy" * 32, DIGEST + "ab"])
def test_what_is_no_fingerprint(text: str) -> None:
    """Half a fingerprint must not pass for one."""
    with pytest.raises(UsageError, match="no SHA-256 fingerprint"):
        address.read("wss://box", text)


def test_a_fingerprint_needs_a_certificate() -> None:
    """Over ws:// nothing could be compared, so nothing is claimed."""
    with pytest.raises(UsageError, match="only wss:// has"):
        address.read("ws://box", DIGEST)


def test_an_address_is_shown_inert() -> None:
    """As a line of a log or of the terminal."""
    assert str(address.Address("ws://b\x1box")) == "ws://b\\x1box"
    assert str(address.local(5)) == "ws://127.0.0.1:5"
