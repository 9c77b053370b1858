"""Asking at the terminal: a real one, with a program in its foreground, and somebody who types."""

import os
import pty
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clawdbot.node.terminal import LONGEST, Nobody, Terminal, open_terminal

ROOT = Path(__file__).parents[2]

ASK = """
    import asyncio, sys
    sys.path.insert(0, "src")
    from clawdbot.node.terminal import open_terminal

    async def main():
        print("ready", flush=True)
        sys.stdin.buffer.raw.read(1) if "wait" in sys.argv else None
        terminal = open_terminal()
        terminal._patience = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
        print("answer:", await terminal.ask(sys.argv[1], "/home/owner", ""), flush=True)

    asyncio.run(main())
"""


class Typist:
    """Somebody at a terminal in which a program runs."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.seen = ""

    def types(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def reads(self, text: str) -> str:
        """Read until the terminal shows a text; everything so far."""
        while text not in self.seen:
            try:
                data = os.read(self._fd, 4096)
            except OSError:  # the other end is closed
                data = b""
            assert data, f"never shown: {text!r} in {self.seen!r}"
            self.seen += data.decode("utf-8", "replace")
        return self.seen


@contextmanager
def terminal(*arguments: str, foreground: bool = True) -> Iterator[Typist]:
    """The program that asks, in a terminal of its own."""
    owner, tty = pty.openpty()
    source = textwrap.dedent(ASK)
    lead = "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
    last = "os.execv(sys.executable, [sys.executable, '-c', *sys.argv[1:]])"
    run = last if foreground else f"pid = os.fork() or (os.setpgid(0, 0), {last}); os.waitpid(pid, 0)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{lead}; {run}", source, *arguments],
        stdin=tty, stdout=tty, stderr=tty, cwd=ROOT, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    os.close(tty)
    try:
        yield Typist(owner)
    finally:
        process.kill()
        process.wait()
        os.close(owner)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("y\n", "True"), ("yes\n", "True"), (" Y \n", "True"), ("n\n", "False"), ("\n", "False"), ("yy\n", "False")],
)
def test_the_owner_answers(typed: str, answer: str) -> None:
    """A plain yes is one; anything else is no."""
    with terminal("/usr/bin/uname -a") as owner:
        shown = owner.reads("[y/N] ")
        assert "/usr/bin/uname -a" in shown
        assert "/home/owner" in shown
        owner.types(typed)
        owner.reads(f"answer: {answer}")


def test_what_was_typed_before_the_question_is_no_answer() -> None:
    """A yes to something else, or a key that fell on the keyboard."""
    with terminal("/usr/bin/uname", "30", "wait") as owner:
        owner.reads("ready")
        owner.types("?y\ny\ny\n")
        owner.reads("[y/N] ")
        owner.types("n\n")
        owner.reads("answer: False")


def test_no_answer_is_no() -> None:
    """After a while."""
    with terminal("/usr/bin/uname", "0.05") as owner:
        owner.reads("answer: False")


def test_the_end_of_the_input_is_no() -> None:
    """Ctrl-D."""
    with terminal("/usr/bin/uname") as owner:
        owner.reads("[y/N] ")
        owner.types("\x04")
        owner.reads("answer: False")


def test_S7_what_is_shown_is_inert() -> None:
    """A command cannot clear the screen, move what is above it, or look like another one."""
    with terminal("/bin/echo '\x1b[2J\u202e'") as owner:
        shown = owner.reads("[y/N] ")
        assert "\x1b" not in shown
        assert r"\x1b[2J\u202e" in shown


def test_what_is_too_long_to_be_read_is_not_asked() -> None:
    """Nobody could know what he says yes to."""
    with terminal("/bin/echo " + "x" * LONGEST) as owner:
        assert "y/N" not in owner.reads("answer: None")


def test_in_the_background_nobody_can_be_asked() -> None:
    """Reading from the terminal would stop the node host."""
    with terminal("/usr/bin/uname", foreground=False) as owner:
        assert "y/N" not in owner.reads("answer: None")


async def test_without_a_terminal_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service, a pipe."""
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        asker = open_terminal()
    assert isinstance(asker, Nobody)
    assert await asker.ask("x", "/", "") is None
    assert not isinstance(asker, Terminal)
