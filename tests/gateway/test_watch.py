"""What others do to the state of a running gateway is told to its operators: each decision once, and ours not again."""

import asyncio
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from clawdbot.domain.effects import Change
from clawdbot.domain.names import SenderId
from clawdbot.errors import StoreCorrupt
from clawdbot.gateway.announcer import Announcer
from clawdbot.gateway.hub import Hub
from clawdbot.gateway.watch import WatchedStore
from clawdbot.store.base import DeviceKey, Key, S, Store
from clawdbot.store.disk import Folder
from clawdbot.store.files import FileStore
from clawdbot.store.memory import MemoryStore
from tests.support.register_files import files, put
from tests.support.register_moves import NOW, DeviceMove, NodeMove
from tests.support.sessions import outbox, session
from tests.support.store_engines import ENGINES, engine
from tests.support.store_moves import KEY, Move

LATER = NOW + 100


class Room:
    """A watched store, the operator who is told, and everybody else who works on the same state."""

    def __init__(self, store: Store, others: Store | None = None) -> None:
        self.others = others or store
        self.admin = session(900, "admin")
        hub = Hub()
        hub.join(self.admin)
        self._announcer = Announcer(hub)
        self.watched = WatchedStore(
            store, lambda key, old, new: self._announcer.decided_elsewhere(key, old, new, LATER)
        )

    async def decide(self, move: Any) -> None:
        """As the gateway does: save, then perform."""
        for effect in (await self.watched.update(move.key, move)).effects:
            self._announcer.perform(effect)

    async def elsewhere(self, move: Any) -> None:
        await self.others.update(move.key, move)

    async def sweep(self) -> None:
        for _ in range(2):
            await self.watched.sweep()

    def told(self) -> list[str]:
        """What the operator was told since the last time."""
        frames, outbox(self.admin).frames = outbox(self.admin).frames, []
        return [f"{frame['event']} {frame['payload'].get('decision', '')}".strip() for frame in frames]


async def test_a_decision_made_elsewhere_is_told_once() -> None:
    """A device and a node: asked, approved, asked for more, rejected, removed; whoever sweeps again hears nothing."""
    room = Room(MemoryStore())
    await room.watched.sweep()
    for moves, prefix in (((DeviceMove("ask"), DeviceMove("approve")), "device"), ((NodeMove("ask"),), "node")):
        for move, event in zip(moves, ("requested", "resolved approved"), strict=False):
            await room.elsewhere(move)
            await room.sweep()
            assert room.told() == [f"{prefix}.pair.{event}"]
            await room.sweep()
            assert room.told() == []
    await room.elsewhere(DeviceMove("ask more", seed=1))
    await room.sweep()
    await room.elsewhere(DeviceMove("reject"))
    await room.elsewhere(NodeMove("reject"))
    await room.sweep()
    await room.elsewhere(DeviceMove("remove"))
    await room.sweep()
    assert room.told() == ["device.pair.requested", "device.pair.resolved rejected", "node.pair.resolved rejected"]


async def test_what_was_so_before_is_no_news() -> None:
    """The first sweep learns how things are."""
    room = Room(MemoryStore())
    await room.elsewhere(DeviceMove("ask"))
    await room.sweep()
    assert room.told() == []


async def test_our_own_decisions_are_told_by_their_effects_alone() -> None:
    """Whatever the sweeps see of them."""
    room = Room(MemoryStore())
    await room.sweep()
    for move in (DeviceMove("ask"), DeviceMove("approve"), NodeMove("ask"), NodeMove("reject"), DeviceMove("remove")):
        await room.decide(move)
        await room.sweep()
    assert room.told() == [
        "device.pair.requested",
        "device.pair.resolved approved",
        "node.pair.requested",
        "node.pair.resolved rejected",
    ]


async def test_what_others_did_is_told_before_what_is_decided_on_top_of_it() -> None:
    """No sweep came in between: both are told, each once, in their order."""
    room = Room(MemoryStore())
    await room.sweep()
    await room.elsewhere(DeviceMove("ask"))
    await room.decide(DeviceMove("approve"))
    await room.elsewhere(DeviceMove("ask more", seed=1))
    await room.elsewhere(DeviceMove("reject"))
    await room.decide(DeviceMove("ask more", seed=2))
    await room.sweep()
    assert room.told() == [
        "device.pair.requested",
        "device.pair.resolved approved",
        "device.pair.requested",
    ]


async def test_a_change_is_believed_when_it_stays() -> None:
    """The reference takes the request away first and then lets the sender in: that is no rejection."""
    room = Room(MemoryStore())
    await room.elsewhere(Move("request", "7", LATER - 1))
    await room.sweep()
    before = await room.others.read(KEY)
    await room.others.update(KEY, lambda _: Change(type(before)(), None))
    await room.watched.sweep()
    await room.elsewhere(Move("request", "7", LATER - 1))
    await room.elsewhere(Move("approve", "7", LATER - 1))
    await room.sweep()
    assert room.told() == ["dm.pair.resolved approved"]
    assert list((await room.others.read(KEY)).allowed) == [SenderId("7")]


