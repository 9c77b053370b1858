"""How the command line speaks: tables for people, JSON for scripts, one error line and one hint line."""

import json
import re
import shlex
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from contextvars import ContextVar

import click

from clawdbot.domain.texts import is_inert, visible
from clawdbot.errors import ClawdbotError

LONGEST = 2_000
"""Characters in a line that says what is wrong."""

_PROFILE: ContextVar[str] = ContextVar("profile", default="")
_NAMES: ContextVar[frozenset[str]] = ContextVar("names", default=frozenset())
_ELSEWHERE = ("other machine: ", "gateway's machine: ", "on the node: ", 'check words, which "')
"""Behind these stands a command for another machine, which has profiles of its own."""

_COMMAND = re.compile("".join(f"(?<!{re.escape(words)})" for words in _ELSEWHERE) + r"\bclawdbot (?P<name>[a-z]+)\b")


def speak_of(profile: str | None, names: Iterable[str]) -> None:
    """From now on our own commands are spelled for a profile, so that what is pasted acts on the same state.

    Args:
        names: the commands, which tell them from other words behind ours.
    """
    _PROFILE.set(shlex.quote(profile.strip()) if profile and profile.strip() else "")
    _NAMES.set(frozenset(names))


def spelled(text: str) -> str:
    """A text with the commands in it as they must be typed here: with the profile, if one was given."""
    profile = _PROFILE.get()
    return _COMMAND.sub(lambda found: _with(profile, found), text) if profile else text


def _with(profile: str, found: re.Match[str]) -> str:
    return f"clawdbot --profile {profile} {found['name']}" if found["name"] in _NAMES.get() else found[0]


def say(line: str = "") -> None:
    """One line to the person or the pipe."""
    click.echo(spelled(line))


def hint(text: str) -> None:
    """What to do next, beside the output."""
    _complain("hint", spelled(text))


def warn(text: str) -> None:
    """What went wrong without stopping the command."""
    _complain("warning", spelled(text))


def _complain(kind: str, text: str) -> None:
    """One line, whatever it quotes: what was typed may have come from a stranger by copy and paste."""
    click.echo(f"clawdbot: {kind}: {visible(text, LONGEST)}", err=True)


def as_json(value: object) -> None:
    """Machine-readable output: two-space indent, as the reference prints it.

    What could move a cursor or reorder a line is spelled with ``\\u``, which says the same to a program: people look at
    this too (threats.md S7).
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    inert = "".join(one if one == "\n" or is_inert(one) else json.dumps(one)[1:-1] for one in text)
    click.echo(inert.encode("utf-8"))  # whatever the terminal's encoding: JSON is UTF-8


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Aligned columns. Cells may hold text from outside: they are made inert here."""
    cells = [list(headings), *([spelled(visible(cell)) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    for row in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def report(error: ClawdbotError) -> int:
    """Print an error the one way errors are printed; returns the exit code."""
    _complain("error", error.message)
    if error.hint:
        hint(error.hint)
    sys.stdout.flush()
    return error.exit_code
