"""Fixtures of tests that start programs of their own; a ``conftest`` that imports them has them."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.programs import Script, Signal, belongings

__all__ = ["nothing_left", "python", "ready"]


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