async def test_what_was_read_before_a_decision_is_not_believed_after_it() -> None:
    """A sweep that took long says nothing about what was decided meanwhile, or is being decided."""

    class Slow(MemoryStore):
        """Hands out what it read when it is told to."""

        def __init__(self) -> None:
            super().__init__()
            self.has_read, self.go_on = asyncio.Event(), asyncio.Event()
            self.go_on.set()

        async def read_all(self, kind: type[Key[S]]) -> Mapping[Key[S], S]:
            found = await super().read_all(kind)
            self.has_read.set()
            await self.go_on.wait()
            return found

    store = Slow()
    room = Room(store)
    await room.elsewhere(DeviceMove("ask"))
    await room.sweep()
    await room.elsewhere(DeviceMove("ask", 2))
    store.go_on.clear()
    store.has_read.clear()
    sweep = asyncio.ensure_future(room.watched.sweep())
    await store.has_read.wait()
    await room.decide(DeviceMove("approve"))
    store.go_on.set()
    await sweep
    await room.sweep()
    assert room.told() == ["device.pair.resolved approved", "device.pair.requested"]


async def test_whoever_gave_up_waiting_for_his_decision_has_it_told_all_the_same(tmp_path: Path) -> None:
    """It was saved, and nobody performed its effects."""
    room = Room(FileStore(tmp_path / "state"))
    await room.sweep()
    with files(tmp_path / "state").locked():
        decision = asyncio.ensure_future(room.decide(DeviceMove("ask")))
        other = asyncio.ensure_future(room.decide(DeviceMove("ask", 2)))
        await asyncio.sleep(0.05)
        decision.cancel()
    await other
    await room.decide(DeviceMove("ask", 3))
    await room.sweep()
    reality = {state.pending.id for state in (await room.watched.read_all(DeviceKey)).values() if state.pending}
    assert followed(outbox(room.admin).frames) == reality


async def test_S4_what_cannot_be_read_is_an_error_and_hides_nothing_else(tmp_path: Path) -> None:
    """The rest is watched meanwhile; once it can be read again, what happened is told."""
    state = tmp_path / "state"
    room = Room(FileStore(state), FileStore(state))
    await room.elsewhere(DeviceMove("ask"))
    await room.sweep()
    whole = (state / "devices" / "pending.json").read_bytes()
    put(state, "devices/pending", b"{")
    await room.elsewhere(NodeMove("ask"))
    for _ in range(2):
        with pytest.raises(StoreCorrupt):
            await room.watched.sweep()
    assert room.told() == ["node.pair.requested"]
    put(state, "devices/pending", whole)
    await room.elsewhere(DeviceMove("approve"))
    await room.sweep()
    assert room.told() == ["device.pair.resolved approved"]


async def test_while_nothing_changes_no_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the files is all that it costs."""
    state = tmp_path / "state"
    room = Room(FileStore(state))
    for move in (DeviceMove("ask"), NodeMove("ask"), Move("request", "7", LATER - 1)):
        await room.elsewhere(move)
    await asyncio.sleep(0.06)  # what was written this moment ago is read once more
    await room.sweep()
    opened = list[str]()
    monkeypatch.setattr(Folder, "read", lambda _, name: opened.append(name))
    await room.sweep()
    assert opened == []


# --- whatever happens ------------------------------------------------------------------------------------------------

VERBS = ("ask", "ask more", "ask as node", "approve", "approve", "reject", "remove", "revoke", "rename")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", ENGINES)
async def test_who_follows_the_events_knows_who_waits(name: str, seed: int) -> None:
    """Decisions here and elsewhere, at once and in turn, swept in between: no event comes twice, none is missing."""
    dice = random.Random(seed)
    with engine(name) as opened:
        room = Room(opened.store, opened.reopen())
        await room.sweep()
        for step in range(60):
            moves = [
                DeviceMove(dice.choice(VERBS), dice.randint(1, 3), NOW + step, 10 * step + n)
                for n in range(dice.randint(1, 3))
            ]
            ways = [dice.choice((room.decide, room.elsewhere)) for _ in moves]
            sweeps = [room.watched.sweep()] if dice.random() < 0.5 else []
            await asyncio.gather(*[way(move) for way, move in zip(ways, moves, strict=True)], *sweeps)
        await asyncio.sleep(0.06 if name == "files" else 0)
        await room.sweep()
        waiting = {one.pending.id for one in (await room.others.read_all(DeviceKey)).values() if one.pending}
    assert followed(outbox(room.admin).frames) == waiting


def followed(frames: list[dict[str, Any]]) -> set[str]:
    """Who waits, as far as the events tell; each request may begin and end once."""
    begun, ended = set[str](), set[str]()
    for frame in frames:
        payload = frame["payload"]
        if frame["event"] == "device.pair.requested":
            assert payload["requestId"] not in begun
            begun.add(payload["requestId"])
            ended.add(payload.get("supersedes", ""))
        else:
            assert payload["requestId"] not in ended
            ended.add(payload["requestId"])
    return begun - ended
