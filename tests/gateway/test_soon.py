"""Doing once what many ask for."""

import asyncio

from clawdbot.gateway.soon import Soon
from tests.support.waiting import eventually


async def test_what_many_ask_for_is_done_once_and_again_for_who_asks_later() -> None:
    done: list[int] = []
    soon = Soon(lambda: done.append(1), pause=lambda: 0.0)
    for _ in range(100):
        soon.ask()
    assert done == []
    await eventually(lambda: done)
    await asyncio.sleep(0)
    assert done == [1]
    soon.ask()
    await eventually(lambda: len(done) == 2)
