"""The public API: every name is there, costs nothing until it is used, and the documented example runs."""

import re
import subprocess
import sys
import textwrap
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


def test_the_documented_example_runs(tmp_path: Path) -> None:
    """The first block of docs/library.md, run as it stands: the stranger gets a code."""
    block = re.findall(r"```python\n(.*?)```", LIBRARY.read_text("utf-8"), re.DOTALL)[0]
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Pairing code: " in done.stdout
    assert "you are in" not in done.stdout
    assert (tmp_path / "state/credentials/telegram-pairing.json").is_file()


async def test_the_documented_invite_is_made(tmp_path: Path) -> None:
    """The block about invites, with the imports of the first one: it prints a word, and the state holds its invite."""
    blocks = re.findall(r"```python\n(.*?)```", LIBRARY.read_text("utf-8"), re.DOTALL)
    imports, _, _ = blocks[0].partition("async def")
    (block,) = (block for block in blocks if "PersonsService" in block)
    code = f"{imports}\nasync def main() -> None:\n{textwrap.indent(block, '    ')}\nasyncio.run(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert re.fullmatch(r"[0-9A-Z]+(-[0-9A-Z]+)+\n", done.stdout)
    senders = await clawdbot.Service(clawdbot.FileStore(tmp_path / "state")).read(
        clawdbot.ChannelAccount(clawdbot.Channel.TELEGRAM)
    )
    assert [invite.label for invite in senders.invites.values()] == ["Ada"]
