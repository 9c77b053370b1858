"""Nothing that comes over the wire raises anything but what is declared, or makes a long answer (threats.md S8, G13).

A little of ``make fuzz``, which takes a million frames.
"""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from clawdbot.wire import connect
from tests.support.fuzz import FRAMES, read
from tests.support.methods import METHODS
from tests.support.storm import HOSTILE, Storm


def test_S8_a_storm_of_spoilt_frames_raises_nothing() -> None:
    storm = Storm(seed=20261122)
    for number in range(FRAMES):
        frame = storm.frame()
        try:
            read(frame)
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
    read(json.dumps({"type": "req", "id": "1", "method": method, "params": plain}))


@settings(max_examples=300)
@given(st.one_of(json_values.map(json.dumps), st.text(), st.binary()))
def test_S8_no_message_at_all_raises_anything(message: str | bytes) -> None:
    read(message)
