"""Whatever comes over a connection, in whatever order: nothing raises, and what is said stays within the protocol.

The seeded storm is 20,000 frames; ``CLAWDBOT_FUZZ=1000000`` makes it a million (threats.md S8, G12).
"""

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

from clawdbot.errors import CredentialsWrong, DoorError, PairingRequired, StoreCorrupt, StoreError
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
from clawdbot.wire.frames import Error, ErrorCode, encode
from tests.support.dialogues import NOW, connection, message, said
from tests.support.storm import HOSTILE, Storm

FRAMES = int(os.environ.get("CLAWDBOT_FUZZ", "20000"))

CLOSES = {(1000, ""), (1002, "protocol mismatch"), (1009, ""), (1012, "service restart")}


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


@pytest.mark.timeout(1800)
def test_S8_G12_a_storm_on_connections_raises_nothing() -> None:
    dice, storm = random.Random(20261122), Storm(seed=20261123)
    frames = 0
    while frames < FRAMES:
        listener = Listener(connection())
        for happening in happenings(dice, storm):
            frames += isinstance(happening, Received)
            try:
                listener.take(happening)
            except BaseException as error:
                error.add_note(f"frame {frames}: {happening!r} {getattr(happening, 'data', '')[:2000]!r}")
                raise
