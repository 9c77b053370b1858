"""Whatever comes over a connection, in whatever order: nothing raises, and what is said stays within the protocol.

A little of ``make fuzz``, which takes a million frames.
"""

from tests.support.fuzz import FRAMES, converse


def test_S8_G12_a_storm_on_connections_raises_nothing() -> None:
    assert converse(FRAMES, seed=20261122) >= FRAMES
