import logging

import pytest

from clawdbot.channels.slack.library import SILENT


def test_S7_the_library_s_logger_passes_nothing_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    SILENT.critical("sesame")
    assert not SILENT.isEnabledFor(logging.CRITICAL)
    assert "sesame" not in caplog.text
