"""What every store promises about senders (``clawdbot.store.base``): one suite, on memory and on files.

The same about devices and nodes: ``test_contract_registers.py``.
"""

import asyncio
import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from clawdbot.domain.effects import Change
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.domain.senders import AlreadyAllowed, Approved, NoSuchRequest, QueueFull, Requested, Senders, StillWaiting
from clawdbot.errors import Refused
from clawdbot.store.base import Key, SendersKey, Store
from tests.support.store_engines import ENGINES, Engine, engine
from tests.support.store_moves import KEY, NOW, VERBS, WORK, Move, after, places


@pytest.fixture(params=ENGINES)
def opened(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with engine(request.param) as one:
        yield one


@pytest.fixture
def store(opened: Engine) -> Store:
    return opened.store


async def test_what_does_not_exist_is_empty(store: Store) -> None:
    """Nothing stored reads as nobody, and is listed nowhere."""
    assert await store.read(KEY) == Senders()
    assert await store.keys(SendersKey) == []
    assert await store.read_all(SendersKey) == {}


async def test_a_change_is_read_back(opened: Engine) -> None:
    """What update returned is what read returns, here and in another process."""
    change = await opened.store.update(KEY, Move("request", "7"))
    assert isinstance(change.answer, Requested)
    assert await opened.store.read(KEY) == change.state
    assert await opened.reopen().read(KEY) == change.state


async def test_every_kind_of_entry_is_read_back(opened: Engine) -> None:
    """Requests with their meta, approvals and blocks with when and by whom, and the full queue."""
    moves = [
        *[Move("request", str(n), now=NOW + n) for n in range(1, 5)],
        Move("approve", "1"),
        Move("block", "2"),
        Move("block", "9"),
    ]
    for move in moves:
        await opened.store.update(KEY, move)
    wanted = after(moves)
    assert wanted.full_at
    assert await opened.reopen().read(KEY) == wanted


async def test_no_change_is_no_change(store: Store) -> None:
    """A decision that keeps the state leaves the very same object to be read."""
    await store.update(KEY, Move("request", "7"))
    await asyncio.sleep(0.06)
    before = await store.read(KEY)
    change = await store.update(KEY, Move("revoke", "8"))
    assert change.state == before
    assert await store.read(KEY) is before
    assert await store.read(KEY) is before


async def test_a_decision_that_raises_changes_nothing(store: Store) -> None:
    """Its exception is the caller's, and the next decision works."""
    await store.update(KEY, Move("request", "7"))
    before = await store.read(KEY)

    def refuse(state: Senders) -> Change[Senders, None]:
        raise Refused("no")

    with pytest.raises(Refused):
        await store.update(KEY, refuse)
    assert await store.read(KEY) == before
    assert isinstance((await store.update(KEY, Move("approve", "7"))).answer, Approved)


async def test_D1_accounts_share_nothing(store: Store) -> None:
    """Each account has its own people, and its own queue of three."""
    for sender in "123":
        await store.update(KEY, Move("request", sender))
    assert isinstance((await store.update(KEY, Move("request", "4"))).answer, QueueFull)
    assert isinstance((await store.update(WORK, Move("request", "4"))).answer, Requested)
    await store.update(WORK, Move("approve", "4"))
    assert places(await store.read(WORK)) == {"4": "allowed"}
    assert isinstance((await store.update(KEY, Move("approve", "4"))).answer, NoSuchRequest)
    assert "4" not in places(await store.read(KEY))


async def test_keys_are_what_is_stored(opened: Engine) -> None:
    """The accounts under which something was saved, and only those."""
    signal = SendersKey(ChannelAccount(Channel.SIGNAL, AccountId("a_b-c")))
    for key, sender in ((KEY, "7"), (WORK, "7"), (signal, "+15550001111")):
        await opened.store.update(key, Move("block", sender))
    await opened.store.update(SendersKey(ChannelAccount(Channel.TELEGRAM, AccountId("none"))), Move("revoke", "7"))
    assert set(await opened.reopen().keys(SendersKey)) == {KEY, WORK, signal}
    everything = await opened.reopen().read_all(SendersKey)
    assert everything == {key: await opened.store.read(key) for key in (KEY, WORK, signal)}


async def test_all_of_them_are_the_same_object_until_one_changes(opened: Engine) -> None:
    """Whoever looks again and again for what others did finds out by asking for no more than that."""
    await opened.store.update(KEY, Move("request", "7"))
    known = await opened.store.read_all(SendersKey)
    await opened.store.update(KEY, Move("reject", "9"))
    assert await opened.store.read_all(SendersKey) is known
    await opened.reopen().update(WORK, Move("request", "7"))
    changed = await opened.store.read_all(SendersKey)
    assert set(changed) == {KEY, WORK}
    assert await opened.store.read_all(SendersKey) is changed


async def test_M_a_crowd_at_once_never_exceeds_the_cap(opened: Engine) -> None:
    """300 strangers at the same moment, through two stores: three requests, everybody else is turned away."""
    stores = [opened.store, opened.reopen()]
    crowd = [stores[n % 2].update(KEY, Move("request", str(n), seed=n)) for n in range(1, 301)]
    answers = [type(change.answer) for change in await asyncio.gather(*crowd)]
    assert answers.count(Requested) == 3
    assert answers.count(QueueFull) == 297
    assert len((await opened.reopen().read(KEY)).requests) == 3


async def test_D10_a_flood_of_one_stranger_is_one_request(store: Store) -> None:
    """500 messages at once: one is the first, and only that one."""
    flood = [store.update(KEY, Move("request", "7", seed=n)) for n in range(500)]
    answers = [type(change.answer) for change in await asyncio.gather(*flood)]
    assert answers.count(Requested) == 1
    assert answers.count(StillWaiting) == 499


async def test_M_two_owners_at_once_use_a_code_once(opened: Engine) -> None:
    """Approving twice at the same moment approves once; the stranger's next message is let in."""
    await opened.store.update(KEY, Move("request", "7"))
    both = [one.update(KEY, Move("approve", "7")) for one in (opened.store, opened.reopen())]
    assert sorted(type(change.answer).__name__ for change in await asyncio.gather(*both)) == [
        "Approved",
        "NoSuchRequest",
    ]
    assert isinstance((await opened.store.update(KEY, Move("request", "7"))).answer, AlreadyAllowed)


async def test_a_caller_who_gives_up_leaves_nothing_half_done(opened: Engine) -> None:
    """Cancelled at any time: his change is there whole or not at all, and the queue goes on."""
    for number in range(1, 21):
        approvals = [Move("request", str(number), seed=number), Move("approve", str(number))]
        tasks = [asyncio.ensure_future(opened.store.update(KEY, move)) for move in approvals]
        await asyncio.sleep(random.Random(number).uniform(0, 0.01))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await opened.store.update(KEY, Move("reject", str(number)))
    state = await opened.reopen().read(KEY)
    assert not state.requests
    assert set(places(state).values()) <= {"allowed"}


async def test_unknown_keys_are_refused(store: Store) -> None:
    """A key of another kind is a programming error, not an empty aggregate."""

    class Strange(Key[Senders]):
        pass

    with pytest.raises(TypeError):
        await store.read(Strange())
    with pytest.raises(TypeError):
        await store.update(Strange(), Move("block", "7"))
    assert await store.keys(Strange) == []


# --- any order of events ---------------------------------------------------------------------------------------------


class StoreMachine(RuleBasedStateMachine):
    """Moves on two accounts, alone and in groups, with restarts, beside a model that only follows the rules."""

    engine_name = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.context = engine(self.engine_name)
        self.engine = self.context.__enter__()
        self.store = self.engine.store
        self.now = NOW
        self.model = {KEY: Senders(), WORK: Senders()}
        self.chance = 0

    def teardown(self) -> None:
        self.loop.close()
        self.context.__exit__(None, None, None)

    def move(self, verb: str, sender: int) -> Move:
        self.chance += 1
        return Move(verb, str(sender), self.now, self.chance)

    @rule(key=st.sampled_from([KEY, WORK]), verb=st.sampled_from(VERBS), sender=st.integers(1, 5))
    def one(self, key: SendersKey, verb: str, sender: int) -> None:
        move = self.move(verb, sender)
        wanted = move(self.model[key])
        change = self.loop.run_until_complete(self.store.update(key, move))
        assert type(change.answer) is type(wanted.answer)
        self.model[key] = wanted.state
        self.compare()

    @rule(
        key=st.sampled_from([KEY, WORK]),
        group=st.lists(st.tuples(st.sampled_from(VERBS), st.integers(1, 5)), min_size=2, max_size=6),
    )
    def several_at_once(self, key: SendersKey, group: list[tuple[str, int]]) -> None:
        moves = [self.move(verb, sender) for verb, sender in group]

        async def together() -> None:
            await asyncio.gather(*[self.store.update(key, move) for move in moves])

        self.loop.run_until_complete(together())
        self.model[key] = after(moves, self.model[key])
        self.compare()

    @rule(seconds=st.sampled_from([1, 600, 3_600, -60, 86_400, -86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1_000

    @precondition(lambda self: self.engine_name == "files")
    @rule()
    def restart(self) -> None:
        self.store = self.engine.reopen()
        self.compare()

    def compare(self) -> None:
        for key, wanted in self.model.items():
            assert self.loop.run_until_complete(self.store.read(key)) == wanted


@pytest.mark.parametrize("name", ENGINES)
def test_M_any_order_of_moves_ends_where_the_rules_say(name: str) -> None:
    """The store never adds anything to, nor loses anything of, what the decisions made."""
    machine = type("Machine", (StoreMachine,), {"engine_name": name})
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
