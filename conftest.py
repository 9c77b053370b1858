"""Lets tests import their own helpers as ``tests.support.…`` and ``tests.fakes.…``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
