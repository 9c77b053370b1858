"""What the gateway counts while it runs: who came, what became of it, and how long the store took.

Whoever lets something happen tells it here; nobody decides by these numbers.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Final

from clawdbot import errors
from clawdbot.channels.base import DirectMessage
from clawdbot.domain.effects import (
    AnnounceDeviceRequest,
    AnnounceDeviceResolved,
    AnnounceNodeRequest,
    AnnounceNodeResolved,
    Change,
    Effect,
    SenderDecision,
)
from clawdbot.domain.gate import Admit, Ignore
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import DoorError
from clawdbot.gateway.metrics import Counter, Family, Histogram
from clawdbot.gateway.tries import FailedTries
from clawdbot.service import Knock
from clawdbot.store.base import A, Key, S, Store

RULES: Final[Mapping[type[DoorError], str]] = {
    errors.InvalidConnectParams: "G13",
    errors.InvalidRole: "G3",
    errors.ProxyWithoutAuth: "G9",
    errors.SecureContextRequired: "G3",
    errors.IdentityRequired: "G3",
    errors.IdentityMismatch: "G1",
    errors.SignatureExpired: "G2",
    errors.NonceRequired: "G2",
    errors.NonceMismatch: "G2",
    errors.SignatureInvalid: "G2",
    errors.CredentialsMissing: "G3",
    errors.CredentialsWrong: "G11",
    errors.TooManyTries: "G11",
    errors.PairingRequired: "G4",
}
"""Which rule of threats.md a check at the door is for; the others keep to the protocol alone."""

PROTOCOL: Final = "protocol"

TOO_MANY, FOREIGN_ORIGIN, NO_UPGRADE, NO_FRAME = "too_many_connections", "origin_not_allowed", "no_upgrade", "no_frame"
DOORSTEP: Final = {TOO_MANY: "G12", FOREIGN_ORIGIN: "G10", NO_UPGRADE: "G12", NO_FRAME: "G12"}
"""Refusals before a client has said who it is."""


class Meters:
    """The counters of one gateway."""

    def __init__(self) -> None:
        self._messages = Counter(
            "clawdbot_messages_total", "Direct messages, by what became of them", ("channel", "account", "outcome")
        )
        self._ignored = Counter(
            "clawdbot_messages_ignored_total",
            "Direct messages that were ignored, by reason",
            ("channel", "account", "why"),
        )
        self._requests = Counter("clawdbot_pairing_requests_total", "Pairing requests opened", ("kind",))
        self._decisions = Counter(
            "clawdbot_pairing_decisions_total", "Decisions, wherever they were made", ("kind", "decision")
        )
        self._refusals = Counter(
            "clawdbot_door_refusals_total", "Clients turned away, by rule of threats.md", ("rule", "code", "reason")
        )
        self._lockouts = Counter("clawdbot_lockouts_total", "Locks for being wrong too often", ("of",))
        self.store = Histogram("clawdbot_store_seconds", "Time that the store took", "operation")
        self._store_failures = Counter("clawdbot_store_failures_total", "What the store refused to do", ("operation",))

    def __iter__(self) -> Iterator[Family]:
        yield from (self._messages, self._ignored, self._requests, self._decisions)
        yield from (self._refusals, self._lockouts, self.store, self._store_failures)

    # --- people

    def knocked(self, account: ChannelAccount, decision: Admit | Ignore) -> None:
        """The door decided about a message."""
        outcome = "admitted" if isinstance(decision, Admit) else "ignored"
        self._messages.count(account.channel, account.account, outcome)
        if isinstance(decision, Ignore):
            self._ignored.count(account.channel, account.account, decision.why.name.lower())

    def sender_waits(self) -> None:
        """Somebody has a code now."""
        self._requests.count("sender")

    def sender_resolved(self, decision: SenderDecision) -> None:
        """The owner decided about somebody."""
        self._decisions.count("sender", decision)

    # --- devices

    def performed(self, effect: Effect) -> None:
        """A decision about a device or a node had this effect."""
        match effect:
            case AnnounceDeviceRequest():
                self._requests.count("device")
            case AnnounceNodeRequest():
                self._requests.count("node")
            case AnnounceDeviceResolved(decision=decision):
                self._decisions.count("device", decision)
            case AnnounceNodeResolved(decision=decision):
                self._decisions.count("node", decision)
            case _:
                pass

    def refused(self, error: Exception) -> None:
        """A client was turned away for what it said."""
        code = error.code if isinstance(error, DoorError) else "UNAVAILABLE"
        rule = RULES.get(type(error), PROTOCOL) if isinstance(error, DoorError) else "S4"
        self._refusals.count(rule, code, _snake(type(error).__name__))

    def turned_away(self, reason: str, code: str) -> None:
        """A client was turned away before it said anything that counts (:data:`DOORSTEP`)."""
        self._refusals.count(DOORSTEP[reason], code, reason)

    def locked_out(self, of: str) -> None:
        """Somebody was wrong once too often."""
        self._lockouts.count(of)

    def tries(self, of: str) -> FailedTries:
        """Counts who is wrong; each lock is counted here."""
        return FailedTries(on_locked=lambda: self.locked_out(of))

    def store_failed(self, operation: str) -> None:
        self._store_failures.count(operation)


class CountedDoor:
    """A door whose decisions are counted."""

    def __init__(self, door: Knock, meters: Meters) -> None:
        self._door = door
        self._meters = meters

    async def knock(self, message: DirectMessage) -> Admit | Ignore:
        decision = await self._door.knock(message)
        self._meters.knocked(message.account, decision)
        return decision


class TimedStore:
    """A :class:`~clawdbot.store.base.Store` whose time is taken."""

    def __init__(self, store: Store, meters: Meters) -> None:
        self._store = store
        self._meters = meters

    async def read(self, key: Key[S]) -> S:
        with _Watch(self._meters, "read"):
            return await self._store.read(key)

    async def read_all(self, kind: type[Key[S]]) -> Mapping[Key[S], S]:
        with _Watch(self._meters, "read_all"):
            return await self._store.read_all(kind)

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        with _Watch(self._meters, "update"):
            return await self._store.update(key, decide)

    async def keys(self, kind: type[Key[S]]) -> list[Key[S]]:
        with _Watch(self._meters, "keys"):
            return await self._store.keys(kind)

    async def close(self) -> None:
        await self._store.close()


class _Watch:
    """Takes the time of what happens within it."""

    def __init__(self, meters: Meters, operation: str) -> None:
        self._meters = meters
        self._operation = operation

    def __enter__(self) -> None:
        self._since = perf_counter()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._meters.store.observe(perf_counter() - self._since, self._operation)
        if isinstance(error, errors.StoreError):
            self._meters.store_failed(self._operation)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
