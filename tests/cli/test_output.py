"""How the command line speaks, whatever it has to quote."""

import json

import pytest

from clawdbot.cli import output
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
