"""``clawdbot backup``, ``restore`` and ``import``, on state that the owner's commands made."""

import json
from pathlib import Path

import pytest

from clawdbot.gateway import instance
from clawdbot.service import wall_clock
from clawdbot.store.files import FileStore
from tests.support.command_line import CommandLine
from tests.support.store_moves import KEY, Move


async def waits(cli: CommandLine, sender: str = "7") -> None:
    cli.configure(port=1)
    await FileStore(cli.state).update(KEY, Move("request", sender, wall_clock()))


async def code(cli: CommandLine) -> str:
    requests = (await cli.done("pairing", "list", "telegram", "--json")).json["requests"]
    found: str = requests[0]["code"]
    return found


async def test_a_backup_brings_everything_back(cli: CommandLine, tmp_path: Path) -> None:
    """Approved before, revoked after, restored: in again. What was there meanwhile is kept."""
    await FileStore(cli.state).update(KEY, Move("request", "7"))
    await FileStore(cli.state).update(KEY, Move("approve", "7"))
    file = str(tmp_path / "b.tar.gz")
    said = await cli.done("backup", "--output", file)
    assert "holds secrets" in said.err
    await cli.done("pairing", "revoke", "telegram", "7")
    refused = await cli("restore", file)
    assert (refused.code, "there is state" in refused.err) == (1, True)
    said = await cli.done("restore", file, "--force")
    assert "before-restore-1" in said.out
    allowed = (await cli.done("pairing", "allowlist", "telegram", "--json")).out
    assert '"7"' in allowed


async def test_a_backup_without_a_name_is_a_new_file_here(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.configure(port=1)
    await cli.done("backup")
    (made,) = tmp_path.glob("clawdbot-backup-*.tar.gz")
    assert made.stat().st_mode & 0o777 == 0o600


async def test_nothing_to_keep_is_said(cli: CommandLine, tmp_path: Path) -> None:
    said = await cli("backup", "--output", str(tmp_path / "b"))
    assert (said.code, "there is nothing" in said.err) == (1, True)


async def test_nothing_is_restored_beside_a_running_gateway(cli: CommandLine, tmp_path: Path) -> None:
    """Even by force; a backup is no trouble."""
    cli.configure(port=1)
    with instance.hold(cli.state):
        await cli.done("backup", "--output", str(tmp_path / "b"))
        said = await cli("restore", str(tmp_path / "b"), "--force")
        assert (said.code, "a gateway runs" in said.err) == (1, True)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "node.json").write_text("{}")
        said = await cli("import", "--from", str(tmp_path / "other"))
        assert (said.code, "a gateway runs" in said.err) == (1, True)


async def test_sessions_stay_where_the_backup_has_none(cli: CommandLine, tmp_path: Path) -> None:
    """Restoring approvals does not log WhatsApp out."""
    cli.configure(port=1)
    session = cli.state / "credentials" / "whatsapp" / "default" / "session.db"
    session.parent.mkdir(parents=True, mode=0o700)
    session.write_bytes(b"")
    await cli.done("backup", "--output", str(tmp_path / "b"))
    await cli.done("restore", str(tmp_path / "b"), "--force")
    assert session.exists()


async def test_a_configuration_elsewhere_is_left_as_it_is(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waits(cli)
    await cli.done("backup", "--output", str(tmp_path / "b"))
    elsewhere = tmp_path / "mine.json"
    elsewhere.write_text("{}")
    monkeypatch.setenv("CLAWDBOT_CONFIG_PATH", str(elsewhere))
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(tmp_path / "new"))
    said = await cli.done("restore", str(tmp_path / "b"))
    assert "left as it is" in said.err
    assert elsewhere.read_text() == "{}"
    assert not (tmp_path / "new" / "clawdbot.json").exists()


async def test_import_takes_over_what_is_not_here(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run changes nothing; then requests, configuration and codes are as they were there."""
    await waits(cli)
    wanted = await code(cli)
    (cli.state / "agents").mkdir()
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(tmp_path / "new"))
    said = await cli.done("import", "--from", str(cli.state), "--dry-run")
    assert "would take: credentials/telegram-pairing.json" in said.out
    assert "left out: agents" in said.out
    assert not (tmp_path / "new").exists()
    await cli.done("import", "--from", str(cli.state))
    assert await code(cli) == wanted
    assert "nothing to take" in (await cli.done("import", "--from", str(cli.state))).out
    assert (tmp_path / "new" / "clawdbot.json").stat().st_mode & 0o777 == 0o600


async def test_import_takes_nothing_while_both_say_something_else(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await waits(cli)
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(tmp_path / "new"))
    await FileStore(tmp_path / "new").update(KEY, Move("request", "8"))
    said = await cli("import", "--from", str(cli.state))
    assert said.code == 1
    assert "conflict: credentials/telegram-pairing.json" in said.out
    assert not (tmp_path / "new" / "clawdbot.json").exists()


async def test_S4_import_takes_nothing_from_broken_state(
    cli: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be read fails the whole; a configuration that we refuse is left out with the reason."""
    await waits(cli)
    (cli.state / "clawdbot.json").write_text(json.dumps({"gateway": {"port": "never"}}))
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(tmp_path / "new"))
    said = await cli.done("import", "--from", str(cli.state), "--dry-run")
    assert "left out: clawdbot.json (it could not be used: clawdbot.json:1: gateway.port" in said.out
    (cli.state / "credentials" / "telegram-pairing.json").write_text("[")
    said = await cli("import", "--from", str(cli.state))
    assert (said.code, "nothing was taken" in said.err) == (3, True)
    assert not (tmp_path / "new").exists()


async def test_import_from_itself_is_refused(cli: CommandLine) -> None:
    cli.configure(port=1)
    assert (await cli("import", "--from", str(cli.state))).code == 2
