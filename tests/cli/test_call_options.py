"""The options of every command that asks a gateway."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError


def said(*words: str, timeout_ms: int = 10_000, stdin: str = "") -> tuple[CallOptions, str]:
    """What a command with an argument and the options understands."""
    found: list[tuple[CallOptions, str]] = []

    @click.command()
    @click.argument("name")
    @call_options(timeout_ms)
    def command(options: CallOptions, name: str) -> None:
        """Do something."""
        found.append((options, name))

    result = CliRunner().invoke(command, ["x", *words], input=stdin, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return found[0]


def test_nothing_was_said() -> None:
    """The defaults; a command may have another patience."""
    assert said() == (CallOptions(), "x")
    assert said(timeout_ms=30_000)[0].within == 30


def test_everything_was_said() -> None:
    """Each option by its name, the timeout in milliseconds."""
    words = ["--url", "u", "--token", "t", "--password", "p", "--tls-fingerprint", "f", "--timeout", "1500", "--json"]
    assert said(*words)[0] == CallOptions("u", Secret("t"), Secret("p"), "f", 1.5, True)


def test_G15_an_empty_credential_is_none() -> None:
    """``--token "$UNSET"`` is not a token that opens something."""
    assert said("--token", "", "--password", " ", "--url", "")[0] == CallOptions()


@pytest.mark.parametrize("value", ["0", "-5", "x", "99999999999"])
def test_a_timeout_that_is_none(value: str) -> None:
    """It is refused by name."""
    with pytest.raises(click.BadParameter) as caught:
        said("--timeout", value)
    assert caught.value.format_message().startswith("Invalid value for '--timeout'")


def test_a_secret_does_not_show_where_the_options_do() -> None:
    """S7: not in a traceback that prints them either."""
    shown = repr(said("--token", "sesame", "--password", "sesame")[0])
    assert "sesame" not in shown


def test_S7_a_secret_comes_by_standard_input() -> None:
    """``-``: a line for each of the two, so that neither stands in the list of processes."""
    options, _ = said("--token", "-", "--password", "-", stdin="sesame\nopen\n")
    assert options == CallOptions(token=Secret("sesame"), password=Secret("open"))


def test_G15_a_secret_that_does_not_come_is_not_an_empty_one() -> None:
    """An empty file does not connect without a token as if none were needed."""
    with pytest.raises(UsageError, match="no token came"):
        said("--token", "-", stdin="\n")


def test_S7_a_secret_is_typed_where_nobody_sees_it(tmp_path: Path) -> None:
    """On a terminal it is asked for, and not echoed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "clawdbot", "devices", "list", "--url", "ws://127.0.0.1:9", "--token", "-"]
    environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdin=theirs, stderr=theirs, stdout=theirs, env=environ, start_new_session=True
    ) as child:
        os.close(theirs)
        shown = _until(ours, b"Gateway token: ")
        os.write(ours, b"sesame\n")
        shown += _until(ours, b"clawdbot: error")
        child.wait(60)
    os.close(ours)
    assert b"sesame" not in shown


def _until(terminal: int, words: bytes) -> bytes:
    shown = b""
    while words not in shown:
        shown += os.read(terminal, 1_000)
    return shown
