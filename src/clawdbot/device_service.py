"""The verbs on devices: where their decisions, the store and the effects meet.

Like :mod:`clawdbot.service`: decide, commit, perform. The gateway performs effects on its live sessions; a command that
works on the state directory while no gateway runs has none, and performs nothing.
"""

import asyncio
import secrets
import uuid
from collections.abc import Callable
from typing import TypeVar

from clawdbot.domain import admission, bounds, devices
from clawdbot.domain.admission import Admitted, QueueFull, Waiting
from clawdbot.domain.bounds import QueueLimits
from clawdbot.domain.device_records import Device, Listing, listing
from clawdbot.domain.devices import Approved, BadName, Denied, Rejected, Removed, Renamed, Revoked, Rotated, Why
from clawdbot.domain.effects import Change, Effect
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import DeviceId, RequestId, Role, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint
from clawdbot.service import Clock, wall_clock
from clawdbot.store.base import DeviceKey, Store

A = TypeVar("A")
Perform = Callable[[Effect], None]
"""Does what a decision asked for. Called after the commit, in order; must not fail."""


def nothing(_: Effect) -> None:
    """Perform no effect: nobody is connected whom it could concern."""


def system_mint() -> Mint:
    """New names and secrets from the system's CSPRNG."""
    return Mint(request_id=lambda: RequestId(str(uuid.uuid4())), token=lambda: Secret(secrets.token_hex(16)))


class DeviceService:
    """Devices: they connect, and operators decide about them.

    Every method raises :class:`~clawdbot.errors.StoreError` if the state cannot be read or saved; nothing changed then.
    One process at a time lets devices connect on a state directory, so that the bound of the queue holds.

    Args:
        perform: does what decisions ask for.
        limits: how many requests may wait.
    """

    def __init__(
        self,
        store: Store,
        *,
        perform: Perform = nothing,
        limits: Callable[[], QueueLimits] = QueueLimits,
        now: Clock = wall_clock,
        mint: Mint | None = None,
    ) -> None:
        self._store = store
        self._perform = perform
        self._limits = limits
        self._now = now
        self._mint = mint or system_mint()
        self._queue = asyncio.Lock()

    # --- looking

    async def read(self, device: DeviceId) -> Device:
        """What is on record about a device."""
        return await self._store.read(DeviceKey(device))

    async def all(self) -> list[Device]:
        """Every device that anything is on record about."""
        return [*(await self._store.read_all(DeviceKey)).values()]

    async def list(self, caller: Caller) -> Listing:
        """What a caller may see of who waits and who is paired."""
        return listing(await self.all(), caller, now=self._now())

    # --- connecting

    async def connect(self, arrival: VerifiedDevice, *, silent_local: bool) -> Admitted | Waiting | QueueFull:
        """A device whose claim holds wants in. Raises CredentialsWrong, see :func:`clawdbot.domain.admission.connect`.

        Whether there is room for one more request is asked only if one is needed, and then nobody else may ask.
        """
        answer = await self._connect(arrival, silent_local=silent_local, room=False)
        if isinstance(answer, QueueFull):
            async with self._queue:
                room = await self._has_room(arrival)
                answer = await self._connect(arrival, silent_local=silent_local, room=room)
        return answer

    async def _connect(
        self, arrival: VerifiedDevice, *, silent_local: bool, room: bool
    ) -> Admitted | Waiting | QueueFull:
        def decide(device: Device) -> Change[Device, Admitted | Waiting | QueueFull]:
            return admission.connect(
                device, arrival, now=self._now(), mint=self._mint, room=room, silent_local=silent_local
            )

        return await self._decide(arrival.id, decide)

    async def _has_room(self, arrival: VerifiedDevice) -> bool:
        await self.forget_expired()
        now = self._now()
        waiting = [request for device in await self.all() if (request := device.waiting(now)) is not None]
        queue = bounds.count((request.about.remote_ip for request in waiting), arrival.peer.address)
        return bounds.has_room(queue, self._limits())

    async def forget_expired(self) -> None:
        """Drop the requests of devices that gave up."""
        for device in await self.all():
            if device.pending is not None and not device.pending.is_live(self._now()):
                await self._decide(device.id, lambda device: devices.expire(device, now=self._now()))

    # --- deciding

    async def approve(self, request: RequestId, *, caller: Caller) -> Approved | Denied:
        """Give the device what this request asks for. When this returns, the approval is durable."""

        def decide(device: Device) -> Change[Device, Approved | Denied]:
            return devices.approve(device, request, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide_request(request, decide)

    async def reject(self, request: RequestId, *, caller: Caller) -> Rejected | Denied:
        """Dismiss a request; the device may ask again."""

        def decide(device: Device) -> Change[Device, Rejected | Denied]:
            return devices.reject(device, request, caller=caller, now=self._now())

        return await self._decide_request(request, decide)

    async def remove(self, device: DeviceId, *, caller: Caller) -> Removed | Denied:
        """Forget a device; its sessions end."""
        return await self._decide(device, lambda known: devices.remove(known, caller=caller, now=self._now()))

    async def rename(self, device: DeviceId, name: str, *, caller: Caller) -> Renamed | BadName | Denied:
        """Give a device the owner's own name for it."""
        return await self._decide(device, lambda known: devices.rename(known, name, caller=caller))

    async def rotate(
        self, device: DeviceId, role: Role, scopes: tuple[Scope, ...] | None, *, caller: Caller
    ) -> Rotated | Denied:
        """Give a role of a device a new token; its sessions in that role end."""

        def decide(known: Device) -> Change[Device, Rotated | Denied]:
            return devices.rotate(known, role, scopes, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide(device, decide)

    async def revoke(self, device: DeviceId, role: Role, *, caller: Caller) -> Revoked | Denied:
        """Take a role from a device; its sessions in that role end."""

        def decide(known: Device) -> Change[Device, Revoked | Denied]:
            return devices.revoke(known, role, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide(device, decide)

    async def _decide_request(
        self, request: RequestId, decide: Callable[[Device], Change[Device, A | Denied]]
    ) -> A | Denied:
        """Decide about the device whose request this is; it is looked at again under its lock."""
        for device in await self.all():
            if device.pending is not None and device.pending.id == request:
                return await self._decide(device.id, decide)
        return Denied(Why.UNKNOWN)

    async def _decide(self, device: DeviceId, decide: Callable[[Device], Change[Device, A]]) -> A:
        change = await self._store.update(DeviceKey(device), decide)
        for effect in change.effects:
            self._perform(effect)
        return change.answer
