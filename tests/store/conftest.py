"""A state directory for each test, and the umask back where it was."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Where a store may begin; it is not there yet."""
    return tmp_path / "state"


@pytest.fixture
def umask() -> Iterator[Callable[[int], int]]:
    """Sets the umask until the test ends."""
    before = os.umask(0o22)
    os.umask(before)
    yield os.umask
    os.umask(before)
