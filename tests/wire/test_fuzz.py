"""Nothing that comes over the wire raises anything but what is declared, or makes a long answer (threats.md S8, G13).

The seeded storm is 20,000 frames; ``CLAWDBOT_FUZZ=1000000`` makes it a million.
"""

import json
import os
import random
from contextlib import suppress
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.errors import InvalidConnectParams, InvalidParams
from clawdbot.wire import connect, params
from clawdbot.wire.frames import Answer, Error, ErrorCode, NotARequest, Refusal, Request, encode, read_request
from clawdbot.wire.plain import MAX_DEPTH, MAX_FRAME
from tests.support.methods import METHODS
from tests.support.recorded import texts_from_clients

FRAMES = int(os.environ.get("CLAWDBOT_FUZZ", "20000"))
MAX_MESSAGE = 16 * 1024

HOSTILE: list[object] = [
    *(None, True, False, 0, -1, 3, 1.5, -0.0, 1e300, 2**53, -(2**70), 10**4000),
    *("", " ", "x", "\0", "\u202e", "é", "😀", "__proto__", "constructor", "../x", "a|b", "١", "x" * 300, "y" * 9000),
    *([], [[]], ["x"] * 300, {}, {"": ""}, {"__proto__": {}}, {"id": "x"}, {f"k{n}": n for n in range(300)}),
]


def look(text: str | bytes) -> None:
    """Read a message in every way in which the gateway may; what it would answer is small and can be sent."""
    read = read_request(text, MAX_FRAME)
    if isinstance(read, NotARequest):
        send(read.id, read.message)
    if not isinstance(read, Request):
        return
    assert 0 < len(read.id) <= 256
    assert 0 < len(read.method) <= 64
    encode(Answer(id=read.id, payload=None if read.params is None else read.params))
    try:
        connect.read(read.params)
    except InvalidConnectParams as refusal:
        send(read.id, refusal.message)
    for kind in [METHODS[read.method]] if read.method in METHODS else METHODS.values():
        try:
            params.read(kind, read.params)
        except InvalidParams as refusal:
            send(read.id, refusal.message)


def send(request_id: str, message: str) -> None:
    assert len(message) <= MAX_MESSAGE
    refusal = Refusal(id=request_id, error=Error(ErrorCode.INVALID_REQUEST, message))
    assert json.loads(encode(refusal))["error"]["message"] == message


class Storm:
    """Frames that were good once, each spoilt a little; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = list(texts_from_clients())

    def frame(self) -> str | bytes:
        text = self._random.choice(self._texts)
        if self._random.random() < 0.6:
            with suppress(ValueError):
                text = self._spoil_tree(json.loads(text))
        if self._random.random() < 0.3:
            return self._spoil_bytes(text.encode())
        return text

    def _spoil_tree(self, tree: Any) -> str:
        root = [tree]
        for _ in range(self._random.randint(1, 4)):
            holder, key = self._random.choice(list(places(root)))
            match self._random.randrange(5):
                case 0 if isinstance(holder, dict):
                    del holder[key]
                case 1 if isinstance(holder, dict):
                    holder[self._random.choice(["", "x", "__proto__", "id", "z" * 999])] = holder[key]
                case 2:
                    for _ in range(self._random.choice([1, MAX_DEPTH, 150])):
                        holder[key] = [holder[key]]
                case _:
                    holder[key] = deepcopy(self._random.choice(HOSTILE))
        text = json.dumps(root[0], ensure_ascii=self._random.random() < 0.5)
        if self._random.random() < 0.1:
            text = text.replace(",", ',"id":"y",', 1)
        return text

    def _spoil_bytes(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(self._random.randint(1, 6)):
            at = self._random.randrange(len(spoilt) + 1)
            length = self._random.choice([0, 0, 1, 1, 2, 30])
            piece = self._random.choice(
                [b"", b'"', b"\\", b"\\ud800", b"{", b"]", b":", b"9" * 5000, b"NaN", b"1e999", b"\xff", b"\0"]
            )
            spoilt[at : at + length] = piece
        return bytes(spoilt)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below a node."""
    found: list[tuple[Any, Any]] = []
    level = [node]
    while level:
        container = level.pop()
        for key in container if isinstance(container, dict) else range(len(container)):
            found.append((container, key))
            if isinstance(container[key], dict | list) and len(container[key]) < 50:
                level.append(container[key])
    return found


def test_S8_a_storm_of_spoilt_frames_raises_nothing() -> None:
    storm = Storm(seed=20261122)
    for number in range(FRAMES):
        frame = storm.frame()
        try:
            look(frame)
        except BaseException as error:
            error.add_note(f"frame {number}: {frame[:2000]!r}")
            raise


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(HOSTILE)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=20,
)


@settings(max_examples=300)
@given(st.sampled_from([connect.METHOD, *METHODS, "no.such.method"]), json_values)
def test_S8_no_params_of_any_method_raise_anything_else(method: str, plain: object) -> None:
    look(json.dumps({"type": "req", "id": "1", "method": method, "params": plain}))


@settings(max_examples=300)
@given(st.one_of(json_values.map(json.dumps), st.text(), st.binary()))
def test_S8_no_message_at_all_raises_anything(message: str | bytes) -> None:
    look(message)
