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
            platform=f"{platform.system().lower()} {platform.release()}",
            device_family=platform.system(),
            model_identifier=platform.machine(),
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
        self._here: dict[str, Entry] = {}
        self._gone: dict[DeviceId, Entry] = {}

    def connected(self, session: Session) -> None:
        """A session has begun."""
        if session.client.mode != UNTRACKED_MODE:
            self._here[session.id] = _entry(session, "connect", self._now())
            self._gone.pop(session.device, None)
            self.version += 1

    def disconnected(self, session: Session) -> bool:
        """A session has ended; answers whether it was on the list."""
        if self._here.pop(session.id, None) is None:
            return False
        self._gone.pop(session.device, None)
        self._gone[session.device] = _entry(session, "disconnect", self._now())
        if len(self._gone) > MOST_KEPT:
            del self._gone[next(iter(self._gone))]
        self.version += 1
        return True

    def entries(self) -> list[Entry]:
        """The gateway itself, then everybody, the latest first."""
        now = self._now()
        shown = {device: entry for device, entry in self._gone.items() if 0 <= now - entry.ts < KEPT_MS}
        shown.update({entry.device_id: entry for entry in self._here.values() if entry.device_id is not None})
        return [self.own.entry(now), *sorted(shown.values(), key=lambda entry: -entry.ts)]

    def entries_for(self, device: DeviceId) -> list[Entry]:
        """What somebody gets to see who may not know of other devices (threats.md G16)."""
        return [entry for entry in self.entries() if entry.device_id in (None, device)]


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
