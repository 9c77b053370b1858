"""Listening to events: in order, none lost without a word, and an end."""

import asyncio

import pytest

from clawdbot.client import events
from clawdbot.client.events import Events
from clawdbot.errors import GatewayUnavailable
from clawdbot.wire.frames import Event


def listener(*names: str) -> tuple[Events, list[Events]]:
    """A listener, and those who listen no longer."""
    gone: list[Events] = []
    return Events(frozenset(names), gone.append), gone


async def taken(found: Events) -> list[str]:
    return [event.event async for event in found]


async def test_events_come_in_order_and_by_name() -> None:
    """Those that were asked for; all of them if no name was given."""
    some, _ = listener("a", "c")
    all_, _ = listener()
    for name in "abca":
        some.put(Event(name))
        all_.put(Event(name))
    some.end()
    all_.end()
    assert (await taken(some), await taken(all_)) == (["a", "c", "a"], ["a", "b", "c", "a"])


async def test_a_listener_waits_for_what_comes_later() -> None:
    """Also when it comes while he waits."""
    found, _ = listener()
    waiting = asyncio.create_task(anext(found))
    await asyncio.sleep(0)
    found.put(Event("a"))
    assert (await waiting).event == "a"


async def test_whoever_closes_hears_no_more() -> None:
    """What came before is still there; the connection forgets the listener."""
    found, gone = listener()
    found.put(Event("a"))
    found.close()
    found.put(Event("b"))
    assert await taken(found) == ["a"]
    assert gone == [found]


async def test_a_listener_who_falls_behind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """He gets what was kept for him, then an error: nothing is missing without his knowing."""
    monkeypatch.setattr(events, "BACKLOG", 2)
    found, gone = listener()
    for name in "abc":
        found.put(Event(name))
    assert gone == [found]
    assert [(await anext(found)).event, (await anext(found)).event] == ["a", "b"]
    with pytest.raises(GatewayUnavailable, match="faster than they were taken"):
        await anext(found)
