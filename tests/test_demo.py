"""``make demo`` is played to its end on every channel, by the real command line, gateway and adapter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.domain.names import Channel

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("channel", list(Channel), ids=str)
def test_the_demonstration_goes_as_told(channel: Channel) -> None:
    """Every scene is told, every step holds, and the end leads to the channel's own page."""
    played = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=os.environ | {"CHANNEL": channel, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout
    assert played.stdout.count("── ") == 7
    page = ROOT / "docs" / "channels" / f"{channel}.md"
    assert page.is_file()
    assert str(page.relative_to(ROOT)) in played.stdout.splitlines()[-1]


def test_a_channel_that_is_none_is_answered_with_those_that_are() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=os.environ | {"CHANNEL": "foo"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (played.returncode, played.stdout) == (2, "")
    channels = "telegram, whatsapp, signal, imessage, discord, slack"
    assert sorted(played.stderr.rpartition("one of ")[2].strip().split(", ")) == sorted(channels.split(", "))
    assert played.stderr.startswith("demo: there is no channel 'foo'; ")
