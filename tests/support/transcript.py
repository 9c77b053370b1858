"""Command-line sessions as text: what stands in ``tests/transcripts/*.txt`` is typed, and the answers are compared.

A transcript is made of

    -- NAME --              a file of the state directory with the lines below; ``@now-90s`` becomes that instant
    $ clawdbot …            a command; ``< text`` behind it is its standard input
    …                       what it prints, standard output first, then standard error; ``[…]`` stands for any text
    [exit 1]                its exit code, if that is not 0

Every command is a process of its own. ``{state}`` stands for the state directory.
"""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawdbot.domain.instants import iso


@dataclass
class Step:
    """One command and what it must answer."""

    line: int
    command: str
    expected: list[str] = field(default_factory=list)


@dataclass
class Transcript:
    """A parsed transcript."""

    files: dict[str, str]
    steps: list[Step]


def parse(text: str) -> Transcript:
    """Read a transcript; lines before the first file or command are its explanation."""
    files: dict[str, str] = {}
    steps: list[Step] = []
    current = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.fullmatch(r"-- (\S+) --", line):
            current = header[1]
            files[current] = ""
        elif line.startswith("$ "):
            current = None
            steps.append(Step(number, line[2:]))
        elif current is not None:
            files[current] += line + "\n"
        elif steps:
            steps[-1].expected.append(line)
    return Transcript(files, steps)


def lay(files: dict[str, str], state: Path) -> None:
    """Write a transcript's files into a state directory, with modes as the programs write them."""
    for name, text in files.items():
        path = state / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = text.replace("{state}", str(state))
        path.write_text(re.sub(r"@now-(\d+)s", lambda age: iso(int((time.time() - int(age[1])) * 1000)), text))
        path.chmod(0o600)


def clawdbot(
    arguments: list[str], state: Path, *, stdin: str = "", by: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process on a state directory; ``by``: a program that runs it in its own way."""
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")}
    return subprocess.run(
        [*by, sys.executable, "-m", "clawdbot", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**environ, "CLAWDBOT_STATE_DIR": str(state), "HOME": str(state.parent)},
    )


def play(step: Step, state: Path) -> tuple[list[str], bool]:
    """Run one command. Returns what it answered, and whether that is what was expected."""
    typed, _, stdin = step.command.partition(" < ")
    program, *arguments = shlex.split(typed.replace("{state}", str(state)))
    assert program == "clawdbot", f"line {step.line}: only clawdbot can be run"
    done = clawdbot(arguments, state, stdin=stdin)
    answer = (done.stdout + done.stderr).splitlines()
    if done.returncode:
        answer.append(f"[exit {done.returncode}]")
    while step.expected and not step.expected[-1]:
        step.expected.pop()
    expected = [line.replace("{state}", str(state)) for line in step.expected]
    while answer and not answer[-1]:
        answer.pop()
    matches = len(answer) == len(expected) and all(map(_matches, expected, answer))
    return answer, matches


def _matches(expected: str, said: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.split("[…]"))
    return re.fullmatch(pattern, said.rstrip()) is not None
