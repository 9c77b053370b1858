"""The first message of a stranger, held until the owner has decided (``docs/adr/0011``).

Put between the door and what comes after it, :class:`HeldMessages` keeps what somebody asked with, hands it over when
he is in, and sees to it that it comes before what he wrote later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from clawdbot.channels.base import Deliver, DirectMessage
from clawdbot.channels.patience import GRACE_S, wind_up
from clawdbot.config import Config
from clawdbot.domain import held, persons
from clawdbot.domain.gate import Admit, Ignore, Why
from clawdbot.domain.held import Fate, Slip
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.sender_records import Senders
from clawdbot.domain.texts import visible
from clawdbot.errors import ClawdbotError, StoreError
from clawdbot.gateway.clockwork import every
from clawdbot.gateway.held_files import HeldFiles
from clawdbot.gateway.supervisor import Supervisor
from clawdbot.service import Announce, Clock, Knock, wall_clock
from clawdbot.store.base import SendersKey, Store
from clawdbot.words_on_file import holds_a_word

log = logging.getLogger("clawdbot")

LOOK_S = 0.5
"""How often it is looked what became of the requests, while anything is held."""


@dataclass(slots=True, eq=False)
class _Held:
    """One message.

    Attributes:
        turn: whoever hands it over has it.
        over: it is done with, and only its file is still there.
        failure: why it could not be handed over last time.
    """

    slip: Slip
    message: DirectMessage
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    over: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Ports:
    """What is asked of the rest of the gateway.

    Attributes:
        read: what is known of an account's senders.
        wanted: does the configuration say that messages are held? Raises ConfigError while it is broken.
        running: does the account's channel run?
        secret: does a text hold what may be kept nowhere, the word of an invite? May raise StoreError.
        kept: hears that a message of a sender is held from now on. Must not fail.
        deliver: where messages go that arrive; it asks :meth:`HeldMessages.knock`.
    """

    read: Callable[[ChannelAccount], Awaitable[Senders]]
    wanted: Callable[[ChannelAccount], bool]
    running: Callable[[ChannelAccount], bool]
    deliver: Deliver
    secret: Callable[[str], Awaitable[bool]]
    kept: Announce = lambda _account, _sender: None
    now: Clock = wall_clock


class HeldMessages:
    """A :class:`~clawdbot.service.Knock` around the door, and what has to be done beside it in :meth:`run`."""

    def __init__(self, door: Knock, files: HeldFiles, ports: Ports) -> None:
        self._door = door
        self._files = files
        self._ports = ports
        self._known: dict[Slip, _Held] | None = None
        """What is held; ``None`` until that is read."""
        self._loading = asyncio.Lock()
        self._doubted: set[Slip] = set()
        """What the last look would have removed."""
        self._tasks: dict[Slip, asyncio.Task[None]] = {}

    # --- at the door

    async def knock(self, message: DirectMessage) -> Admit | Ignore:
        """As the door decides. Who is let in has what is held of him handed over first."""
        decision = await self._door.knock(message)
        if any(one.message is message for one in self._held()):
            return decision
        if decision in (Ignore(Why.WAITING), Ignore(Why.LATE)) and self._ports.wanted(message.account):
            decision = await self._keep(message, decision)
        if isinstance(decision, Admit):
            for one in [one for one in self._held() if _is_of(one, message)]:
                await self._hand_over(one, instead=message)
        return decision

    def _held(self) -> Iterable[_Held]:
        """What is held, as far as that is read yet."""
        return (self._known or {}).values()

    async def _keep(self, message: DirectMessage, decision: Admit | Ignore) -> Admit | Ignore:
        """Keep what a live request was opened with. Who was let in while he got his code knocks again."""
        known, now = await self._ports.read(message.account), self._ports.now()
        if known.is_allowed(message.sender, message.aliases, now=now):
            return await self._door.knock(message)
        waiting = {one.sender: one for one in known.waiting(now)}
        key = persons.find(waiting, message.sender, message.aliases)
        if key is None:
            return decision
        slip = Slip(message.account, key, waiting[key].created_at)
        try:
            all_held = await self._all()
            if slip not in all_held and not await self._ports.secret(message.text):
                kept = replace(message, text=held.clipped(message.text))
                await asyncio.to_thread(self._files.save, slip, kept)
                all_held[slip] = _Held(slip, kept)
                log.info("%s: the message of sender %s is held", message.account, visible(key))
                self._ports.kept(message.account, key)
        except StoreError as error:
            log.error("%s: the message of sender %s is not held: %s", message.account, visible(key), error)
        return decision

    def holds(self, slip: Slip) -> bool:
        """Whether a message is held of a request. What it says is for nobody."""
        return any(one.slip == slip and not one.over for one in self._held())

    # --- beside it

    @property
    def is_busy(self) -> bool:
        """Is a message being handed over that nothing else waits for?"""
        return bool(self._tasks)

    async def run(self) -> None:
        """See to what is held, until cancelled.

        What is under way then has a moment to end, and is else handed over again at the next start.
        """
        try:
            with suppress(StoreError):  # told of by the first look
                await self._all()
            await every(LOOK_S, "looking after held messages", self.look)
        finally:
            await wind_up(list(self._tasks.values()), GRACE_S)

    async def look(self) -> None:
        """Hand over what is due where its channel runs, and remove what is over.

        Raises:
            StoreError: something cannot be read or removed now; the rest was looked at.
            ConfigError: the configuration is broken.
        """
        doubted, self._doubted = self._doubted, set()
        failures: list[ClawdbotError] = []
        for one in list((await self._all()).values()):
            try:
                await self._look_at(one, doubted)
            except ClawdbotError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def _look_at(self, one: _Held, doubted: set[Slip]) -> None:
        slip = one.slip
        if one.over or not self._ports.wanted(slip.account):
            await self._forget(one)
            return
        become = held.fate(slip, await self._ports.read(slip.account), now=self._ports.now())
        if become is Fate.HAND_OVER and self._ports.running(slip.account) and slip not in self._tasks:
            self._tasks[slip] = asyncio.create_task(self._hand_over_later(one), name=f"held, {slip.account}")
        elif become is Fate.DROP and slip in doubted and not one.turn.locked():
            log.info("%s: the held message of sender %s is removed", slip.account, visible(slip.sender))
            await self._forget(one)
        elif become is Fate.DROP:
            self._doubted.add(slip)

    async def _hand_over_later(self, one: _Held) -> None:
        try:
            await self._hand_over(one)
        except ClawdbotError as error:
            if str(error) != one.failure:
                log.warning("%s: a held message has to wait: %s", one.slip.account, error)
            one.failure = str(error)
        finally:
            del self._tasks[one.slip]

    async def _hand_over(self, one: _Held, *, instead: DirectMessage | None = None) -> None:
        """Deliver a message, once, and let it be gone; unless the platform has sent it again, and that one counts.

        Raises as a :data:`~clawdbot.channels.base.Deliver`; then it is still held.
        """
        async with one.turn:
            if one.over:
                return
            if instead is None or not _is_same(one.message, instead):
                one.message = replace(one.message, late=True)  # never another code
                try:
                    await self._ports.deliver(one.message)
                except ClawdbotError:
                    raise
                except Exception as defect:  # trying again would only meet it again
                    log.error("%s: a held message was dropped, which is a bug: %s", one.slip.account, _name(defect))
            with suppress(StoreError):  # the next look tries again, and tells of it
                await self._forget(one)

    # --- what there is

    async def _all(self) -> dict[Slip, _Held]:
        async with self._loading:
            if self._known is None:
                loaded = await asyncio.to_thread(self._files.load)
                self._known = {slip: _Held(slip, message) for slip, message in loaded.items()}
        return self._known

    async def _forget(self, one: _Held) -> None:
        one.over = True
        await asyncio.to_thread(self._files.remove, one.slip)
        (await self._all()).pop(one.slip, None)


def open_held(  # noqa: PLR0913 - each is a port to the world outside
    door: Knock,
    state_dir: Path,
    store: Store,
    *,
    config: Callable[[], Config],
    supervisor: Callable[[], Supervisor],
    deliver: Deliver,
    kept: Announce = lambda _account, _sender: None,
    now: Clock = wall_clock,
) -> HeldMessages:
    """Put it around a door.

    Args:
        config: the configuration as it is now; may raise ConfigError.
        supervisor: who runs the channels, once there is one.
        kept: hears whose message is held from now on.
    """
    ports = Ports(
        lambda account: store.read(SendersKey(account)),
        wanted=lambda account: config().holds_first_message(account),
        running=lambda account: account in supervisor().ready,
        deliver=deliver,
        secret=partial(holds_a_word, store),
        kept=kept,
        now=now,
    )
    return HeldMessages(door, HeldFiles(state_dir), ports)


def _is_of(one: _Held, message: DirectMessage) -> bool:
    """Is a held message from whom another one is from?"""
    known = {one.slip.sender, one.message.sender, *one.message.aliases}
    return one.slip.account == message.account and persons.is_same(known, {message.sender, *message.aliases})


def _is_same(one: DirectMessage, other: DirectMessage) -> bool:
    """Did a platform send a message twice?"""
    return (one.conversation, one.message_id) == (other.conversation, other.message_id)


def _name(defect: Exception) -> str:
    """The kind of an exception alone: what it says may quote the text (threats.md S7)."""
    return type(defect).__name__
