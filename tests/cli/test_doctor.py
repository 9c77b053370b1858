"""The doctor mends modes and leftovers, says what it mended, and is content with what it left behind."""

import stat
from pathlib import Path

from tests.support.transcript import clawdbot, lay

FILES = {
    "clawdbot.json": '{ assistant: { command: ["cat"] } }\n',
    "credentials/telegram-allowFrom.json": '{"version": 1, "allowFrom": ["7"]}\n',
}


def test_S1_what_is_open_to_others_is_closed_and_said(tmp_path: Path) -> None:
    """The state, the folder, a file in it and the configuration: each has its line, once, and then all is in order."""
    state = tmp_path / "state"
    lay(FILES, state)
    paths = [state, state / "credentials", state / "credentials" / "telegram-allowFrom.json", state / "clawdbot.json"]
    for path in paths:
        path.chmod(path.stat().st_mode | 0o044)
    looked = clawdbot(["doctor"], state)
    assert looked.returncode == 1
    mended = clawdbot(["doctor", "--fix"], state)
    assert (mended.returncode, mended.stderr) == (0, "")
    said = mended.stdout.splitlines()
    assert [line.split(": ")[:2] for line in said[: len(paths)]] == [["mended", str(path)] for path in paths]
    assert said[-1] == "Everything is in order."
    assert not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths)
    assert "mended" not in clawdbot(["doctor", "--fix"], state).stdout


def test_what_cannot_be_mended_does_not_hide_the_rest(tmp_path: Path) -> None:
    """A folder that is none is an error that stays, beside the findings and notes about everything else."""
    state = tmp_path / "state"
    lay({"clawdbot.json": FILES["clawdbot.json"]}, state)
    (state / "credentials").write_text("")
    done = clawdbot(["doctor", "--fix"], state)
    assert done.returncode == 1
    assert f"error: {state}/credentials: cannot open {state}/credentials" in done.stdout
    assert "note: no channel is configured" in done.stdout
    assert done.stderr.startswith("clawdbot: warning: not everything could be mended")
