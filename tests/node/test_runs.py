"""One run: bounded in time and output, and nothing of it left behind. Real programs."""

import asyncio
import os
from pathlib import Path

import pytest

from clawdbot.assistant import process
from clawdbot.node import runs
from clawdbot.node.runs import MAX_OUTPUT, TRUNCATED, Ended
from tests.support.programs import Script, Signal, wait_until_gone

pytestmark = pytest.mark.usefixtures("nothing_left")

WHILE = 4711.0


async def run(argv: list[str], *, cwd: str = "/", seconds: float = 60, **env: str) -> Ended:
    return await runs.run(argv, env=env, cwd=Path(cwd), seconds=seconds)


async def test_output_and_exit_code() -> None:
    """Both streams, apart."""
    ended = await run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"])
    assert ended == Ended(3, stdout="out\n", stderr="err\n")
    assert not ended.success
    assert (await run(["/bin/sh", "-c", ":"])).success


async def test_a_program_gets_what_it_is_given(tmp_path: Path) -> None:
    """Its arguments as they are, its folder, its variables and no others, and nothing to read."""
    ended = await run(
        [
            "/bin/sh",
            "-c",
            'pwd; env | grep -v ^PWD | grep -v ^_ | sort; printf "%s\\n" "$@"; cat',
            "sh",
            "a b",
            "$(id)",
        ],
        cwd=str(tmp_path),
        STAGE="1",
        PATH="/usr/bin:/bin",
    )
    assert ended.stdout.replace("OLDPWD=/\n", "").splitlines() == [
        str(tmp_path), "PATH=/usr/bin:/bin", *([] if "SHLVL" not in ended.stdout else ["SHLVL=0"]), "STAGE=1",
        "a b", "$(id)",
    ]  # fmt: skip


async def test_a_signal_is_no_exit_code() -> None:
    """It did not succeed, and has no code."""
    ended = await run(["/bin/sh", "-c", "kill -9 $$"])
    assert ended == Ended(None)
    assert not ended.success


@pytest.mark.parametrize("path", ["/no/such/program", "/etc/passwd", "/"])
async def test_what_does_not_start(path: str) -> None:
    """Is an outcome, with the system's word for it."""
    ended = await run([path])
    assert ended.error
    assert (ended.code, ended.stdout, ended.success) == (None, "", False)


async def test_a_folder_that_went_away() -> None:
    """Likewise."""
    assert (await run(["/bin/pwd"], cwd="/no/such")).error == "no such file or directory"


async def test_output_is_bounded_and_the_program_need_not_wait() -> None:
    """The first bytes of both streams together are kept; the program writes all that it wants."""
    ended = await run(["/bin/sh", "-c", "yes x | head -c 1000000; yes y | head -c 1000000 >&2; echo end"])
    assert ended.code == 0
    assert ended.stdout.endswith(TRUNCATED)
    assert len(ended.stdout.removesuffix(TRUNCATED)) + len(ended.stderr.removesuffix(TRUNCATED)) == MAX_OUTPUT


async def test_output_that_is_no_text() -> None:
    """Bytes that are no UTF-8 are replaced."""
    assert (await run(["/bin/sh", "-c", r"printf 'a\377b'"])).stdout == "a\ufffdb"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> asyncio.Timeout:
    """The time of a run of :data:`WHILE` seconds is up when the test says so."""
    real, ours = asyncio.timeout, asyncio.Timeout(None)
    monkeypatch.setattr(asyncio, "timeout", lambda seconds: ours if seconds == WHILE else real(seconds))
    return ours


def ring(clock: asyncio.Timeout) -> None:
    clock.reschedule(asyncio.get_running_loop().time())


async def test_time_is_up(python: Script, ready: Signal, clock: asyncio.Timeout) -> None:
    """The whole group is ended, children included, and what was written by then is there."""
    argv = python(
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"print('so far', flush=True); open({str(ready)!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    running = asyncio.create_task(run(argv, seconds=WHILE))
    child = int(await ready.said())
    ring(clock)
    assert await running == Ended(None, timed_out=True, stdout="so far\n")
    wait_until_gone(child)


async def test_a_program_that_does_not_want_to_end(
    python: Script, ready: Signal, clock: asyncio.Timeout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed."""
    monkeypatch.setattr(process, "GRACE", 0.1)
    argv = python(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(ready)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    )
    running = asyncio.create_task(run(argv, seconds=WHILE))
    pid = int(await ready.said())
    ring(clock)
    assert (await running).timed_out
    wait_until_gone(pid)


async def test_what_is_left_in_the_background_is_ended(python: Script, ready: Signal) -> None:
    """A program that has ended leaves nothing running, and is not waited for because of it."""
    argv = python(f"child = subprocess.Popen(['sleep', '600'])\nopen({str(ready)!r}, 'w').write(str(child.pid))")
    running = asyncio.create_task(run(argv))
    child = int(await ready.said())
    assert (await running).code == 0
    wait_until_gone(child)


async def test_cancelling_ends_the_program(python: Script, ready: Signal) -> None:
    """Before the cancellation goes on."""
    running = asyncio.create_task(run(python(f"open({str(ready)!r}, 'w').write(str(os.getpid())); time.sleep(600)")))
    pid = int(await ready.said())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
