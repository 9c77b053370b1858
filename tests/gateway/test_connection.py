"""One client's connection without its socket: dialogues for every path, and the table as a whole."""

import json
from pathlib import Path
from typing import get_args

import pytest

from clawdbot.errors import DoorError
from clawdbot.gateway.connection import MOST_CALLS, MOVES, State
from clawdbot.gateway.dialogue import Admitted, Answered, Happening, Invoke, Received, Send
from clawdbot.wire.frames import Refusal
from tests.support.dialogues import NOW, Dialogue, connection, happening, message, play, read

DIALOGUES = [
    dialogue for path in sorted((Path(__file__).parent / "dialogues").glob("*.txt")) for dialogue in read(path)
]


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_a_dialogue_goes_as_written(dialogue: Dialogue) -> None:
    for expected, said in play(dialogue):
        assert said == expected


def test_every_move_of_the_table_is_made_in_some_dialogue() -> None:
    """No path without a dialogue: each state meets each thing that it makes something of."""
    made: set[tuple[State, type[Happening]]] = set()
    for dialogue in DIALOGUES:
        speaker = connection()
        speaker.open()
        for line in dialogue.lines:
            if line.goes_in and not line.text.startswith("(locked"):
                event = happening(line.text)
                made.add((speaker.state, type(event)))
                speaker.take(event, NOW)
    assert {(state, kind) for state, moves in MOVES.items() for kind in moves} <= made


def test_what_is_not_in_the_table_has_no_effect() -> None:
    """A closed connection makes nothing of anything, and the table names states and happenings that exist."""
    assert set(MOVES) == set(State)
    assert {kind for moves in MOVES.values() for kind in moves} == set(get_args(Happening))
    assert MOVES[State.CLOSED] == {}


def test_a_client_has_a_limited_number_of_open_calls() -> None:
    """One more is refused, not dropped; an answer makes room."""
    speaker = connection()
    speaker.take(Received(message("connect")), NOW)
    speaker.take(Admitted({}), NOW)
    for number in range(MOST_CALLS):
        assert isinstance(speaker.take(call(number), NOW)[0], Invoke)
    (refused,) = speaker.take(call(99), NOW)
    assert isinstance(refused, Send)
    assert isinstance(refused.frame, Refusal)
    assert (refused.frame.id, refused.frame.error.code, refused.frame.error.retryable) == ("r99", "UNAVAILABLE", True)
    speaker.take(Answered("r0", {}), NOW)
    assert isinstance(speaker.take(call(100), NOW)[0], Invoke)


def call(number: int) -> Received:
    return Received(json.dumps({"type": "req", "id": f"r{number}", "method": "health"}))


def test_the_refusal_is_kept_for_whoever_counts_failed_tries() -> None:
    """The connection says why it refused, apart from what it tells the client."""
    speaker = connection()
    speaker.take(Received(message("connect token=")), NOW)
    assert isinstance(speaker.refusal, DoorError)
    assert "missing" in speaker.refusal.message
