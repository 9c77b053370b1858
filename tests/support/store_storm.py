"""A storm of kills over one state directory: child after child makes random moves and is killed in the middle of one.

Run as ``python -m tests.support.store_storm STATE_DIR SEED KILLS``. A child says on a pipe what it is about to do and
what was acknowledged. After every kill the state must be the one that the acknowledged moves lead to, or the one with
the single move more that was on its way. Children are forked from here, where everything is imported and no
thread runs.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from clawdbot.domain import sender_ids
from clawdbot.domain.names import Channel
from clawdbot.domain.senders import Senders
from clawdbot.store.files import FileStore
from clawdbot.store.locks import Patience
from clawdbot.store.rewriting import with_closed, with_spent, with_welcomed, without_ended
from clawdbot.store.senders_files import SendersFiles
from tests.support.store_moves import ACCOUNT, KEY, NOW, VERBS, Move, places, read, spell

PROMPT = Patience(lock_s=10)
"""Shorter than a lock that somebody left takes to grow stale: after a kill the next move must not wait for that."""


async def move_on(state_dir: Path, chance: random.Random, say: int) -> None:
    """Make moves until killed, sometimes several at once."""
    store = FileStore(state_dir, patience=PROMPT)
    while True:
        moves = [
            Move(chance.choice(VERBS), str(chance.randint(1, 6)), NOW, chance.randrange(2**32))
            for _ in range(chance.choice((1, 1, 1, 3)))
        ]
        os.write(say, f"try {json.dumps([spell(move) for move in moves])}\n".encode())
        await asyncio.gather(*[store.update(KEY, move) for move in moves])
        os.write(say, b"saved\n")


def child(state_dir: Path, chance: random.Random, say: int) -> None:
    try:
        asyncio.run(move_on(state_dir, chance, say))
    except BaseException as error:
        os.write(say, f"died {error!r}\n".encode())
    finally:
        os._exit(1)


def kill_one(state_dir: Path, chance: random.Random) -> list[str]:
    """Let a child live for a moment; what it said."""
    heard, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        child(state_dir, chance, say)
    os.close(say)
    with os.fdopen(heard, "rb") as pipe:
        said = pipe.readline()
        time.sleep(chance.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        said += pipe.read()
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), said
    return said.decode().splitlines()


def follow(said: list[str], start: Senders) -> tuple[Senders, list[list[Move]]]:
    """The state that was acknowledged, and the moves that were not; the last line may be cut off."""
    state = start
    pending: list[list[Move]] = []
    for line in said:
        word, _, rest = line.partition(" ")
        if word == "saved":
            for move in pending.pop():
                state = move(state).state
        elif word == "try" and rest.endswith("]"):
            pending = [[read(one) for one in json.loads(rest)]]
        else:
            assert word in ("try", "saved"), line
    return state, pending


def possible(state: Senders, moves: list[Move]) -> list[Senders]:
    """What may be found after a kill: moves made at once are saved in any number of groups, each state by state.

    What lends must be known to end before it lends, what ends is ended before its end is forgotten, and invites are
    closed before that; who was announced is in before he is not announced any more; an invite is used up before anybody
    comes in by it; the rest goes file by file.
    """
    states = [state]
    for move in moves:
        states.append(move(states[-1]).state)
    found = [state]
    for number, old in enumerate(states):
        for new in states[number:]:
            closed = with_closed(old, new) if without_ended(old, new) is not old else old
            ended = without_ended(closed, new)
            spent = with_spent(ended, new)
            welcomed = with_welcomed(spent, new)
            ours = replace(welcomed, blocked=new.blocked, expected=new.expected, invites=new.invites)
            found += [old, closed, ended, spent, welcomed, ours, replace(ours, allowed=new.allowed), new]
    return found


def main(state_dir: Path, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    files = SendersFiles(state_dir, ACCOUNT, partial(sender_ids.normalise, Channel.TELEGRAM), PROMPT)
    state = Senders()
    acknowledged = cut_short = 0
    for number in range(kills):
        said = kill_one(state_dir, random.Random(chance.random()))
        acknowledged += said.count("saved")
        state, pending = follow(said, state)
        for path in (state_dir / "credentials").glob("*.json"):
            json.loads(path.read_bytes())
        stored = files.look()
        assert stored is not None
        found = places(stored.senders)
        match = [one for one in possible(state, pending[0] if pending else []) if places(one) == found]
        assert match, (number, said, places(state), found)
        cut_short += match[0] is not state
        state = stored.senders  # a request beside its approval may be there still or not, which places do not tell
    sys.stdout.write(json.dumps({"kills": kills, "acknowledged": acknowledged, "savedUnheard": cut_short}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
