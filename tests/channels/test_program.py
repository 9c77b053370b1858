"""Programs beside us: real processes, and nothing of them left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clawdbot.channels import program
from clawdbot.channels.program import OVERLONG, Program
from tests.support.programs import Signal, belongings, wait_until_gone
from tests.support.waiting import eventually

LIMIT = 100_000


@pytest.fixture(autouse=True)
async def _nothing_left() -> AsyncIterator[None]:
    """Fails a test that leaves a child, a zombie or a descriptor behind."""
    before = belongings()
    yield
    await eventually(lambda: belongings() == before, "nothing is left behind")


def python(source: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", f"import os, signal, subprocess, sys, time\n{source}"]


async def start(argv: list[str]) -> Program:
    return await program.start(argv, None, None, LIMIT)


async def writing(running: Program) -> None:
    while True:
        await running.write(b"hello\n")
        await asyncio.sleep(0)


async def lines(running: Program) -> list[bytes]:
    found = []
    while (line := await running.line()) is not None:
        found.append(line)
    return found


async def test_it_speaks_and_ends_with_its_input() -> None:
    """What it is sent comes back from ``cat``; the end of its input is its own end, without a signal."""
    cat = await start(["cat"])
    await cat.write(b"one\ntwo\n")
    assert [await cat.line(), await cat.line()] == [b"one\n", b"two\n"]
    assert cat.returncode is None

    await cat.end()

    assert cat.returncode == 0


async def test_the_output_ends_with_a_line_that_may_lack_its_end() -> None:
    """Whatever came is told, then the end; so it is for a program that ended by itself."""
    running = await start(["sh", "-c", "echo one; printf two; exit 3"])
    assert await lines(running) == [b"one\n", b"two"]
    await running.exited.wait()
    await running.end()
    assert running.returncode == 3


@pytest.mark.parametrize("length", [LIMIT, LIMIT + 1, 2 * LIMIT, 5 * LIMIT])
async def test_S8_a_line_that_is_too_long_is_passed_over_and_the_next_is_whole(length: int) -> None:
    """However much too long, and whether its end is in sight or not."""
    source = f"os.write(1, b'x' * {length} + b'\\n'); os.write(1, b'next\\n')"
    running = await start(python(source))
    first, *others = await lines(running)
    await running.end()
    assert (first is OVERLONG) == (length > LIMIT)
    assert others == [b"next\n"]


async def test_a_program_that_pours_waits_until_it_is_read() -> None:
    """Output is taken in as it is read, not faster; and one that still pours is ended all the same."""
    running = await start(["yes"])
    assert await running.line() == b"y\n"
    await running.end()
    assert running.returncode is not None


async def test_what_it_complains_of_is_kept_within_bounds_and_printable() -> None:
    """The last line of standard error, without what would move a terminal's cursor."""
    running = await start(python("os.write(2, b'x' * 1_000_000 + b'\\n\\x1b[2Jno \\xff access\\n\\n')"))
    assert await lines(running) == []
    await eventually(lambda: running.last_words.endswith("access"))
    await running.end()
    assert running.last_words == "[2Jno \ufffd access"


async def test_a_long_complaint_is_cut() -> None:
    """Two hundred characters tell enough."""
    running = await start(python("os.write(2, b'x' * 10_000)"))
    await eventually(lambda: len(running.last_words) == 201)
    await running.end()


async def test_writing_to_one_that_ended_is_an_error() -> None:
    """Not at once perhaps, but soon, and each time from then on."""
    running = await start(["true"])
    await running.exited.wait()
    with pytest.raises(OSError):
        await asyncio.wait_for(writing(running), 30)
    await running.end()


async def test_writing_to_one_that_does_not_read_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it never read does not hold up its end."""
    monkeypatch.setattr(program, "GRACE", 0.2)
    monkeypatch.setattr(program, "PATIENCE", 0.05)
    running = await start(["sleep", "600"])
    with pytest.raises(TimeoutError):
        await running.write(b"x" * 1_000_000)
    await running.end()
    assert running.returncode == -signal.SIGTERM


STUBBORN = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
os.write(1, b"%d %d\\n" % (os.getpid(), child.pid))
time.sleep(600)
"""


async def pids(running: Program) -> list[int]:
    return [int(pid) for pid in (await running.line() or b"").split()]


async def test_one_that_will_not_end_is_killed_with_all_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """First the end of input, then SIGTERM, then SIGKILL."""
    monkeypatch.setattr(program, "GRACE", 0.1)
    running = await start(python(STUBBORN))
    members = await pids(running)
    await running.end()
    assert running.returncode == -signal.SIGKILL
    for pid in members:
        wait_until_gone(pid)


async def test_impatience_kills_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation while it is given time to end takes that time away."""
    monkeypatch.setattr(program, "GRACE", 600)
    running = await start(python(STUBBORN))
    members = await pids(running)
    ending = asyncio.create_task(running.end())
    await asyncio.sleep(0)
    ending.cancel()
    await asyncio.gather(ending, return_exceptions=True)
    for pid in members:
        wait_until_gone(pid)
    await running.exited.wait()


@pytest.mark.parametrize("own_session", [False, True])
async def test_a_child_that_holds_the_output_delays_nothing(own_session: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in the program's group is ended with it; one elsewhere is out of reach, and not waited for."""
    monkeypatch.setattr(program, "LAST_WORDS", 0.1)
    source = f"child = subprocess.Popen(['sleep', '600'], start_new_session={own_session}); print(child.pid)"
    running = await start(python(source))
    [child] = await lines(running)
    await running.end()
    if own_session:
        os.kill(int(child), signal.SIGKILL)
    wait_until_gone(int(child))


@pytest.mark.parametrize("steps", range(6))
async def test_cancellation_in_the_middle_of_the_start_leaves_nothing(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step of the event loop."""
    monkeypatch.setattr(program, "GRACE", 0.1)
    task = asyncio.create_task(start(["sleep", "600"]))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


STARTS_CAT = """
import asyncio, sys
from clawdbot.channels import program

async def main():
    cat = await program.start(["cat"], None, None, 1000)
    open(sys.argv[1], "w").write(str(cat._group))
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_one_whose_parent_is_killed_ends_too(tmp_path: Path) -> None:
    """kill -9 closes our end of its input, which is what it goes by."""
    ready = Signal(tmp_path / "ready")
    parent = subprocess.Popen([sys.executable, "-c", STARTS_CAT, str(ready)])
    cat = int(ready.read())
    parent.kill()
    parent.wait()
    wait_until_gone(cat)
