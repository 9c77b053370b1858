"""``make demo CHANNEL=slack``: plays the scenes in this terminal; exit code 1 if any step is not as told."""

import asyncio
import io
import os
import sys
import tempfile
from pathlib import Path

from clawdbot.domain.names import Channel
from demo.scenes import SCENES
from demo.stage import Failed, Stage, title
from tests.support.fakes import open_fake


def chosen(name: str) -> Channel:
    """The channel that was asked for, or the end with those that there are."""
    try:
        return Channel(name.strip().lower())
    except ValueError:
        print(f"demo: there is no channel {name!r}; CHANNEL is one of {', '.join(Channel)}", file=sys.stderr)
        sys.exit(2)


async def play(channel: Channel) -> int:
    with tempfile.TemporaryDirectory(prefix="clawdbot-demo-") as home:
        async with open_fake(channel) as platform:
            stage = Stage(Path(home), platform)
            try:
                for scene in SCENES:
                    title((scene.__doc__ or "").strip().rstrip("."))
                    await scene(stage)
            except Failed as step:
                print(f"   ✗ {step}\n\nThe gateway's log:\n{stage.log()}")
                return 1
            finally:
                await stage.stop_gateway()
    print(f"\nEverything went as told. Your own bot, step by step: docs/channels/{channel}.md.")
    return 0


if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")  # ✓ in a terminal that is not Unicode
sys.exit(asyncio.run(play(chosen(os.environ.get("CHANNEL", "telegram")))))
