"""A desk to write configurations on."""

from pathlib import Path

import pytest

from tests.support.configs import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
