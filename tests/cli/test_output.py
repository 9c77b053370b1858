"""How the command line speaks, whatever it has to quote."""

import ast
import json
import re
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from clawdbot.cli import output
from clawdbot.cli.app import COMMANDS
from clawdbot.errors import UsageError

NASTY = "a\x1b[2J\x9b2J\u202eb\x7f\n\U000e0041\ud800"


def test_S7_an_error_quotes_what_was_typed_without_obeying_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences that were pasted into a command line move no cursor, and make no second line."""
    assert output.report(UsageError(f"there is no channel {NASTY}", hint=NASTY)) == 2
    output.warn(NASTY)
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 3
    assert said.isascii()
    assert said.replace("\n", "").isprintable()


def test_S7_json_is_inert_on_a_terminal_and_the_same_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """What a name can hold is escaped where it is more than a letter; letters stay letters."""
    output.as_json({"name": f"Алиса 👋 {NASTY}"})
    said = capsys.readouterr().out
    assert json.loads(said) == {"name": f"Алиса 👋 {NASTY}"}
    assert "Алиса 👋" in said
    assert said.replace("\n", "").isprintable()


# --- our own commands, as they are to be typed here ------------------------------------------------------------------

SOURCE = Path(output.__file__).parents[1]

FOR_ANOTHER_MACHINE = {
    "On the other machine: clawdbot node run --pair -   (it asks for the code)",
    "On the other machine: clawdbot devices pair -   (it asks for the code)",
    "; on the gateway's machine: clawdbot qr",
    " to its end; on the gateway's machine: clawdbot qr",
    "this device may not do that; on the gateway's machine: clawdbot devices list",
    "other requests come first; on the gateway's machine: clawdbot devices list",
    "the node's owner says what runs there, on the node: clawdbot node allow PROGRAM",
    'check words, which "clawdbot devices list" must show, too: ',
}

PRINTERS = {"cli/output.py", "cli/app.py", "cli/gateway_service.py"}
"""What prints by itself: the one way of speaking, usage, and a unit file."""


def in_profile(name: str | None, text: str) -> str:
    def spell() -> str:
        output.speak_of(name, COMMANDS)
        return output.spelled(text)

    return copy_context().run(spell)


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text in a module that is not its documentation."""
    documents = {
        id(body[0].value)
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list) and body and isinstance(body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def test_every_command_in_a_text_is_spelled_with_the_profile() -> None:
    """Whatever names a command of ours is what can be pasted; but for what is to be typed on another machine."""
    named = re.compile(rf"\bclawdbot (?:{'|'.join(COMMANDS)})\b")
    found = {text for path in SOURCE.rglob("*.py") for text in texts(ast.parse(path.read_text("utf-8")))}
    naming = {text for text in found if named.search(text)}

    assert len(naming) > 50
    assert {text for text in naming if named.search(in_profile("r", text))} == FOR_ANOTHER_MACHINE & naming


def test_nothing_is_printed_past_the_one_way_of_speaking() -> None:
    """A command that printed by itself would forget the profile, and what strangers' names can hold."""
    printing = {
        str(path.relative_to(SOURCE))
        for path in (SOURCE / "cli").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"click.echo", "click.secho", "print"}
    }
    assert printing == PRINTERS


@pytest.mark.parametrize(
    ("profile", "text", "spelled"),
    [
        ("r", 'run "clawdbot status"', 'run "clawdbot --profile r status"'),
        (" r ", "clawdbot qr, clawdbot owner", "clawdbot --profile r qr, clawdbot --profile r owner"),
        ("a b", "clawdbot status", "clawdbot --profile 'a b' status"),
        ("r", "run clawdbot as the user", "run clawdbot as the user"),
        ("r", "clawdbot --profile NAME gateway", "clawdbot --profile NAME gateway"),
        ("r", "on this machine: clawdbot qr", "on this machine: clawdbot --profile r qr"),
        ("r", "on the gateway's machine: clawdbot qr", "on the gateway's machine: clawdbot qr"),
        (None, 'run "clawdbot status"', 'run "clawdbot status"'),
        ("", "clawdbot status", "clawdbot status"),
    ],
)  # fmt: skip
def test_a_command_is_spelled_for_the_profile(profile: str | None, text: str, spelled: str) -> None:
    """With the one that was given, once, and only where a command stands."""
    assert in_profile(profile, text) == spelled
    assert in_profile(profile, spelled) == spelled
