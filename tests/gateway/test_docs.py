"""The docs tell what every message and every close code that a device may meet means, and what to type next.

The messages are collected from the source: who adds one and tells nobody about it is told so here.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from clawdbot import errors
from clawdbot.cli.app import root
from clawdbot.errors import DoorError
from clawdbot.gateway.connection import NORMAL, POLICY, RESTART, TOO_LARGE

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "clawdbot"
PAIRING = (ROOT / "docs" / "pairing-devices.md").read_text("utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text("utf-8")
TOLD = " ".join((PAIRING + ERRORS).split())
NODE = " ".join((ROOT / "docs" / "node.md").read_text("utf-8").split())

SAYING = {
    "gateway": {
        "Error",
        "invalid",
        "denied",
        "_refused",
        "_refusal",
        "_node_error",
        "DoorError",
        "_close",
        "close",
        "_mark",
    }
    | {"expel_if", "ConfigError", "Refused"},
    "domain/credentials.py": {"CredentialsMissing", "CredentialsWrong"},
    "client": {"GatewayUnavailable", "NoGateway", "InvalidFrame", "Refused", "UsageError", "Closed"},
    "node": {"Refused", "Failed", "_failed"},
}
"""Which calls in which part of the source say something that reaches a client, its terminal or the owner's."""

CODES = {"UNAVAILABLE", "TIMEOUT"}
"""Error codes, which stand beside a message."""


def said() -> Iterator[tuple[str, str]]:
    """Every message, ``…`` for what is filled in, and where it is said."""
    for part, calls in SAYING.items():
        top = SOURCE / part
        for path in sorted(top.rglob("*.py")) if top.is_dir() else [top]:
            tree = ast.parse(path.read_text("utf-8"))
            names = constants(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and called(node) in calls:
                    for argument in node.args:
                        message = text(argument, names)
                        if message and message not in CODES:
                            yield message, f"{path.relative_to(SOURCE)}:{node.lineno}"


def constants(tree: ast.Module) -> dict[str, str]:
    """The module's texts that have a name, and those of other modules that it may use."""
    found = {"ACCESS_CHANGED": "device access changed", "SECRET_CHANGED": "gateway secret changed"}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                    found[target.id] = node.value.value
    return found


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def text(node: ast.expr, names: dict[str, str]) -> str:
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.Name(id=name):
            return names.get(name, "")
        case ast.JoinedStr(values=values):
            return "".join(str(value.value) if isinstance(value, ast.Constant) else "…" for value in values)
        case _:
            return ""


def is_told(message: str, docs: str) -> bool:
    """Does the longest part of a message that is always the same stand in the docs?"""
    return max((part.strip() for part in message.split("…")), key=len) in docs


def test_every_message_is_told_of() -> None:
    """On the wire, in a close frame, over HTTP, at the terminal of a client or a node."""
    found = list(said())
    assert len(found) > 70
    untold = {f"{where}: {message}" for message, where in found if not is_told(message, TOLD + NODE)}
    assert untold == set()


def test_a_message_that_is_not_told_of_would_be_found() -> None:
    """The check can fail: also for one of which only the beginning is filled in."""
    assert not is_told("the moon is not connected", TOLD)
    assert not is_told("… is not to be seen from …", TOLD)


@pytest.mark.parametrize("check", [one for one in vars(errors).values() if DoorError in getattr(one, "__mro__", ())])
def test_every_check_at_the_door_is_told_of(check: type[DoorError]) -> None:
    """With its close code, where that is not the usual one."""
    assert check.text in TOLD
    assert check.close_code == POLICY or f"`{check.text}` ({check.close_code})" in PAIRING


@pytest.mark.parametrize("mode", ["token", "password"])
@pytest.mark.parametrize("problem", ["missing", "mismatch", "not configured"])
def test_what_is_wrong_with_credentials_is_told_of(mode: str, problem: str) -> None:
    """The reference's clients show these words."""
    assert re.search(rf"(unauthorized: gateway|…) {mode} {problem}", TOLD)


@pytest.mark.parametrize("code", [NORMAL, POLICY, TOO_LARGE, RESTART, 1002, 1006, 4000])
def test_every_close_code_is_told_of(code: int) -> None:
    assert re.search(rf"\| {code}\b|\({code}\)", PAIRING)


def test_every_class_is_told_of() -> None:
    """Those that are drawn in the tree."""
    drawn = re.findall(r"── (\w+) ", errors.__doc__ or "")
    assert [name for name in drawn if f"`{name}`" not in ERRORS] == []


def commands() -> Iterator[list[str]]:
    """Every command of ours that the page shows: typed behind a prompt, or quoted."""
    for found in re.findall(r"\$ +(?:\w+=\S+ )*(clawdbot [^\n]*)|`(clawdbot [^`]*)`", PAIRING):
        yield shlex.split(" ".join("".join(found).split()))[1:]


def test_the_commands_that_are_shown_exist() -> None:
    """Words and options; what is filled in is not tried. Of the reference's node host, the same are ours."""
    shown = list(commands())
    assert len(shown) > 30
    for words in shown:
        assert unknown(words) == [], " ".join(words)


def unknown(words: list[str]) -> list[str]:
    """The options of a command line that no command on its way takes."""
    context = click.Context(root, info_name="clawdbot")
    options = {name for parameter in root.get_params(context) for name in parameter.opts}
    command: click.Command = root
    for word in words:
        following = command.get_command(context, word) if isinstance(command, click.Group) else None
        if following is not None:
            command = following
            options |= {name for parameter in command.get_params(context) for name in parameter.opts}
    if isinstance(command, click.Group) and not command.invoke_without_command and words:
        return words
    return [word for word in words if word.startswith("--") and word not in options]


def test_links_within_the_pages_lead_somewhere() -> None:
    """Headings that the tables point to."""
    for page, content in (("pairing-devices.md", PAIRING), ("errors.md", ERRORS)):
        for target, anchor in re.findall(r"\]\(([\w/.-]*)#([\w-]+)\)", content):
            linked = (ROOT / "docs" / (target or page)).read_text("utf-8")
            headings = {slug(line) for line in linked.splitlines() if line.startswith("#")}
            assert anchor in headings, f"{page} → {target}#{anchor}"


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lstrip("# ").lower()).replace(" ", "-")
