"""The verbs on devices: where their decisions, the store and the effects meet."""

from collections.abc import Callable
from typing import TypeVar

from clawdbot.domain import admission, bounds, device_facts, devices
from clawdbot.domain.admission import Answer, QueueFull
from clawdbot.domain.device_records import Device, Listing, listing
from clawdbot.domain.devices import Approved, BadName, Denied, Rejected, Removed, Renamed, Revoked, Rotated, Why
from clawdbot.domain.effects import Change
from clawdbot.domain.facts import Kind
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import DeviceId, RequestId, Role, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.register_service import RegisterService
from clawdbot.store.base import DeviceKey

A = TypeVar("A")


class DeviceService(RegisterService[Device]):
    """Devices: they connect, and operators decide about them."""

    kind = DeviceKey

    # --- looking

    async def read(self, device: DeviceId) -> Device:
        """What is on record about a device."""
        return await self._store.read(DeviceKey(device))

    async def list(self, caller: Caller) -> Listing:
        """What a caller may see of who waits and who is paired."""
        return listing(await self.all(), caller, now=self._now())

    # --- connecting

    async def connect(self, arrival: VerifiedDevice, *, silent_local: bool) -> Answer:
        """A device whose claim holds wants in. Raises CredentialsWrong, see :func:`clawdbot.domain.admission.connect`.

        Whether there is room for one more request is asked only if one is needed, and then nobody else may ask.
        """
        change = await self._connect(arrival, silent_local=silent_local, room=False)
        if isinstance(change.answer, QueueFull):
            async with self._queue:
                room = await self._has_room(arrival)
                change = await self._connect(arrival, silent_local=silent_local, room=room)
        self._note(device_facts.arrived(arrival, change, at=self._now()))
        return change.answer

    async def _connect(self, arrival: VerifiedDevice, *, silent_local: bool, room: bool) -> Change[Device, Answer]:
        def decide(device: Device) -> Change[Device, Answer]:
            return admission.connect(
                device, arrival, now=self._now(), mint=self._mint, room=room, silent_local=silent_local
            )

        return await self._commit(DeviceKey(arrival.id), decide)

    async def _has_room(self, arrival: VerifiedDevice) -> bool:
        await self.forget_expired()
        now = self._now()
        waiting = [request for device in await self.all() if (request := device.waiting(now)) is not None]
        queue = bounds.count((request.about.remote_ip for request in waiting), arrival.peer.address)
        return bounds.has_room(queue, self._limits())

    def _expire(self, known: Device) -> Change[Device, object]:
        return devices.expire(known, now=self._now())

    # --- deciding

    async def approve(self, request: RequestId, *, caller: Caller) -> Approved | Denied:
        """Give the device what this request asks for. When this returns, the approval is durable."""

        def decide(device: Device) -> Change[Device, Approved | Denied]:
            return devices.approve(device, request, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide_request(request, decide, Kind.APPROVED, caller)

    async def reject(self, request: RequestId, *, caller: Caller) -> Rejected | Denied:
        """Dismiss a request; the device may ask again."""

        def decide(device: Device) -> Change[Device, Rejected | Denied]:
            return devices.reject(device, request, caller=caller, now=self._now())

        return await self._decide_request(request, decide, Kind.REJECTED, caller)

    async def remove(self, device: DeviceId, *, caller: Caller) -> Removed | Denied:
        """Forget a device; its sessions end."""

        def decide(known: Device) -> Change[Device, Removed | Denied]:
            return devices.remove(known, caller=caller, now=self._now())

        return await self._decide_about(device, decide, Kind.REMOVED, caller)

    async def rename(self, device: DeviceId, name: str, *, caller: Caller) -> Renamed | BadName | Denied:
        """Give a device the owner's own name for it."""
        return await self._decide(DeviceKey(device), lambda known: devices.rename(known, name, caller=caller))

    async def rotate(
        self, device: DeviceId, role: Role, scopes: tuple[Scope, ...] | None, *, caller: Caller
    ) -> Rotated | Denied:
        """Give a role of a device a new token; its sessions in that role end."""

        def decide(known: Device) -> Change[Device, Rotated | Denied]:
            return devices.rotate(known, role, scopes, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide_about(device, decide, Kind.ROTATED, caller)

    async def revoke(self, device: DeviceId, role: Role, *, caller: Caller) -> Revoked | Denied:
        """Take a role from a device; its sessions in that role end."""

        def decide(known: Device) -> Change[Device, Revoked | Denied]:
            return devices.revoke(known, role, caller=caller, now=self._now(), mint=self._mint)

        return await self._decide_about(device, decide, Kind.REVOKED, caller)

    async def _decide_request(
        self, request: RequestId, decide: Callable[[Device], Change[Device, A | Denied]], kind: Kind, caller: Caller
    ) -> A | Denied:
        """Decide about the device whose request this is; it is looked at again under its lock."""
        key = await self._who_waits(request)
        if isinstance(key, DeviceKey):
            return await self._decide_about(key.device, decide, kind, caller)
        denied = Denied(Why.UNKNOWN)
        self._note(device_facts.decided(kind, device_facts.device(None), denied, caller, at=self._now()))
        return denied

    async def _decide_about(
        self, device: DeviceId, decide: Callable[[Device], Change[Device, A]], kind: Kind, caller: Caller
    ) -> A:
        """Decide, and have it taken down who did."""
        answer = await self._decide(DeviceKey(device), decide)
        self._note(device_facts.decided(kind, device_facts.device(device), answer, caller, at=self._now()))
        return answer
