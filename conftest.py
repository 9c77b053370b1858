"""Lets tests import their own helpers as ``tests.support.…`` and ``tests.fakes.…``; and no clock judges a property."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("clawdbot", deadline=None)  # a slow disk or a busy machine is no defect
settings.load_profile("clawdbot")
