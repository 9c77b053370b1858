"""What the tests of the node host share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.node_hosts import Owner, owner_of
from tests.support.program_fixtures import nothing_left, python, ready

__all__ = ["nothing_left", "owner", "python", "ready", "state"]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory that is not there yet."""
    return tmp_path / "state"


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    """The owner of a gateway where every device waits for approval."""
    async with owner_of() as found:
        yield found
