"""Who is connected, or was a moment ago, as operators see it (``docs/protocol.md#presence``)."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from clawdbot.domain.names import DeviceId, Instant, Role, Scope
from clawdbot.gateway.session import Session

KEPT_MS: Final = 5 * 60_000
"""How long somebody who left is still shown."""

MOST_KEPT: Final = 200
"""How many of those who left."""

_SYSTEM: Final = platform.system()
_MACHINE: Final = platform.machine()
_PLATFORM: Final = f"{_SYSTEM.lower()} {platform.release()}"

UNTRACKED_MODE: Final = "cli"
"""Commands come and go; they are not shown."""


class Entry(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One line of the list, as it is sent."""

    host: str
    ip: str | None = None
    version: str
    platform: str
    device_family: str | None = None
    model_identifier: str | None = None
    mode: str
    device_id: DeviceId | None = None
    roles: tuple[Role, ...] = ()
    scopes: tuple[Scope, ...] = ()
    instance_id: str | None = None
    reason: str
    ts: Instant
    text: str


@dataclass(frozen=True, slots=True)
class Own:
    """What the gateway says about itself."""

    host: str
    version: str

    def entry(self, now: Instant) -> Entry:
        return Entry(
            host=self.host,
            version=self.version,
            platform=_PLATFORM,
            device_family=_SYSTEM,
            model_identifier=_MACHINE,
            mode="gateway",
            reason="self",
            ts=now,
            text=f"Gateway: {self.host} · app {self.version} · mode gateway · reason self",
        )


class Presence:
    """The presence list: a device is on it once, however many connections it has.

    Attributes:
        own: what the gateway says about itself.
        version: how often the list has changed.
    """

    def __init__(self, own: Own, *, now: Callable[[], Instant]) -> None:
        self.own = own
        self.version = 1
        self._now = now
        self._here: dict[DeviceId, dict[str, Entry]] = {}
        """By device, what each of its sessions says; the last one counts."""
        self._gone: dict[DeviceId, Entry] = {}

    def connected(self, session: Session) -> None:
        """A session has begun."""
        if session.client.mode != UNTRACKED_MODE:
            self._here.setdefault(session.device, {})[session.id] = _entry(session, "connect", self._now())
            self._gone.pop(session.device, None)
            self.version += 1

    def disconnected(self, session: Session) -> bool:
        """A session has ended; answers whether it was on the list."""
        sessions = self._here.get(session.device, {})
        if sessions.pop(session.id, None) is None:
            return False
        if not sessions:
            del self._here[session.device]
        self._gone.pop(session.device, None)
        self._gone[session.device] = _entry(session, "disconnect", self._now())
        if len(self._gone) > MOST_KEPT:
            del self._gone[next(iter(self._gone))]
        self.version += 1
        return True

    def entries(self) -> list[Entry]:
        """The gateway itself, then everybody, the latest first."""
        now = self._now()
        shown = [entry for device in {**self._gone, **self._here} if (entry := self._shown(device, now)) is not None]
        return [self.own.entry(now), *sorted(shown, key=lambda entry: -entry.ts)]

    def entries_for(self, device: DeviceId) -> list[Entry]:
        """What somebody gets to see who may not know of other devices (threats.md G16)."""
        now = self._now()
        mine = self._shown(device, now)
        return [self.own.entry(now), *([] if mine is None else [mine])]

    def _shown(self, device: DeviceId, now: Instant) -> Entry | None:
        """The line of a device: its latest session's, or for a while that of one that has left."""
        here = self._here.get(device)
        if here:
            return next(reversed(here.values()))
        gone = self._gone.get(device)
        return gone if gone is not None and 0 <= now - gone.ts < KEPT_MS else None


def _entry(session: Session, reason: str, now: Instant) -> Entry:
    client = session.client
    host = client.display_name or client.id
    return Entry(
        host=host,
        ip=None if session.verified.peer.local else session.verified.peer.address,
        version=client.version,
        platform=client.platform,
        device_family=client.device_family,
        model_identifier=client.model_identifier,
        mode=client.mode,
        device_id=session.device,
        roles=(session.role,),
        scopes=session.scopes,
        instance_id=session.device,
        reason=reason,
        ts=now,
        text=f"Node: {host} · mode {client.mode}",
    )
