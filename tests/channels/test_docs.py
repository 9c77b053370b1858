"""docs/channels: every command parses, every example loads, and what the tables say is said by the code."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from clawdbot.cli.app import root
from clawdbot.config.platforms import keys
from clawdbot.domain.names import Channel
from tests.support.configs import Desk

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "channels"
SOURCE = ROOT / "src" / "clawdbot"

OWN_KEYS = {"enabled", "token", "botToken", "appToken", "tokenFile", "accounts"}
"""What channels have beside the keys of their platforms."""

BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)

LEAST = 8
"""Shorter pieces of a message tell nothing."""

pytestmark = pytest.mark.parametrize("channel", list(Channel), ids=str)


def page(channel: Channel) -> str:
    return (DOCS / f"{channel}.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [block for name, block in BLOCK.findall(text) if name == language]


def commands(text: str) -> Iterator[list[str]]:
    """Every command of ours in a text, in a block or in a sentence."""
    lines = [line.strip() for block in blocks(text, "") for line in block.splitlines()]
    sentences = re.findall(r"`([^`]+)`", BLOCK.sub("", text))
    for line in [*lines, *(" ".join(sentence.split()) for sentence in sentences)]:
        if line.startswith("clawdbot "):
            yield shlex.split(line.replace("<CODE>", "K7QMRX2D").replace("<id>", "7"), comments=True)[1:]


def parse(words: list[str]) -> None:
    """Read a command line as the program does, and do not run it."""
    command: click.Command = root
    ctx, rest = click.Context(root), words
    while isinstance(command, click.Group) and rest:
        name, found, rest = command.resolve_command(ctx, rest)
        assert name is not None
        assert found is not None
        command, ctx = found, click.Context(found, info_name=name, parent=ctx)
    command.make_context(ctx.info_name, rest)


def said(*files: Path) -> set[str]:
    """All texts in the source, with what is filled in left out."""
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(piece.strip(" :;,") for piece in re.split(r"\{[^}]*\}|%[sd]|\|", node.value))
    return found


def shown(text: str) -> Iterator[str]:
    """The messages in the first column of a page's table."""
    for row in re.findall(r"^\| (.*?) \| ", re.sub(r"(?s)^.*?\n\| it says", "| it says", text), re.MULTILINE):
        cell = row.split(" | ")[0]
        if cell != "it says":
            yield from re.findall(r"`([^`]+)`", cell) or [cell]


def test_every_command_parses(channel: Channel) -> None:
    """And the page leads all the way: add, run, list, approve."""
    found = list(commands(page(channel)))
    for words in found:
        parse(words)
    for step in (
        ["channels", "add", channel],
        ["gateway"],
        ["pairing", "list", channel],
        ["pairing", "approve", channel],
    ):
        assert any(words[: len(step)] == step for words in found), step


def test_every_example_loads(tmp_path: Path, channel: Channel) -> None:
    desk, text = Desk(tmp_path), page(channel)
    for example in blocks(text, "json5"):
        assert desk.errors(example) == []
    for example in blocks(text, "json"):
        json.loads(example)


def test_every_key_that_a_page_names_is_read(channel: Channel) -> None:
    named = re.findall(rf"channels\.{channel}\.(\w+)", page(channel))
    assert set(named) <= keys(channel) | OWN_KEYS


def test_what_the_table_says_is_said(channel: Channel) -> None:
    """So that whoever searches a page for what he was told finds it."""
    pieces = said(
        SOURCE / "gateway" / "supervisor.py",
        *(SOURCE / "channels").glob("*.py"),
        *(SOURCE / "channels" / channel).glob("*.py"),
    )
    telling = {piece for piece in pieces if len(piece) >= LEAST}
    messages = list(shown(page(channel)))
    assert messages
    for message in messages:
        for part in re.split(r"…|: |\d+", message):
            if len(part.strip()) >= LEAST:
                assert any(part.strip() in piece or piece in part for piece in telling), part
