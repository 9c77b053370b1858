"""What the tests of the node host share."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.node_hosts import Owner, owner_of
from tests.support.programs import Script, Signal, belongings


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory that is not there yet."""
    return tmp_path / "state"


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    """The owner of a gateway where every device waits for approval."""
    async with owner_of() as found:
        yield found


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    """Fails a test that leaves a child, a zombie or a descriptor behind."""
    before = belongings()
    yield
    assert belongings() == before


@pytest.fixture
def python(tmp_path: Path) -> Script:
    """Writes a Python program; returns the command that runs it."""

    def write(source: str) -> list[str]:
        path = tmp_path / f"program-{len(list(tmp_path.iterdir()))}.py"
        path.write_text(f"import os, signal, subprocess, sys, time\n{source}\n")
        return [sys.executable, "-I", "-S", str(path)]

    return write


@pytest.fixture
def ready(tmp_path: Path) -> Signal:
    """How a program says that it is ready."""
    return Signal(tmp_path / "ready")
