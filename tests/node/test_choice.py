"""Which gateway, and what it may be shown: what is configured for one is shown to no other (threats.md G15)."""

from dataclasses import replace

import pytest

from clawdbot.client import address as addresses
from clawdbot.client.address import Address
from clawdbot.client.setup_code import SetupCode
from clawdbot.domain.connect import Credentials
from clawdbot.domain.fingerprints import Fingerprint
from clawdbot.domain.names import Role
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError
from clawdbot.node import choice
from clawdbot.node.choice import Configured, Said, Wanted
from clawdbot.node.record import GatewayAt, Record

PIN = "ab" * 32
LOCAL = Configured(GatewayAt("127.0.0.1", 18789), Credentials(token=Secret("configured")))
MINE = Record("n1", "box", GatewayAt("gw", 1234, tls=True, fingerprint=PIN))
NOTHING = Credentials()
TOKEN = "from-environment"
WORD = Secret("A" * 43)
CODE = SetupCode(Address("wss://new:7", Fingerprint(PIN)), WORD)


def choose(said: Said, record: Record | None = None, **environ: str) -> Wanted:
    return choice.choose(said, record, LOCAL, environ)


@pytest.mark.parametrize(
    ("said", "record", "expected"),
    [
        (Said(), None, LOCAL.gateway),
        (Said(), Record("n1"), LOCAL.gateway),
        (Said(), MINE, MINE.gateway),
        (Said(port=5), None, GatewayAt("127.0.0.1", 5)),
        (Said(port=5), MINE, GatewayAt("gw", 5, tls=True)),
        (Said(host="other"), MINE, GatewayAt("other", 18789)),
        (Said(host="other", port=5, tls=True), MINE, GatewayAt("other", 5, tls=True)),
        (Said(host="other", fingerprint=PIN), MINE, GatewayAt("other", 18789, tls=True, fingerprint=PIN)),
        (Said(host="[::1]"), None, GatewayAt("::1", 18789)),
        (Said(host="gw", port=1234, tls=True), MINE, MINE.gateway),
        (Said(host="gw", port=1234), MINE, GatewayAt("gw", 1234)),
        (Said(url="ws://other:7"), MINE, GatewayAt("other", 7)),
        (Said(url="wss://other/"), None, GatewayAt("other", 443, tls=True)),
        (Said(url="wss://gw:1234"), MINE, MINE.gateway),
    ],
)
def test_where(said: Said, record: Record | None, expected: GatewayAt) -> None:
    """Named, else its own, else configured; the certificate that a place is known by stays with it."""
    assert choose(said, record).gateway == expected


@pytest.mark.parametrize(
    "said",
    [
        Said(url="ws://h:1", host="h"),
        Said(url="ws://h:1", port=2),
        Said(url="ws://h:1", tls=True),
        Said(url="ws://h:1/path"),
        Said(url="http://h:1"),
        Said(url="ws://h:1", fingerprint=PIN),
    ],
)
def test_contradictions(said: Said) -> None:
    """Are refused rather than guessed at."""
    with pytest.raises(UsageError):
        choose(said)


def test_G15_what_is_configured_is_for_the_configured_gateway() -> None:
    """And is not shown to one that is named on the command line, or that the node belongs to."""
    assert choose(Said()).credentials == LOCAL.credentials
    assert choose(Said(host="127.0.0.1")).credentials == LOCAL.credentials
    assert choose(Said(host="other")).credentials == NOTHING
    assert choose(Said(port=5)).credentials == NOTHING
    assert choose(Said(), MINE).credentials == NOTHING


def test_G15_what_is_configured_is_for_the_certificate_of_the_configured_gateway() -> None:
    """A setup code may name another one for the same address; what its owner names himself is his affair."""
    there, shown = GatewayAt("gw", 1234, tls=True), LOCAL.credentials
    for pin, expected in (("", NOTHING), ("cd" * 32, NOTHING), (PIN, shown), (PIN.upper(), shown)):
        configured = Configured(replace(there, fingerprint=pin), shown)
        assert choice.choose(Said(), MINE, configured, {}).credentials == expected
        assert choice.choose(Said(fingerprint=PIN), MINE, configured, {}).credentials == shown


def test_what_is_given_counts_first() -> None:
    """The command line, then the process's own environment."""
    given = Said(host="other", token="given")
    assert choose(given, CLAWDBOT_GATEWAY_TOKEN=TOKEN).credentials == Credentials(token=Secret("given"))
    assert choose(Said(host="other"), CLAWDBOT_GATEWAY_TOKEN=TOKEN).credentials == Credentials(token=Secret(TOKEN))
    assert choose(Said(), CLAWDBOT_GATEWAY_PASSWORD="p").credentials == Credentials(password=Secret("p"))
    assert choose(Said(password="p"), CLAWDBOT_GATEWAY_TOKEN=TOKEN).credentials == Credentials(password=Secret("p"))
    assert choose(Said(), CLAWDBOT_GATEWAY_TOKEN=" ").credentials == LOCAL.credentials


def test_the_name_is_the_owners() -> None:
    """If he gave one."""
    assert choose(Said(name="box")).name == "box"
    assert choose(Said(), MINE).name is None


def test_addresses_come_and_go() -> None:
    """An address as a place, and back."""
    for url in ("ws://127.0.0.1:18789", "wss://[::1]:5", "wss://h:443"):
        assert choice.at(addresses.read(url)).address().url == url


@pytest.mark.parametrize("record", [None, MINE])
def test_G18_a_setup_code_says_it_all(record: Record | None) -> None:
    """Its gateway is shown its word and nothing else: not what is configured, nor what stands in the environment."""
    wanted = choose(Said(code=CODE, name="box"), record, CLAWDBOT_GATEWAY_TOKEN=TOKEN)
    assert wanted == Wanted(GatewayAt("new", 7, tls=True, fingerprint=PIN), NOTHING, "box", WORD)
    assert "A" * 43 not in repr(wanted)


@pytest.mark.parametrize(
    "said",
    [
        Said(code=CODE, host="new"),
        Said(code=CODE, port=7),
        Said(code=CODE, url="wss://new:7"),
        Said(code=CODE, tls=True),
        Said(code=CODE, fingerprint=PIN),
        Said(code=CODE, token="t"),
        Said(code=CODE, password="p"),
    ],
)
def test_nothing_goes_with_a_setup_code(said: Said) -> None:
    with pytest.raises(UsageError, match="nothing else about it goes with --pair"):
        choose(said)


def test_a_code_for_an_operator_makes_no_node() -> None:
    """It is not even tried: that would count as a wrong one."""
    with pytest.raises(UsageError, match="for an operator"):
        choose(Said(code=SetupCode(CODE.address, WORD, Role.OPERATOR)))
