"""``node.json``, and whose token is whose."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from clawdbot.client.token_file import TokenFile
from clawdbot.domain.names import DeviceId, Role
from clawdbot.domain.secret import Secret
from clawdbot.errors import StoreCorrupt, UsageError
from clawdbot.node.record import GatewayAt, GatewayTokens, Record, RecordFile, new_record
from tests.support.recorded import VECTORS

HOME = GatewayAt("gateway.example", 18789)
AWAY = GatewayAt("other.example", 18789)
DEVICE = DeviceId("d" * 64)
PIN = "ab" * 32


def tokens(state: Path, gateway: GatewayAt) -> GatewayTokens:
    return GatewayTokens(TokenFile(state, DEVICE), RecordFile(state), gateway)


def test_the_references_file_is_read_and_written_as_it_is(state: Path) -> None:
    """Byte for byte, in a folder that carries over both ways."""
    recorded = VECTORS / "state" / "node-host" / "node.json"
    state.mkdir(mode=0o700)
    shutil.copy(recorded, state / "node.json")
    record = RecordFile(state).read()
    assert record == Record(
        "a1d5e0fc-0d1f-4f69-9070-81fa589fd09e", "rec-node", GatewayAt("10.231.77.1", 20300, tls=False)
    )
    (state / "node.json").unlink()
    RecordFile(state).keep(record)
    assert (state / "node.json").read_bytes() == recorded.read_bytes()
    assert stat.S_IMODE((state / "node.json").stat().st_mode) == 0o600


def test_a_certificate_is_kept(state: Path) -> None:
    """Under the reference's name for it."""
    record = Record("n1", "box", GatewayAt("h", 1, tls=True, fingerprint=PIN))
    RecordFile(state).keep(record)
    assert json.loads((state / "node.json").read_text())["gateway"]["tlsFingerprint"] == PIN
    assert RecordFile(state).read() == record


def test_nothing_is_kept_at_first(state: Path) -> None:
    """And a new node has a name of its own."""
    assert RecordFile(state).read() is None
    assert new_record("a").node_id != new_record("a").node_id


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version":2,"nodeId":"x"}', '{"version":1,"nodeId":1}', "[" * 10_000]
)
def test_S4_what_cannot_be_read_is_an_error(state: Path, text: str) -> None:
    """It names the file and stays."""
    state.mkdir(mode=0o700)
    (state / "node.json").write_text(text)
    with pytest.raises(StoreCorrupt, match=r"node\.json"):
        RecordFile(state).read()
    with pytest.raises(StoreCorrupt):
        RecordFile(state).keep(new_record("x"))
    assert (state / "node.json").read_text() == text


def test_addresses() -> None:
    """As URLs, IPv6 in brackets; nonsense is refused."""
    assert HOME.address().url == "ws://gateway.example:18789"
    assert GatewayAt("::1", 1, tls=True, fingerprint=PIN).address().url == "wss://[::1]:1"
    for host in ("", "a b", "user@host", "h/path", "h?x"):
        with pytest.raises(UsageError):
            GatewayAt(host).address()


def test_the_same_place() -> None:
    """Is known by host, port and TLS; a certificate may change."""
    assert HOME.is_same_place(GatewayAt("GATEWAY.example", 18789))
    assert not HOME.is_same_place(GatewayAt("gateway.example", 18790))
    assert not HOME.is_same_place(GatewayAt("gateway.example", 18789, tls=True))
    assert not HOME.is_same_place(None)


def test_G15_a_token_is_offered_to_the_gateway_that_gave_it(state: Path) -> None:
    """Not to one that is named on the command line the next time, nor to one that nobody wrote down."""
    RecordFile(state).keep(Record("n1", gateway=HOME))
    tokens(state, HOME).keep(Role.NODE, Secret("home-token"), (), now=1)
    assert tokens(state, HOME).get(Role.NODE) == Secret("home-token")
    assert tokens(state, AWAY).get(Role.NODE) is None
    (state / "node.json").unlink()
    assert tokens(state, HOME).get(Role.NODE) is None


def test_G15_the_token_of_another_gateway_replaces_it(state: Path) -> None:
    """From then on the node belongs to that one, and the first gets nothing of the second."""
    RecordFile(state).keep(Record("n1", "box", HOME))
    tokens(state, HOME).keep(Role.NODE, Secret("home-token"), (), now=1)
    tokens(state, AWAY).keep(Role.NODE, Secret("away-token"), (), now=2)
    assert RecordFile(state).read() == Record("n1", "box", AWAY)
    assert tokens(state, AWAY).get(Role.NODE) == Secret("away-token")
    assert tokens(state, HOME).get(Role.NODE) is None


def test_a_certificate_that_is_new_is_kept_with_the_token(state: Path) -> None:
    """The place is the same: so is the token, until there is another."""
    pinned, anew = (GatewayAt("gateway.example", 18789, tls=True, fingerprint=pin * 32) for pin in ("ab", "cd"))
    RecordFile(state).keep(Record("n1", gateway=pinned))
    tokens(state, pinned).keep(Role.NODE, Secret("old"), (), now=1)
    assert tokens(state, anew).get(Role.NODE) == Secret("old")
    tokens(state, anew).keep(Role.NODE, Secret("new"), (), now=2)
    assert RecordFile(state).read() == Record("n1", gateway=anew)
    assert tokens(state, anew).get(Role.NODE) == Secret("new")


def test_G15_no_crash_leaves_a_token_with_the_wrong_gateway(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever moving to another gateway stops, no token stands beside the name of one that did not give it."""
    givers = {"home-token": HOME, "away-token": AWAY}
    for stop in ("forget", "record", "keep"):
        shutil.rmtree(state, ignore_errors=True)
        RecordFile(state).keep(Record("n1", gateway=HOME))
        tokens(state, HOME).keep(Role.NODE, Secret("home-token"), (), now=1)
        with monkeypatch.context() as broken:
            owner, name = {
                "forget": (TokenFile, "forget"), "record": (RecordFile, "keep"), "keep": (TokenFile, "keep"),
            }[stop]  # fmt: skip
            broken.setattr(owner, name, _crash)
            with pytest.raises(KeyboardInterrupt):
                tokens(state, AWAY).keep(Role.NODE, Secret("away-token"), (), now=2)
        kept = TokenFile(state, DEVICE).get(Role.NODE)
        record = RecordFile(state).read()
        assert record is not None
        assert kept is None or givers[kept.reveal()] == record.gateway


def _crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_other_tokens_of_the_device_are_left_alone(state: Path) -> None:
    """The command line's is not the node's."""
    TokenFile(state, DEVICE).keep(Role.OPERATOR, Secret("operator-token"), (), now=1)
    RecordFile(state).keep(Record("n1", gateway=HOME))
    tokens(state, AWAY).keep(Role.NODE, Secret("away-token"), (), now=2)
    tokens(state, AWAY).forget(Role.NODE, Secret("away-token"))
    assert TokenFile(state, DEVICE).get(Role.OPERATOR) == Secret("operator-token")
    assert TokenFile(state, DEVICE).get(Role.NODE) is None
