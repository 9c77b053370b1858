"""OpenClaw's database as files of the reference's."""

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.backup import sqlite_source, successor
from clawdbot.backup.source import Source
from clawdbot.backup.sqlite_source import Table, Tables
from clawdbot.backup.successor_devices import IDENTITIES, PAIRED, PENDING, TOKENS
from clawdbot.backup.successor_senders import ALLOWED, WAITING
from clawdbot.domain.sender_ids import normalise
from clawdbot.errors import StoreCorrupt
from clawdbot.store import register
from clawdbot.store.device_rows import DEVICES
from clawdbot.store.documents import decode
from clawdbot.store.layout import Part, owner
from tests.support.openclaw import allows, asks, device, mine, recorded, tables, token, waits

VECTORS = Path(__file__).parents[1] / "vectors" / "state"


def test_what_the_real_one_wrote_is_read(tmp_path: Path) -> None:
    """OpenClaw 2026.9.6 moved the reference's own state into its database; we take it out again.

    The devices of then are the same to the letter, but for the node that it paired since: nobody approved what that may
    be asked. Senders are those of then and those that were added for the record.
    """
    recorded(tmp_path)
    found = sqlite_source.read(tmp_path, successor.FOLDER, successor.DATABASE, successor.SHAPES)
    assert found is not None
    source = successor.source(found, {}, [])
    for name in ("devices/paired.json", "identity/device.json"):
        assert json.loads(source.files[name]) == json.loads((VECTORS / name).read_bytes())
    assert {
        name: json.loads(source.files[f"credentials/{name}-allowFrom.json"])["allowFrom"] for name in SENDERS
    } == SENDERS
    (waiting,) = json.loads(source.files["credentials/telegram-work-pairing.json"])["requests"]
    assert (waiting["id"], waiting["meta"]) == ("444", {"username": "bob"})
    (own,) = json.loads(source.files["identity/device-auth.json"])["tokens"].values()
    assert (
        own["token"] == json.loads((VECTORS / "identity/device-auth.json").read_bytes())["tokens"]["operator"]["token"]
    )
    assert [called.rpartition(" ")[2] for called in source.left_out] == LEFT_OUT


SENDERS = {
    "discord": ["user:42"],
    "imessage": ["user@example.com"],
    "signal": ["signal:+15550109998"],
    "slack": ["U012AB3CD"],
    "telegram": ["222", "555", "111"],
    "telegram-work": ["777"],
    "whatsapp": ["+1 (555) 010-9999"],
}
LEFT_OUT = [
    "state",
    "(2)",
    "(1)",
    "(1)",
    "chat_id:5",
    "@ada",
    "token",
    "dad5bc447f3d07f38202a0be0ba7ee873c990e63747aa4c5c4491f79bfa1a2e6",
]


def test_files_beside_the_database_let_nobody_in() -> None:
    """OpenClaw does not read them either. Its certificate it still has there."""
    beside = {"credentials/telegram-allowFrom.json": b"1", "clawdbot.json": b"2", "gateway/tls/gateway-key.pem": b"3"}
    source = successor.source(tables({ALLOWED: [allows("7")]}), beside, ["openclaw.json"])
    assert json.loads(source.files["credentials/telegram-allowFrom.json"])["allowFrom"] == ["7"]
    assert source.files["gateway/tls/gateway-key.pem"] == b"3"
    assert "clawdbot.json" not in source.files
    assert "doctor --fix" in source.left_out["credentials/telegram-allowFrom.json"]
    assert "openclaw.json" in source.left_out


def test_nothing_in_the_tables_is_no_file() -> None:
    assert successor.source(tables({}), {}, []).files == {}


def without(name: str, column: str = "") -> Tables:
    found = dict(tables({}))
    old = found.pop(name)
    return found | {name: Table(old.columns - {column}, ())} if column else found


@pytest.mark.parametrize(
    ("lacking", "missing"),
    [
        ({}, "channel_pairing_allow_entries"),
        (without(PAIRED), PAIRED),
        (without(PAIRED, "tokens_json"), f"{PAIRED}.tokens_json"),
        (without(ALLOWED, "account_id"), f"{ALLOWED}.account_id"),
    ],
)
def test_S4_a_layout_that_is_not_known_is_refused(lacking: Tables, missing: str) -> None:
    """What says who may what must be where it is looked for: without it, somebody could get more."""
    with pytest.raises(StoreCorrupt, match=f"it has no {missing}"):
        successor.source(lacking, {}, [])


def test_what_came_later_may_be_missing() -> None:
    """The identity of the machine was not always in the database, and not every table had every column."""
    lacking = without(IDENTITIES)
    earlier = {name: table for name, table in lacking.items() if name != TOKENS}
    assert isinstance(successor.source(earlier, {}, []), Source)
    assert isinstance(successor.source(without(PAIRED, "operator_label"), {}, []), Source)


def test_a_file_that_could_not_be_read_here_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(successor, "MAX_BYTES", 10)
    with pytest.raises(StoreCorrupt, match="would be larger"):
        successor.source(tables({ALLOWED: [allows("7")]}), {}, [])


# --- whatever is in it -----------------------------------------------------------------------------------------------

ANYTHING = (
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=9)
    | st.sampled_from(
        ["*", "telegram", "default", "operator", '["operator"]', "[]", "{}", '{"operator": {}}', "NaN", "[" * 99]
    )
)
GOOD = {
    ALLOWED: allows("7"),
    WAITING: waits("8"),
    PAIRED: device("read"),
    PENDING: asks(),
    IDENTITIES: mine(),
    TOKENS: token(),
}


@given(st.sampled_from(sorted(GOOD)), st.data())
def test_S4_whatever_a_row_says_what_comes_of_it_can_be_read(name: str, data: st.DataObject) -> None:
    """A good row with anything in its columns is left out with a reason, or makes a record that can be used."""
    columns = st.sampled_from([*sorted(GOOD[name]), "new_one"])
    changes = data.draw(st.dictionaries(columns, ANYTHING, min_size=1, max_size=3))
    source = successor.source(
        tables({**{each: [row] for each, row in GOOD.items()}, name: [GOOD[name] | changes]}), {}, []
    )
    for file, content in source.files.items():
        account = owner(file.rpartition("/")[2])
        if account is not None:
            part = Part.ALLOW_FROM if "allowFrom" in file else Part.PAIRING
            assert decode({part: content}, partial(normalise, account.channel)).notes == ()
    devices = {each: source.files.get(f"devices/{each}") for each in ("paired.json", "pending.json")}
    found = register.decode(DEVICES, devices)
    assert all(row.value is not None for rows in (found.paired, found.pending) for row in rows.values())
