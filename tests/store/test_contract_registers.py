"""What every store promises about devices and nodes (``clawdbot.store.base``): one suite, on memory and on files."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from clawdbot.domain.admission import Admitted, Waiting
from clawdbot.domain.device_records import Device
from clawdbot.domain.devices import Approved, Denied, Removed
from clawdbot.domain.effects import Change
from clawdbot.domain.names import NodeId, Role
from clawdbot.domain.node_records import Node
from clawdbot.errors import Refused
from clawdbot.store.base import DeviceKey, Key, NodeKey, SendersKey, Store
from tests.support.register_moves import DEVICE_VERBS, NODE_VERBS, NOW, DeviceMove, NodeMove
from tests.support.store_engines import ENGINES, Engine, engine


@dataclass(frozen=True)
class Register:
    """What is kept, and what can be done about it."""

    kind: type[Key[Any]]
    move: Callable[..., Any]
    verbs: tuple[str, ...]

    def empty(self, number: int) -> Any:
        key = self.move("ask", number).key
        return Device(key.device) if self.kind is DeviceKey else Node(key.node)


REGISTERS = [Register(DeviceKey, DeviceMove, DEVICE_VERBS), Register(NodeKey, NodeMove, NODE_VERBS)]


@pytest.fixture(params=ENGINES)
def opened(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with engine(request.param) as one:
        yield one


@pytest.fixture
def store(opened: Engine) -> Store:
    return opened.store


@pytest.fixture(params=REGISTERS, ids=lambda register: register.kind.__name__)
def register(request: pytest.FixtureRequest) -> Register:
    found: Register = request.param
    return found


async def do(store: Store, *moves: Any) -> list[Any]:
    """Make moves one after another; what they were answered."""
    return [(await store.update(move.key, move)).answer for move in moves]


async def test_what_does_not_exist_is_empty(store: Store, register: Register) -> None:
    """Nothing on record reads as nobody, and is listed nowhere."""
    assert await store.read(register.move("ask", 1).key) == register.empty(1)
    assert await store.keys(register.kind) == []
    assert await store.read_all(register.kind) == {}


async def test_every_state_is_read_back(opened: Engine, register: Register) -> None:
    """What update returned is what read returns, here and in another process, after each kind of decision."""
    for number, verb in enumerate((*register.verbs, "ask", "approve", *register.verbs)):
        move = register.move(verb, now=NOW + number, seed=number)
        change = await opened.store.update(move.key, move)
        assert await opened.store.read(move.key) == change.state
        await opened.store.close()
        assert await opened.reopen().read(move.key) == change.state


async def test_no_change_is_no_change(store: Store, register: Register) -> None:
    """A decision that keeps the state leaves the very same object to be read."""
    await do(store, register.move("ask"), register.move("approve"))
    await asyncio.sleep(0.06)
    move = register.move("reject")
    before = await store.read(move.key)
    change = await store.update(move.key, move)
    assert isinstance(change.answer, Denied)
    assert change.state is before
    assert await store.read(move.key) is before


async def test_all_of_them_are_the_same_object_until_one_changes(opened: Engine, register: Register) -> None:
    """Whoever looks again and again for what others did finds out by asking for no more than that."""
    await do(opened.store, register.move("ask"))
    known = await opened.store.read_all(register.kind)
    assert await opened.store.read_all(register.kind) is known
    await do(opened.reopen(), register.move("ask", 2, seed=2))
    changed = await opened.store.read_all(register.kind)
    assert len(changed) == 2
    assert await opened.store.read_all(register.kind) is changed


async def test_a_decision_that_raises_changes_nothing(store: Store, register: Register) -> None:
    """Its exception is the caller's, and the next decision works."""
    await do(store, register.move("ask"))
    key = register.move("ask").key
    before = await store.read(key)

    def refuse(state: Any) -> Change[Any, None]:
        raise Refused("no")

    with pytest.raises(Refused):
        await store.update(key, refuse)
    assert await store.read(key) == before
    (answer,) = await do(store, register.move("approve"))
    assert not isinstance(answer, Denied)


async def test_one_device_s_decisions_are_no_other_s(store: Store, register: Register) -> None:
    """Many share the files; each has its own record and its own request."""
    move = register.move
    await do(store, *[move("ask", number, seed=number) for number in range(1, 6)])
    others = {number: await store.read(move("ask", number).key) for number in (1, 3, 5)}
    await do(store, move("approve", 2), move("reject", 4), move("rename", 2, seed=9))
    assert {number: await store.read(move("ask", number).key) for number in others} == others
    await do(store, move("remove", 2))
    assert set(await store.keys(register.kind)) == {move("ask", number).key for number in others}


