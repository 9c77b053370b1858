"""``make soak``: ten minutes of it, or ``SOAK_MINUTES``; exit code 1 if a promise was broken."""

import asyncio
import itertools
import json
import os
import random
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from clawdbot.domain.names import Channel
from clawdbot.service import Service
from clawdbot.store.files import FileStore
from soak.gateway import SoakGateway
from soak.ledger import Heard, Ledger
from soak.life import Life, Stuck
from tests.support.fakes import open_fake

MOST_PENDING = 50
STEADY = 0.7
"""For so much of the time one gateway runs, and its memory is watched; then it is restarted, again and again."""
ROUND_S = 5.0
"""How long they live between two restarts, of which there are two at least: a stop, and a kill."""


async def live(minutes: float, seed: int, channels: list[Channel]) -> int:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clawdbot-soak-")))
        platforms = [await stack.enter_async_context(open_fake(channel)) for channel in channels]
        store, ledger = FileStore(home / "state"), Ledger()
        stack.push_async_callback(store.close)
        lives = [Life(platform, Service(store), ledger, seed + number) for number, platform in enumerate(platforms)]
        config = {
            "assistant": {"python": "soak.assistant:answer", "concurrency": 16},
            "pairing": {"maxPending": MOST_PENDING},
            "channels": {
                life.platform.channel: {
                    **life.platform.settings(),
                    "allowFrom": [friend.sender for friend in life.friends],
                }
                for life in lives
            },
        }
        gateway = await stack.enter_async_context(SoakGateway.on(home, json.dumps(config)))
        await gateway.ready(len(lives))
        print(f"{len(lives)} channels are ready; {minutes:g} minutes, seed {seed}", flush=True)
        begun, seconds = time.monotonic(), minutes * 60
        watch = asyncio.create_task(gateway.watch())
        stuck = await _lives(lives, begun + seconds * STEADY)
        watch.cancel()
        for kill in itertools.cycle((False, True)):
            if stuck or (ledger.mischief["killed"] and time.monotonic() > begun + seconds):
                break
            await gateway.restart(len(lives), kill=kill)
            ledger.mischief["killed" if kill else "stopped"] += 1
            for life in lives:
                life.all_again()
            stuck = await _lives(lives, time.monotonic() + ROUND_S)
        heard = Heard.read(gateway.record)
        broken = [*stuck, *ledger.broken(heard), *await gateway.broken(heard.tasks)]
        print(f"{ledger.written} messages, {ledger.noise} times noise, mischief: {dict(ledger.mischief)}")
        print(f"memory MiB: {gateway.memory_told()}; tasks at most {max(heard.tasks, default=0)}")
        for promise in broken:
            print(f"BROKEN: {promise}")
        if broken:
            print(gateway.log()[-8000:])
    print("every promise was kept" if not broken else f"{len(broken)} promises were broken")
    return 1 if broken else 0


async def _lives(lives: list[Life], until: float) -> list[str]:
    """Let them live; what got stuck."""
    ended = await asyncio.gather(*(life.run(until) for life in lives), return_exceptions=True)
    unexpected = [end for end in ended if isinstance(end, BaseException) and not isinstance(end, Stuck)]
    if unexpected:
        raise unexpected[0]
    return [str(end) for end in ended if isinstance(end, Stuck)]


def main() -> int:
    minutes = float(os.environ.get("SOAK_MINUTES", "10"))
    seed = int(os.environ.get("SOAK_SEED", random.randrange(10**6)))
    channels = [Channel(name) for name in os.environ.get("SOAK_CHANNELS", "").split()] or list(Channel)
    return asyncio.run(live(minutes, seed, channels))


sys.exit(main())
