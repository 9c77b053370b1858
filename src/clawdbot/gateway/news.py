"""What everybody is told from time to time: that the gateway is there, how it does, who else is, and when it stops."""

from collections.abc import Callable

from clawdbot.domain.names import Instant
from clawdbot.gateway.access import sees_devices
from clawdbot.gateway.hub import Hub
from clawdbot.gateway.presence import Entry, Presence
from clawdbot.gateway.reports import Report, Reports
from clawdbot.gateway.session import Session
from clawdbot.wire.frames import StateVersion


class News:
    """Broadcasts about the gateway itself."""

    def __init__(self, hub: Hub, presence: Presence, reports: Reports, *, now: Callable[[], Instant]) -> None:
        self._hub = hub
        self._presence = presence
        self._reports = reports
        self._now = now
        self._health_version = 1

    @property
    def version(self) -> StateVersion:
        """How often presence and health have changed so far."""
        return StateVersion(self._presence.version, self._health_version)

    def presence_for(self, session: Session) -> list[Entry]:
        """The presence list, as far as a session may know it (threats.md G16)."""
        if sees_devices(session.caller):
            return self._presence.entries()
        return self._presence.entries_for(session.device)

    def health_for(self, session: Session) -> Report:
        """How the gateway does, likewise."""
        return self._reports.health(whole=sees_devices(session.caller))

    def tick(self) -> None:
        """Clients that hear none for a minute take the gateway for dead."""
        self._hub.broadcast("tick", {"ts": self._now()}, droppable=True)

    def health(self) -> None:
        """How the gateway does; how its channels do is for those who may read."""
        self._health_version += 1
        brief = self._reports.health(whole=False)
        self._hub.broadcast(
            "health", self._reports.health(), to=sees_devices, otherwise=lambda _: brief, version=self.version
        )

    def presence(self) -> None:
        """Who is there; those who may not know of others are told of themselves."""
        self._hub.broadcast(
            "presence",
            {"presence": self._presence.entries()},
            to=sees_devices,
            otherwise=lambda caller: {
                "presence": self._presence.entries_for(caller.device) if caller.device is not None else []
            },
            droppable=True,
            version=self.version,
        )

    def shutdown(self) -> None:
        """The gateway stops."""
        self._hub.broadcast("shutdown", {"reason": "gateway stopping", "restartExpectedMs": None})
