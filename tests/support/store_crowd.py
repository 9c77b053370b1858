"""Twenty owners decide at once while strangers pour in, and somebody reads every file all the time (threats.md S3).

Run as ``python -m tests.support.store_crowd STATE_DIR STRANGERS``. All are processes of their own, forked from here;
they tell on a pipe what they were answered. The findings are printed as JSON.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

from clawdbot.domain import senders
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import Change
from clawdbot.domain.names import SenderId
from clawdbot.domain.senders import DEFAULT_CAP, Approved, QueueFull, Rejected, Requested, Senders
from clawdbot.store.files import FileStore
from tests.support.store_moves import KEY

OWNERS = 20
DOORS = 2

Say = Callable[[str], None]
Work = Callable[[Say], Coroutine[None, None, None]]


def now() -> int:
    return time.time_ns() // 1_000_000


async def let_strangers_in(store: FileStore, names: list[str], say: Say) -> None:
    """A gateway to which strangers write, again and again while the queue is full."""
    randbelow = random.SystemRandom().randrange

    def ask(name: str, state: Senders) -> Change[Senders, object]:
        return senders.request(state, SenderId(name), {}, now=now(), randbelow=randbelow)

    for name in names:
        while True:
            answer = (await store.update(KEY, partial(ask, name))).answer
            if isinstance(answer, Requested):
                say(f"requested {answer.request.code.reveal()} {name}")
                break
            assert isinstance(answer, QueueFull)
            await asyncio.sleep(0.002)


def decide(code: PairingCode, state: Senders, *, approves: bool) -> Change[Senders, object]:
    """The time is taken under the lock: by an earlier one a request that came since would lie in the future."""
    if approves:
        return senders.approve(state, code, now=now(), by="terminal")
    return senders.reject(state, code, now=now())


async def decide_until(store: FileStore, is_over: Callable[[], bool], chance: random.Random, say: Say) -> None:
    """An owner who approves or rejects whatever waits, until there is nobody left."""
    while not is_over():
        waiting = (await store.read(KEY)).waiting(now())
        if not waiting:
            await asyncio.sleep(0.002)
            continue
        decision = partial(decide, chance.choice(waiting).code, approves=chance.random() < 0.5)
        answer = (await store.update(KEY, decision)).answer
        if isinstance(answer, Approved | Rejected):
            say(f"{type(answer).__name__.lower()} {answer.request.code.reveal()} {answer.request.sender}")


def fork(work: Work) -> tuple[int, int]:
    """Let a process of its own do something; its id, and where to hear what it says."""
    heard, mouth = os.pipe()
    pid = os.fork()
    if pid:
        os.close(mouth)
        return pid, heard

    def say(line: str) -> None:
        os.write(mouth, f"{line}\n".encode())

    code = 1
    try:
        asyncio.run(work(say))
        code = 0
    finally:
        os._exit(code)


def door(state_dir: Path, names: list[str]) -> Work:
    return lambda say: let_strangers_in(FileStore(state_dir), names, say)


def owner(state_dir: Path, number: int) -> Work:
    stop = state_dir.with_name("stop").exists
    return lambda say: decide_until(FileStore(state_dir), stop, random.Random(number), say)


def read_all(state_dir: Path) -> int:
    """Every file as it is this moment: whole, and no more waiting than may."""
    reads = 0
    for path in (state_dir / "credentials").glob("*.json"):
        document = json.loads(path.read_bytes())
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(document.get("requests", [])) <= DEFAULT_CAP
        reads += 1
    return reads


def main(state_dir: Path, strangers: int) -> None:
    names = [str(number) for number in range(1, strangers + 1)]
    doors = [fork(door(state_dir, names[number::DOORS])) for number in range(DOORS)]
    owners = [fork(owner(state_dir, number)) for number in range(OWNERS)]
    reads = 0
    open_doors = {pid for pid, _ in doors}
    while open_doors:
        open_doors -= {pid for pid in open_doors if os.waitpid(pid, os.WNOHANG) != (0, 0)}
        reads += read_all(state_dir)
        time.sleep(0.001)
    while json.loads((state_dir / "credentials" / "telegram-pairing.json").read_bytes())["requests"]:
        reads += read_all(state_dir)
        time.sleep(0.001)
    state_dir.with_name("stop").touch()
    failed = [pid for pid, _ in owners if os.waitpid(pid, 0)[1] != 0]
    said = [line for _, heard in doors + owners for line in os.fdopen(heard).read().splitlines()]
    sys.stdout.write(json.dumps({"reads": reads, "failed": failed, "said": said}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
