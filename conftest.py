"""Lets tests import their own helpers as ``tests.support.…`` and ``tests.fakes.…``; and no clock judges a property."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("clawdbot", deadline=None)  # a slow disk or a busy machine is no defect
settings.load_profile("clawdbot")


@pytest.fixture(autouse=True)
def _no_heart_beats_on() -> Iterator[None]:
    """discord.py's threads outlive a client that was cut off while it greeted, and would fail in a later test."""
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("keep-alive-handler"):
            thread.stop()  # type: ignore[attr-defined]
            thread.join(1)
