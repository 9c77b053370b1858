"""What the command line does beside its commands: help, and what the terminal or the pipe behind it cannot take."""

from pathlib import Path

import pytest

from tests.support.transcript import clawdbot


@pytest.mark.parametrize("words", [[], ["pairing"], ["channels"]], ids=lambda words: " ".join(words) or "alone")
def test_a_command_that_is_not_finished_shows_its_help(words: list[str], tmp_path: Path) -> None:
    """``clawdbot`` and ``clawdbot pairing`` alone are no mistake to report: the help, where errors go, and exit 2."""
    done = clawdbot(words, tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Usage: {' '.join(['clawdbot', *words])} ")
    assert "error" not in done.stderr
