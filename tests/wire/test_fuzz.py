"""Nothing that comes over the wire raises anything but what is declared, or makes a long answer (threats.md S8, G13).

The seeded storm is 20,000 frames; ``CLAWDBOT_FUZZ=1000000`` makes it a million.
"""

import json
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.errors import InvalidConnectParams, InvalidParams
from clawdbot.wire import connect, params
from clawdbot.wire.frames import Answer, Error, ErrorCode, NotARequest, Refusal, Request, encode, read_request
from clawdbot.wire.plain import MAX_FRAME
from tests.support.methods import METHODS
from tests.support.storm import HOSTILE, Storm

FRAMES = int(os.environ.get("CLAWDBOT_FUZZ", "20000"))
MAX_MESSAGE = 16 * 1024


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
