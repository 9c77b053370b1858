"""``make demo``: plays the scenes in this terminal; exit code 1 if any step is not as told."""

import asyncio
import io
import sys
import tempfile
from pathlib import Path

from demo.scenes import SCENES
from demo.stage import Failed, Stage, title
from tests.fakes.telegram import FakeTelegram


async def play() -> int:
    with tempfile.TemporaryDirectory(prefix="clawdbot-demo-") as home:
        async with FakeTelegram() as telegram:
            stage = Stage(Path(home), telegram)
            try:
                for scene in SCENES:
                    title((scene.__doc__ or "").strip().rstrip("."))
                    await scene(stage)
            except Failed as step:
                print(f"   ✗ {step}\n\nThe gateway's log:\n{stage.log()}")
                return 1
            finally:
                await stage.stop_gateway()
    print("\nEverything went as told. Your own bot: README.md, “Your own bot in five minutes”.")
    return 0


if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")  # ✓ in a terminal that is not Unicode
sys.exit(asyncio.run(play()))
