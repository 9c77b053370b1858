"""The public API: every name is there, costs nothing until it is used, and the documented example runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import clawdbot

LIBRARY = Path(__file__).parents[1] / "docs" / "library.md"


@pytest.mark.parametrize("name", clawdbot.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Each name of ``__all__`` can be had."""
    assert getattr(clawdbot, name) is not None


def test_importing_clawdbot_imports_nothing_else() -> None:
    """The package alone loads none of its modules, so that a command pays only for what it uses."""
    code = "import sys, clawdbot; print([name for name in sys.modules if name.startswith('clawdbot.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SAMPLES = re.findall(r"```python\n(.*?)```", LIBRARY.read_text("utf-8"), re.DOTALL)
"""The samples of docs/library.md: each is a program, to be pasted into a file of its own."""


def run(block: str, where: Path, *, typed: str = "") -> str:
    """What a sample prints; it must not end in a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", block], input=typed, capture_output=True, text=True, check=False, cwd=where
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


def sample(called: str, where: Path, *, typed: str = "") -> str:
    """What the one sample prints in which a name is used."""
    (block,) = (block for block in SAMPLES if called in block)
    return run(block, where, typed=typed)


@pytest.mark.parametrize("block", SAMPLES, ids=range(len(SAMPLES)))
def test_every_sample_runs_as_pasted(block: str, tmp_path: Path) -> None:
    """In an empty folder, with something to say, where no gateway listens and what is typed is no code."""
    assert run(block.replace("ws://127.0.0.1:18789", "ws://127.0.0.1:1"), tmp_path, typed="no code\n")


def test_the_documented_example_runs(tmp_path: Path) -> None:
    """The stranger gets a code, and the next sample lets him in by it."""
    said = sample("door.knock", tmp_path)
    assert "you are in" not in said
    assert (tmp_path / "state/credentials/telegram-pairing.json").is_file()
    code = said.partition("Pairing code: ")[2].partition("\n")[0]
    assert sample("approve_sender", tmp_path, typed=code) == "code: approved\n"
    assert "you are in" in sample("door.knock", tmp_path)


async def test_the_documented_invite_is_made(tmp_path: Path) -> None:
    """It prints a word, and the state holds its invite."""
    said = sample("PersonsService", tmp_path)
    assert re.fullmatch(r"[0-9A-Z]+(-[0-9A-Z]+)+\n", said)
    senders = await clawdbot.Service(clawdbot.FileStore(tmp_path / "state")).read(
        clawdbot.ChannelAccount(clawdbot.Channel.TELEGRAM)
    )
    assert [invite.label for invite in senders.invites.values()] == ["Ada"]