async def test_everything_at_once_is_what_each_reads(opened: Engine, register: Register) -> None:
    """Whoever is on record is listed, waiting or in; whoever left is not."""
    move = register.move
    await do(opened.store, *[move("ask", number, seed=number) for number in range(1, 8)])
    await do(opened.store, move("approve", 1), move("approve", 2), move("remove", 2), move("reject", 3))
    for store in (opened.store, opened.reopen()):
        everything = await store.read_all(register.kind)
        assert everything == {key: await store.read(key) for key in await store.keys(register.kind)}
        assert set(everything) == {move("ask", number).key for number in (1, 4, 5, 6, 7)}
    assert await opened.store.keys(SendersKey) == []


async def test_a_crowd_at_once_is_saved_whole(opened: Engine, register: Register) -> None:
    """200 devices at the same moment, through two stores: each has its request, as it was answered."""
    stores = [opened.store, opened.reopen()]
    moves = [register.move("ask", number, seed=number) for number in range(1, 201)]
    changes = await asyncio.gather(*[stores[move.number % 2].update(move.key, move) for move in moves])
    everything = await opened.reopen().read_all(register.kind)
    assert everything == {move.key: change.state for move, change in zip(moves, changes, strict=True)}


async def test_G5_a_flood_of_one_device_is_one_request(store: Store) -> None:
    """500 connects at once: one request, one announcement, and everybody is told its id."""
    flood = [DeviceMove("ask", seed=number) for number in range(500)]
    changes = await asyncio.gather(*[store.update(move.key, move) for move in flood])
    assert sum(bool(change.effects) for change in changes) == 1
    assert all(isinstance(change.answer, Waiting) for change in changes)
    assert len({change.answer.request.id for change in changes}) == 1


async def test_M_two_owners_at_once_use_a_request_once(opened: Engine) -> None:
    """Approving twice at the same moment approves once; the device's next connect is let in."""
    await do(opened.store, DeviceMove("ask"))
    both = [do(one, DeviceMove("approve", seed=seed)) for seed, one in enumerate((opened.store, opened.reopen()))]
    answers = [answer for (answer,) in await asyncio.gather(*both)]
    assert sorted(type(answer).__name__ for answer in answers) == ["Approved", "Denied"]
    assert [type(answer) for answer in await do(opened.store, DeviceMove("ask"))] == [Admitted]


async def test_G8_whoever_approves_and_whoever_removes_both_get_their_way(opened: Engine) -> None:
    """In whichever order: afterwards the device is out, or was approved after it had been removed."""
    for round_ in range(20):
        await do(opened.store, DeviceMove("ask", seed=round_), DeviceMove("approve", seed=round_))
        await do(opened.store, DeviceMove("ask as node", seed=round_))
        racing = [do(opened.store, DeviceMove("approve", seed=round_)), do(opened.reopen(), DeviceMove("remove"))]
        (approved,), (removed,) = await asyncio.gather(*racing)
        assert isinstance(removed, Removed)
        state = await opened.reopen().read(DeviceMove("ask").key)
        assert isinstance(approved, Approved | Denied)
        assert state == Device(DeviceMove("ask").key.device)


async def test_a_caller_who_gives_up_leaves_nothing_half_done(opened: Engine, register: Register) -> None:
    """Cancelled at any time: his change is there whole or not at all, and the queue goes on."""
    for number in range(1, 21):
        moves = [register.move("ask", number, seed=number), register.move("approve", number)]
        tasks = [asyncio.ensure_future(opened.store.update(move.key, move)) for move in moves]
        await asyncio.sleep(random.Random(number).uniform(0, 0.01))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await do(opened.store, register.move("reject", number))
    assert all(state.pending is None for state in (await opened.reopen().read_all(register.kind)).values())


# --- what nobody waits for -------------------------------------------------------------------------------------------


async def test_what_is_noted_in_passing_is_read_at_once_and_saved_in_the_end(opened: Engine) -> None:
    """When a device was last here: known to this store from the same moment, to others once it is closed."""
    await do(opened.store, DeviceMove("ask"), DeviceMove("approve"))
    await do(opened.store, DeviceMove("ask", now=NOW + 5, seed=5))
    state = await opened.store.read(DeviceMove("ask").key)
    assert state.paired
    assert [token.last_used_at for token in state.paired.tokens.values()] == [NOW + 5]
    assert (await opened.store.read_all(DeviceKey))[DeviceMove("ask").key] == state
    await opened.store.close()
    assert await opened.reopen().read(DeviceMove("ask").key) == state
    await do(opened.store, DeviceMove("ask", now=NOW + 6))
    await opened.store.close()
    after = await opened.reopen().read(DeviceMove("ask").key)
    assert after.paired
    assert [token.last_used_at for token in after.paired.tokens.values()] == [NOW + 6]


