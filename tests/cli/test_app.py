"""What the command line does beside its commands: help, and what the terminal or the pipe behind it cannot take."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from clawdbot.cli.app import root
from clawdbot.domain.names import Channel
from tests.support.transcript import clawdbot, lay

WAITING = """{"version": 1, "requests": [{"id": "7", "code": "ABCDEFGH", "createdAt": "@now-10s",
 "lastSeenAt": "@now-10s", "meta": {"firstName": "\u65e5\u672c \u00d6"}}]}"""


def pairing_list(state: Path, output: int, *words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """``pairing list`` while a stranger with a Japanese name waits."""
    lay({"credentials/telegram-pairing.json": WAITING}, state)
    command = [sys.executable, "-m", "clawdbot", "pairing", "list", *words]
    environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(state), **environ}
    return subprocess.run(command, env=environ, stdout=output, stderr=subprocess.PIPE, timeout=60, check=False)


DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")


def commands(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, by their names."""
    yield " ".join(words), command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from commands(below, *words, name)


@pytest.mark.parametrize(("name", "command"), [pytest.param(*found, id=found[0]) for found in commands(root)])
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    """docs/cli.md names it: by its words, or by its last one beside its sisters (`start`, `stop`)."""
    *_, last = name.split(" ")
    assert name in DOCUMENT or f"`{last}`" in DOCUMENT or last in list(Channel)
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert [word for word in option.opts if word.startswith("--") and word not in DOCUMENT] == []


GROUPS = [pytest.param(command, id=name) for name, command in commands(root) if isinstance(command, click.Group)]


@pytest.mark.parametrize("group", GROUPS)
def test_no_summary_is_cut_off_in_a_list(group: click.Group) -> None:
    """What a command is for is said in one short sentence, in a terminal of 80 characters."""
    listed = group.get_help(click.Context(group, info_name="clawdbot", terminal_width=80)).partition("Commands:")[2]
    assert listed
    assert "..." not in listed


@pytest.mark.parametrize("name", ["channels add", "pairing list", "pairing approve", "pairing block"])
def test_help_lists_the_channels(name: str) -> None:
    """Nobody has to guess how they are spelled."""
    command = dict(commands(root))[name]
    shown = command.get_help(click.Context(command, info_name=name))
    assert "".join(shown.split()).count("{telegram|whatsapp|signal|imessage|discord|slack}") >= 1


@pytest.mark.parametrize("words", [[], ["pairing"], ["channels"]], ids=lambda words: " ".join(words) or "alone")
def test_a_command_that_is_not_finished_shows_its_help(words: list[str], tmp_path: Path) -> None:
    """``clawdbot`` and ``clawdbot pairing`` alone are no mistake to report: the help, where errors go, and exit 2."""
    done = clawdbot(words, tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Usage: {' '.join(['clawdbot', *words])} ")
    assert "error" not in done.stderr


def test_a_terminal_that_is_not_unicode_gets_names_escaped(tmp_path: Path) -> None:
    """A stranger cannot break the list with a name that the terminal has no letters for."""
    done = pairing_list(tmp_path / "state", subprocess.PIPE, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u65e5\\u672c \xd6" in done.stdout
    machine = pairing_list(tmp_path / "state", subprocess.PIPE, "--json", PYTHONIOENCODING="latin-1")
    assert json.loads(machine.stdout.decode("utf-8"))["channels"][0]["requests"][0]["meta"] == {"firstName": "日本 Ö"}


def test_output_that_cannot_be_written_is_an_error_like_others(tmp_path: Path) -> None:
    """One error line, one hint line and exit 3 where the output goes to a full disk."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = pairing_list(tmp_path / "state", full)
    finally:
        os.close(full)
    assert done.returncode == 3
    error, hint = done.stderr.decode().splitlines()
    assert error == "clawdbot: error: the output cannot be written: No space left on device"
    assert hint.startswith("clawdbot: hint: ")


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    """``clawdbot pairing list | head -0`` ends without a word."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = pairing_list(tmp_path / "state", writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_what_the_store_warns_of_is_a_warning_line(tmp_path: Path) -> None:
    """Not a bare line of a log: the folder was open to others, and is closed."""
    state = tmp_path / "state"
    lay({"credentials/telegram-pairing.json": WAITING}, state)
    (state / "credentials").chmod(0o755)
    done = clawdbot(["pairing", "list", "--json"], state)
    assert done.stderr == f"clawdbot: warning: {state}/credentials was open to others (mode 755); now it is not\n"


@pytest.mark.parametrize("group", ["pairing", "channels", "gateway"])
def test_the_lists_of_commands_are_whole_in_a_narrow_terminal(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a command does is said in few enough words for 60 columns."""
    monkeypatch.setenv("COLUMNS", "60")
    _, commands = clawdbot([group, "--help"], tmp_path).stdout.split("Commands:")
    assert "..." not in commands
