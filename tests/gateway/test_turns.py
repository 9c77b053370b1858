"""One at a time for each key."""

import asyncio

from clawdbot.gateway.turns import Turns


async def test_one_key_takes_turns_in_order_and_others_do_not_wait() -> None:
    turns, order = Turns(), list[str]()

    async def take(key: str, name: str) -> None:
        async with turns.of(key):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(take("a", "1"), take("a", "2"), take("b", "3"))
    assert [step for step in order if step[0] in "12"] == ["1 in", "1 out", "2 in", "2 out"]
    assert order.index("3 in") < order.index("2 in")


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    turns, taken = Turns(), list[str]()

    async def take(name: str) -> None:
        async with turns.of("a"):
            taken.append(name)

    async with turns.of("a"):
        waiting = [asyncio.create_task(take(name)) for name in ("first", "second")]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(waiting[0], return_exceptions=True)
    await waiting[1]
    assert taken == ["second"]
    assert len(turns) == 0


async def test_nothing_is_kept_of_keys_that_nobody_uses() -> None:
    turns = Turns()
    async with turns.of("a"):
        assert len(turns) == 1
    assert len(turns) == 0
