"""``make fuzz``: a million spoilt frames against the connection, and none of them raises anything (threats.md S8, G12).

    python -m tests.support.fuzz [--frames 1000000] [--seed 20261122]

Each frame goes through the reading of the wire on its own, and over a connection in whatever state the ones before have
brought it to. One process a core; the frames are the same for the same seed and number of processes. A frame that
raises is shown, and the exit code is 1. CI storms a little of the same (``tests/gateway/test_fuzz.py``,
``tests/wire/test_fuzz.py``); ``CLAWDBOT_FUZZ_FRAMES`` says how many.
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from typing import Any, Final

from clawdbot.errors import (
    CredentialsWrong,
    DoorError,
    InvalidConnectParams,
    InvalidParams,
    PairingRequired,
    StoreCorrupt,
    StoreError,
)
from clawdbot.gateway.connection import Connection, State
from clawdbot.gateway.dialogue import (
    Admit,
    Admitted,
    Answered,
    Close,
    Failed,
    Happening,
    Invoke,
    Lost,
    MustClose,
    Output,
    Received,
    Refused,
    Send,
    TimedOut,
)
from clawdbot.wire import connect, params
from clawdbot.wire.frames import Answer, Error, ErrorCode, NotARequest, Refusal, Request, encode, read_request
from clawdbot.wire.plain import MAX_FRAME
from tests.support.dialogues import NOW, connection, message, said
from tests.support.methods import METHODS
from tests.support.storm import HOSTILE, Storm

FRAMES: Final = int(os.environ.get("CLAWDBOT_FUZZ_FRAMES", "20000"))
"""How many of them a test run takes."""

MILLION: Final = 1_000_000
PORTION: Final = 5_000
"""Frames between two words about how far it is."""

MAX_MESSAGE: Final = 16 * 1024
CLOSES: Final = {(1000, ""), (1002, "protocol mismatch"), (1009, ""), (1012, "service restart")}


# --- a frame on its own ----------------------------------------------------------------------------------------------


def read(text: str | bytes) -> None:
    """Read a message in every way in which the gateway may; what it would answer is small and can be sent."""
    found = read_request(text, MAX_FRAME)
    if isinstance(found, NotARequest):
        refuse(found.id, found.message)
    if not isinstance(found, Request):
        return
    assert 0 < len(found.id) <= 256
    assert 0 < len(found.method) <= 64
    encode(Answer(id=found.id, payload=None if found.params is None else found.params))
    try:
        connect.read(found.params)
    except InvalidConnectParams as refusal:
        refuse(found.id, refusal.message)
    for kind in [METHODS[found.method]] if found.method in METHODS else METHODS.values():
        try:
            params.read(kind, found.params)
        except InvalidParams as refusal:
            refuse(found.id, refusal.message)


def refuse(request_id: str, message: str) -> None:
    assert len(message) <= MAX_MESSAGE
    refusal = Refusal(id=request_id, error=Error(ErrorCode.INVALID_REQUEST, message))
    assert json.loads(encode(refusal))["error"]["message"] == message


# --- frames over a connection ----------------------------------------------------------------------------------------


class Listener:
    """Hears what a connection says, and objects to what no client may hear."""

    def __init__(self, speaker: Connection) -> None:
        self._speaker = speaker
        self._closed = False
        self._admitted = False

    def take(self, happening: Happening) -> None:
        for output in self._speaker.take(happening, NOW):
            self._hear(output)
        self._closed |= isinstance(happening, Lost)
        assert self._closed == (self._speaker.state is State.CLOSED)

    def _hear(self, output: Output) -> None:
        assert not self._closed, f"{output} after the close"
        match output:
            case Send(frame):
                assert len(encode(frame)) < 64 * 1024
                assert json.loads(encode(frame))["type"] == "res"
            case Close(code, reason):
                assert (code, reason) in CLOSES or (code == 1008 and reason)
                assert len(reason.encode()) <= 120
                self._closed = True
            case Admit(verified):
                assert not self._admitted
                assert verified.id == verified.public_key.device_id
                self._admitted = True
            case Invoke(request):
                assert self._admitted
                assert request.id


def happenings(dice: random.Random, storm: Storm) -> Iterator[Happening]:
    """What may happen to one connection: frames mostly, sometimes a good start, sometimes all the rest."""
    refused: list[DoorError | StoreError] = [PairingRequired("r"), CredentialsWrong("no"), StoreCorrupt("/secret/path")]
    others: list[Happening] = [
        Answered("r1", dice.choice(HOSTILE[:3])),
        Failed("r1", dice.choice([ValueError("x"), *refused])),
        Failed("r2", Error(ErrorCode.INVALID_REQUEST, "no")),
        Refused(dice.choice(refused)),
        TimedOut(),
        MustClose(1012, "service restart"),
        Lost(),
        Admitted({}),
    ]
    if dice.random() < 0.7:
        yield Received(message("connect") if dice.random() < 0.5 else json.dumps(_signed(dice)))
    if dice.random() < 0.7:
        yield Admitted({"type": "hello-ok"})
    for _ in range(dice.randint(1, 12)):
        yield Received(storm.frame(), retry_after_ms=dice.choice([0, 0, 0, 1000]))
        if dice.random() < 0.3:
            yield dice.choice(others)


def _signed(dice: random.Random) -> dict[str, Any]:
    """A ``connect`` with something odd in it that its signature covers, so that later checks see it."""
    params = said(
        dice.choice(["role=operator", "role=node", "role=admin", "token=", "token=x", "skew=1000"]),
        dice.choice(["scopes=", "scopes=operator.read,operator.read", "scopes=a|b", f"scopes={'s,' * 40}"]),
    )
    if dice.random() < 0.5:
        params[dice.choice(list(params))] = dice.choice(HOSTILE)
    return {"type": "req", "id": "c1", "method": "connect", "params": params}


def converse(frames: int, seed: int, also: Callable[[str | bytes], None] = lambda _: None) -> int:
    """Storm connections with at least so many frames; how many there were.

    Args:
        also: is given each frame, too.
    """
    dice, storm = random.Random(seed), Storm(seed=seed + 1)
    count = 0
    while count < frames:
        listener = Listener(connection())
        for happening in happenings(dice, storm):
            try:
                listener.take(happening)
                if isinstance(happening, Received):
                    count += 1
                    also(happening.data)
            except BaseException as error:
                error.add_note(f"seed {seed}, frame {count}: {happening!r} {getattr(happening, 'data', '')[:2000]!r}")
                raise
    return count


# --- a million -------------------------------------------------------------------------------------------------------


def portion(seed: int) -> int | str:
    """Some of the frames; how many, or what went wrong."""
    try:
        return converse(PORTION, seed, also=read)
    except BaseException:
        return traceback.format_exc()


def storm(pool: Pool, frames: int, seed: int) -> int:
    """Storm until there were so many frames; the exit code."""
    started, count = time.monotonic(), 0
    seeds = (seed + 2 * number for number in range(-(-frames // PORTION)))
    for answer in pool.imap_unordered(portion, seeds):
        if isinstance(answer, str):
            print(f"\n{answer}", file=sys.stderr)
            return 1
        count += answer
        took = time.monotonic() - started
        print(f"\r{count:>12,} of {frames:,} frames, {count / took:,.0f} a second", end="", flush=True)
    print(f"\n{count:,} frames in {time.monotonic() - started:.0f} s, and none of them raised anything")
    return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=int(os.environ.get("CLAWDBOT_FUZZ_FRAMES", MILLION)))
    parser.add_argument("--seed", type=int, default=20261122)
    options = parser.parse_args()
    with multiprocessing.Pool() as pool:
        sys.exit(storm(pool, options.frames, options.seed))


if __name__ == "__main__":
    main()
