"""``clawdbot import`` from OpenClaw. From a directory of the reference's, and ours: ``test_backup.py``."""

from pathlib import Path

import pytest

from clawdbot.backup.successor_devices import PAIRED
from clawdbot.backup.successor_senders import ALLOWED, WAITING
from clawdbot.domain.instants import iso
from clawdbot.service import wall_clock
from clawdbot.store.files import FileStore
from tests.support import openclaw
from tests.support.command_line import CommandLine, Said
from tests.support.devices import TOKEN
from tests.support.openclaw import allows, content, device, waits
from tests.support.store_moves import KEY, Move

CODE = "JHVGNPZU"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Somebody is in, somebody waits, a device is paired; and what OpenClaw has besides."""
    state = tmp_path / ".openclaw"
    now = iso(wall_clock())
    rows = {
        ALLOWED: [allows("7"), allows("*"), allows("29:a", "msteams"), allows("8\u202e\x1b[2J")],
        WAITING: [waits("9", CODE, created_at=now, last_seen_at=now)],
        PAIRED: [device("read", operator_label="Phone")],
    }
    openclaw.database(state, rows)
    (state / "openclaw.json").write_text('{"channels": {"telegram": {"dmPolicy": "open", "allowFrom": ["*"]}}}')
    (state / "credentials").mkdir()
    (state / "credentials" / "telegram-allowFrom.json").write_text('{"version": 1, "allowFrom": ["666"]}')
    return state


async def carry(cli: CommandLine, there: Path, *more: str) -> Said:
    return await cli("import", "--from", str(there), *more)


async def test_what_openclaw_knows_is_known_here_afterwards(cli: CommandLine, there: Path) -> None:
    """A dry run says it and does nothing; then who is in, who waits and what is paired are as they were there."""
    before = content(there)
    said = await carry(cli, there, "--dry-run")
    assert "would take: credentials/telegram-allowFrom.json (1 in)\n" in said.out
    assert not cli.state.exists()
    said = await carry(cli, there)
    assert (said.code, "taken over into" in said.out) == (0, True)
    assert content(there) == before
    senders = (await cli.done("pairing", "allowlist", "telegram", "--json")).out
    assert '"7"' in senders
    assert '"666"' not in senders
    assert CODE in (await cli.done("pairing", "list", "telegram")).out
    assert "Phone" in (await cli.done("devices", "list")).out
    assert not (cli.state / "clawdbot.json").exists()
    assert "nothing to take" in (await carry(cli, there)).out


async def test_what_is_left_out_is_said(cli: CommandLine, there: Path) -> None:
    """Names from outside do no harm to a terminal; codes and tokens are in no line (threats.md S7)."""
    said = await carry(cli, there)
    for line in (
        "left out: openclaw.json (OpenClaw's settings mean other things",
        "left out: credentials/telegram-allowFrom.json (OpenClaw does not read it",
        f'left out: {ALLOWED} telegram/default * ("*" names nobody',
        f"left out: {ALLOWED} msteams (1) (there is no such channel here)",
        f"left out: {ALLOWED} telegram/default 8\\u202e\\x1b[2J (invisible characters",
    ):
        assert line in said.out
    assert CODE not in said.out
    assert TOKEN.reveal() not in said.out


async def test_nothing_is_taken_while_both_say_something_else(cli: CommandLine, there: Path) -> None:
    await FileStore(cli.state).update(KEY, Move("request", "8"))
    said = await carry(cli, there)
    assert (said.code, "conflict: credentials/telegram-pairing.json" in said.out) == (1, True)
    assert not (cli.state / "devices" / "paired.json").exists()


async def test_nothing_is_taken_while_openclaw_runs(cli: CommandLine, there: Path) -> None:
    child = openclaw.elsewhere(there / "state" / "openclaw.sqlite")
    said = await carry(cli, there)
    assert (said.code, "is in use" in said.err) == (1, True)
    child.communicate()
    assert (await carry(cli, there)).code == 0


async def test_S4_nothing_is_taken_from_a_damaged_database(cli: CommandLine, there: Path) -> None:
    (there / "state" / "openclaw.sqlite").write_bytes(b"SQLite format 3\0" + b"\xa5" * 8192)
    said = await carry(cli, there)
    assert (said.code, "nothing was taken" in said.err) == (3, True)
    assert not cli.state.exists()


async def test_before_the_database_there_were_files(cli: CommandLine, there: Path) -> None:
    """A directory of OpenClaw without a database is one of the reference's; its configuration is not."""
    (there / "state" / "openclaw.sqlite").unlink()
    said = await carry(cli, there)
    assert "take: credentials/telegram-allowFrom.json (1 in)" in said.out
    assert "left out: openclaw.json" in said.out
