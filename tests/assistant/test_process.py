"""One run of a program: real processes, and nothing of them left behind."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from clawdbot.assistant import process
from clawdbot.assistant.process import Finished, TooMuchOutput
from tests.support.programs import Script, Signal, belongings, wait_until_gone

pytestmark = pytest.mark.usefixtures("nothing_left")

LIMIT = 100_000
LARGE = b"x" * 1_000_000
"""More than a pipe holds."""


async def run(argv: Sequence[str], stdin: bytes = b"", *, cwd: Path | None = None) -> Finished:
    return await process.run(argv, stdin, limit=LIMIT, env=dict(os.environ), cwd=cwd)


async def test_it_gives_the_input_and_its_end_and_takes_the_output() -> None:
    """A program that reads to the end comes to an end."""
    assert await run(["cat"], b"bytes\x00\xff") == Finished(0, b"bytes\x00\xff")


@pytest.mark.parametrize(("code", "returncode"), [("exit 3", 3), ("kill -KILL $$", -signal.SIGKILL)])
async def test_it_tells_how_the_program_ended(code: str, returncode: int) -> None:
    """With the output up to there."""
    assert await run(["sh", "-c", f"echo half; {code}"]) == Finished(returncode, b"half\n")


async def test_the_output_may_be_as_long_as_the_limit_and_no_longer(python: Script) -> None:
    """One byte makes the difference."""
    assert len((await run(python(f"os.write(1, bytes({LIMIT}))"))).stdout) == LIMIT
    with pytest.raises(TooMuchOutput):
        await run(python(f"os.write(1, bytes({LIMIT + 1}))"))


async def test_endless_output_is_ended() -> None:
    """A program that would write for ever is stopped when it is over the limit."""
    with pytest.raises(TooMuchOutput):
        await run(["yes"])


async def test_a_program_that_pours_and_will_not_end_is_not_read_any_further(
    python: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the limit nothing more is taken in, however long the program takes to die."""
    monkeypatch.setattr(process, "GRACE", 0.2)
    source = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
counter = os.open("poured", os.O_CREAT | os.O_WRONLY)
total = 0
while True:
    total += os.write(1, bytes(65536))
    os.pwrite(counter, b"%d" % total, 0)
"""
    with pytest.raises(TooMuchOutput):
        await run(python(source), cwd=tmp_path)
    assert int((tmp_path / "poured").read_text()) < 1_000_000


async def test_standard_error_is_discarded(python: Script, capfd: pytest.CaptureFixture[str]) -> None:
    """However much of it there is, it neither blocks the program nor reaches our own."""
    assert await run(python(f"os.write(2, bytes({len(LARGE)})); print('done')")) == Finished(0, b"done\n")
    assert capfd.readouterr() == ("", "")


async def test_a_program_that_does_not_read_its_input_may_end() -> None:
    """Input that nobody reads does not block, and is no error."""
    assert await run(["echo", "no need to read"], LARGE) == Finished(0, b"no need to read\n")


async def test_a_program_that_closes_its_input_may_go_on(python: Script) -> None:
    """A broken pipe is the program's choice."""
    assert await run(python("os.read(0, 10); os.close(0); print('enough')"), LARGE) == Finished(0, b"enough\n")


async def test_a_large_input_arrives_whole(python: Script) -> None:
    """It is written as the program reads."""
    assert await run(python("print(len(sys.stdin.read()))"), LARGE) == Finished(0, b"1000000\n")


async def test_input_can_be_opened_by_its_path() -> None:
    """Programs that read /dev/stdin, as many in Node do, get it too."""
    assert await run(["cat", "/dev/stdin"], b"by path") == Finished(0, b"by path")


LEAVES_A_CHILD = """
child = subprocess.Popen(["sleep", "600"], start_new_session={own_session})
print(child.pid, flush=True)
"""


async def test_a_child_that_keeps_the_output_open_is_ended_with_the_program(python: Script) -> None:
    """The run is over when the program exits; what it left in its group does not delay it, and does not stay."""
    finished = await run(python(LEAVES_A_CHILD.format(own_session=False)))
    wait_until_gone(int(finished.stdout))


async def test_a_child_in_a_session_of_its_own_delays_nothing(python: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is out of our reach: not ended, not waited for, and our ends of the pipes are closed, unread input or not."""
    monkeypatch.setattr(process, "LAST_WORDS", 0.2)
    before = belongings()
    finished = await run(python(LEAVES_A_CHILD.format(own_session=True)), LARGE)
    assert belongings() == before
    os.kill(int(finished.stdout), signal.SIGKILL)
    wait_until_gone(int(finished.stdout))


IGNORES_TERM = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "600"])
open({ready!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(600)
"""


async def test_a_program_that_ignores_the_request_to_end_is_killed(
    python: Script, ready: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the grace comes SIGKILL, for the whole group."""
    monkeypatch.setattr(process, "GRACE", 0.2)
    task = asyncio.create_task(run(python(IGNORES_TERM.format(ready=str(ready)))))
    pids = (await ready.said()).split()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        wait_until_gone(int(pid))


async def test_a_program_may_tidy_up_when_it_is_ended(python: Script, ready: Signal, tmp_path: Path) -> None:
    """It gets SIGTERM first, and a moment."""
    source = f"""
def tidy(*_):
    open("tidied", "w").close()
    sys.exit()
signal.signal(signal.SIGTERM, tidy)
open({str(ready)!r}, "w").write("ready")
time.sleep(600)
"""
    task = asyncio.create_task(run(python(source), cwd=tmp_path))
    await ready.said()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "tidied").exists()


async def test_impatient_cancellation_kills_at_once(python: Script, ready: Signal) -> None:
    """A second cancellation, while the program is given its moment to end, takes that moment away."""
    before = belongings()
    task = asyncio.create_task(run(python(IGNORES_TERM.format(ready=str(ready)))))
    pids = (await ready.said()).split()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    assert task.cancelled()
    for pid in pids:
        wait_until_gone(int(pid))
    while belongings() != before:  # it is reaped behind the back of the one who would not wait
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("steps", range(12))
async def test_cancellation_in_the_middle_of_the_start_leaves_nothing(steps: int) -> None:
    """At each step of the event loop, from before the fork to after the first byte."""
    task = asyncio.create_task(run(["sleep", "600"]))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancellation_in_the_middle_of_the_start_ends_the_children_too(python: Script, ready: Signal) -> None:
    """A program that forks while asyncio still connects its pipes is ended as a group all the same."""
    source = f"""
child = subprocess.Popen(["sleep", "600"])
open({str(ready)!r}, "w").write(str(child.pid))
time.sleep(600)
"""
    before = belongings()
    task = asyncio.create_task(run(python(source)))
    while belongings()["children"] == before["children"]:
        await asyncio.sleep(0)
    child = int(ready.read())  # blocks the event loop, on purpose
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    wait_until_gone(child)
