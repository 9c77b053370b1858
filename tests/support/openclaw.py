"""State directories of OpenClaw, and its tables in memory: the columns that are known, without their types."""

import json
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Final

from clawdbot.backup.sqlite_source import Table, Tables, Value
from clawdbot.backup.successor import DATABASE, FOLDER, SHAPES
from clawdbot.domain.names import Role
from clawdbot.store.device_rows import DEVICES
from tests.support.devices import identity, paired

RECORDED: Final = Path(__file__).parents[1] / "vectors" / "openclaw" / "state.sql"
"""Written by OpenClaw 2026.9.6; what it migrated, and what its gateway added."""

ASKED: Final = "2026-11-22T17:13:14.030Z"

Rows = Mapping[str, Iterable[Mapping[str, Any]]]
"""By table; what is not said of a row is empty."""


def tables(rows: Rows) -> Tables:
    """All the tables that there are, with these rows in them."""
    return {name: table(name, *rows.get(name, ())) for name in SHAPES}


def table(name: str, *rows: Mapping[str, Value]) -> Table:
    columns = {column for row in rows for column in row} | SHAPES[name].known
    return Table(frozenset(columns), tuple(dict.fromkeys(columns) | dict(row) for row in rows))


def database(state_dir: Path, rows: Rows, *, version: int = 18) -> Path:
    """A state directory's database, as a gateway that was stopped leaves it."""
    path = state_dir / FOLDER / DATABASE
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute(f"PRAGMA user_version = {version}")
        made.execute("BEGIN")
        for name, content in tables(rows).items():
            columns = sorted(content.columns)
            made.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            made.executemany(
                f"INSERT INTO {name} VALUES ({marks})", [[row[column] for column in columns] for row in content.rows]
            )
        made.execute("COMMIT")
    return path


def recorded(state_dir: Path) -> Path:
    """A state directory's database as the real OpenClaw wrote it."""
    path = state_dir / FOLDER / DATABASE
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as made:
        made.executescript(RECORDED.read_text())
    return path


def elsewhere(path: Path, *statements: str) -> Popen[str]:
    """Another program that has a database open; it made these changes, and they are in the log alone."""
    child = Popen([sys.executable, "-c", _PROGRAM, str(path), *statements], stdin=PIPE, stdout=PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


_PROGRAM: Final = """
import sqlite3, sys
made = sqlite3.connect(sys.argv[1], isolation_level=None)
made.execute("PRAGMA journal_mode = WAL")
made.execute("PRAGMA wal_autocheckpoint = 0")
for statement in sys.argv[2:]:
    made.execute(statement)
print("open", flush=True)
sys.stdin.read()
"""


def content(state_dir: Path) -> dict[str, bytes]:
    """Every file, and every byte of it."""
    return {str(path.relative_to(state_dir)): path.read_bytes() for path in state_dir.rglob("*") if path.is_file()}


# --- rows ------------------------------------------------------------------------------------------------------------


def allows(entry: object, channel: object = "telegram", account: object = "default", **more: Any) -> dict[str, Any]:
    return {"channel_key": channel, "account_id": account, "entry": entry, "sort_order": 0, **more}


def waits(id: object, code: object = "JHVGNPZU", channel: object = "telegram", **more: Any) -> dict[str, Any]:
    asked = {"created_at": ASKED, "last_seen_at": ASKED}
    return {"channel_key": channel, "account_id": "default", "request_id": id, "code": code, **asked, **more}


def device(*scopes: str, **more: Any) -> dict[str, Any]:
    """The first device, approved for those operator scopes."""
    made = paired(*scopes, roles=more.pop("roles", (Role.OPERATOR,)))
    assert made.paired is not None
    return row_of(made.id, DEVICES.write_paired(made.id, made.paired)) | more


def row_of(id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record of ``devices/paired.json`` as OpenClaw moves it into its table."""
    surface = {"node_surface_json": "{}"} if "node" in record["roles"] else {}
    return {
        "device_id": id,
        "public_key": record["publicKey"],
        "display_name": record.get("displayName"),
        "operator_label": record.get("alias"),
        "platform": record.get("platform"),
        "client_id": record.get("clientId"),
        "client_mode": record.get("clientMode"),
        "remote_ip": record.get("remoteIp"),
        "role": record["role"],
        "roles_json": json.dumps(record["roles"]),
        "scopes_json": _json(record.get("scopes")),
        "tokens_json": _json(record.get("tokens")),
        "created_at_ms": record["createdAtMs"],
        "approved_at_ms": record["approvedAtMs"],
        **surface,
    }


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value)


def mine(**more: Any) -> dict[str, Any]:
    """The identity of the machine itself, which is the first device."""
    key = identity()
    return {
        "identity_key": "primary",
        "device_id": key.device_id,
        "public_key_pem": key.public_key.pem,
        "private_key_pem": key.private_pem(),
        "created_at_ms": 1,
        "updated_at_ms": 2,
        **more,
    }


def token(secret: str = "a" * 32, **more: Any) -> dict[str, Any]:
    """What a gateway gave the machine itself."""
    given = {"device_id": identity().device_id, "role": "operator", "token": secret, "scopes_json": "[]"}
    return {**given, "updated_at_ms": 3, **more}


def asks(**more: Any) -> dict[str, Any]:
    """The second device, which waits."""
    key = identity(2)
    asked = {"request_id": "r-1", "device_id": key.device_id, "public_key": str(key.public_key), "role": "node"}
    return {**asked, "scopes_json": "[]", "ts": 5, "silent": 0, "is_repair": 0, **more}