async def test_every_decision_knows_what_was_noted_in_passing(opened: Engine) -> None:
    """It is part of the state that is decided on, and saved with the decision."""
    await do(opened.store, DeviceMove("ask"), DeviceMove("approve"), DeviceMove("ask", now=NOW + 5))
    await do(opened.store, DeviceMove("rename"))
    state = await opened.reopen().read(DeviceMove("ask").key)
    assert state.paired
    assert state.paired.alias == "Box 0"
    assert [token.last_used_at for token in state.paired.tokens.values()] == [NOW + 5]


async def test_G8_what_is_noted_in_passing_undoes_nothing(opened: Engine) -> None:
    """Removed or revoked elsewhere before it was saved: the device is out here with the next read, and stays out."""
    for verb in ("revoke", "remove"):
        await do(opened.store, DeviceMove("ask"), DeviceMove("approve"), DeviceMove("ask", now=NOW + 5))
        await do(opened.reopen(), DeviceMove(verb, now=NOW + 6))
        out = await opened.store.read(DeviceMove("ask").key)
        assert out.paired is None or out.paired.is_revoked(Role.OPERATOR)
        await opened.store.close()
        assert await opened.reopen().read(DeviceMove("ask").key) == await opened.store.read(DeviceMove("ask").key)
    assert await opened.store.keys(DeviceKey) == []


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "../x", "\0", "\u202e", "a\nb", "é", '",\n  "', "7", "{}", "x" * 999]
)
async def test_G17_strange_names_are_plain_data(opened: Engine, name: str) -> None:
    """A node may be called anything, and is nobody but itself."""
    key, other = NodeKey(NodeId(name)), NodeMove("ask", 2)
    for verb in ("ask", "approve"):
        await opened.store.update(key, NodeMove(verb))
    await do(opened.store, other)
    found = await opened.reopen().read_all(NodeKey)
    assert set(found) == {key, other.key}
    assert found[key].paired
    await opened.store.update(key, NodeMove("remove"))
    assert await opened.reopen().keys(NodeKey) == [other.key]


# --- any order of events ---------------------------------------------------------------------------------------------


class RegisterMachine(RuleBasedStateMachine):
    """Moves on three devices, one or several at once, with restarts, beside a model that only follows the rules."""

    engine_name = "memory"
    register = REGISTERS[0]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.context = engine(self.engine_name)
        self.engine = self.context.__enter__()
        self.store = self.engine.store
        self.now = NOW
        self.chance = 0
        self.model = {self.register.move("ask", number).key: self.register.empty(number) for number in (1, 2, 3)}

    def teardown(self) -> None:
        self.loop.close()
        self.context.__exit__(None, None, None)

    @rule(numbers=st.sets(st.integers(1, 3), min_size=1), data=st.data())
    def moves(self, numbers: set[int], data: st.DataObject) -> None:
        self.chance += 1
        verbs = [data.draw(st.sampled_from(self.register.verbs)) for _ in numbers]
        moves = [
            self.register.move(verb, number, self.now, self.chance)
            for number, verb in zip(sorted(numbers), verbs, strict=True)
        ]

        async def together() -> list[Change[Any, Any]]:
            return list(await asyncio.gather(*[self.store.update(move.key, move) for move in moves]))

        for move, change in zip(moves, self.loop.run_until_complete(together()), strict=True):
            wanted = move(self.model[move.key])
            assert type(change.answer) is type(wanted.answer)
            assert change.effects == wanted.effects
            self.model[move.key] = wanted.state
        self.compare()

    @rule(seconds=st.sampled_from([1, 60, 300, -60, 86_400, -86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1_000

    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.store = self.engine.reopen()
        self.compare()

    def compare(self) -> None:
        for key, wanted in self.model.items():
            assert self.loop.run_until_complete(self.store.read(key)) == wanted
        everything = {key: state for key, state in self.model.items() if state.paired or state.pending}
        assert self.loop.run_until_complete(self.store.read_all(self.register.kind)) == everything


@pytest.mark.parametrize("name", ENGINES)
def test_M_any_order_of_moves_ends_where_the_rules_say(name: str, register: Register) -> None:
    """The store never adds anything to, nor loses anything of, what the decisions made."""
    machine = type("Machine", (RegisterMachine,), {"engine_name": name, "register": register})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60 if name == "memory" else 25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
