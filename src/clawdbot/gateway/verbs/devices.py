"""``device.*``: operators decide about devices."""

import asyncio
from typing import Final, assert_never

from clawdbot.domain.admission import pairs_again
from clawdbot.domain.devices import Approved, BadName, Denied, Rejected, Removed, Renamed, Revoked, Rotated
from clawdbot.domain.names import Role
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, denied, invalid
from clawdbot.wire import views
from clawdbot.wire.params import (
    DevicePairApprove,
    DevicePairList,
    DevicePairReject,
    DevicePairRemove,
    DeviceRename,
    DeviceTokenRevoke,
    DeviceTokenRotate,
)

AT_ONCE: Final = 500
"""Devices that are spelled in one go: two milliseconds."""

UNKNOWN_REQUEST = "unknown requestId"
UNKNOWN_DEVICE = "unknown deviceId"
UNKNOWN_ROLE = "unknown deviceId/role"


async def list_(house: House, session: Session, _: DevicePairList) -> object:
    """Who waits, and who is paired. While thousands are spelled, others are served."""
    found = await house.devices.list(session.caller)
    spelled: list[views.DeviceView] = []
    for start in range(0, len(found.paired), AT_ONCE):
        if start:
            await asyncio.sleep(0)
        spelled += [views.device(id, paired) for id, paired in found.paired[start : start + AT_ONCE]]
    words = await house.checks.of_all(request.public_key for _, request in found.pending)
    return views.DevicesView(pending=views.device_requests(found, words), paired=tuple(spelled))


async def approve(house: House, session: Session, params: DevicePairApprove) -> object:
    """Give a device what its request asks for."""
    answer = await house.devices.approve(params.request_id, caller=session.caller)
    match answer:
        case Approved(request, paired):
            return views.approved_device(request, paired, await house.checks.of(request.public_key))
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_REQUEST)
        case _:
            assert_never(answer)


async def reject(house: House, session: Session, params: DevicePairReject) -> object:
    """Dismiss a request."""
    answer = await house.devices.reject(params.request_id, caller=session.caller)
    match answer:
        case Rejected(request):
            return {"requestId": request.id, "deviceId": request.public_key.device_id}
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_REQUEST)
        case _:
            assert_never(answer)


async def remove(house: House, session: Session, params: DevicePairRemove) -> object:
    """Forget a device."""
    answer = await house.devices.remove(params.device_id, caller=session.caller)
    match answer:
        case Removed(paired):
            again = pairs_again(paired, silent_local=house.settings().silent_local)
            return views.RemovedDeviceView(device_id=params.device_id, pairs_again=again)
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_DEVICE)
        case _:
            assert_never(answer)


async def rename(house: House, session: Session, params: DeviceRename) -> object:
    """Give a device a name."""
    answer = await house.devices.rename(params.device_id, params.display_name, caller=session.caller)
    match answer:
        case Renamed(name):
            return {"deviceId": params.device_id, "displayName": name}
        case BadName():
            return invalid("displayName required")
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_DEVICE)
        case _:
            assert_never(answer)


async def rotate(house: House, session: Session, params: DeviceTokenRotate) -> object:
    """Give a role a new token; it is in the answer only if the device itself asked (threats.md G7)."""
    role = _role(params.role)
    if role is None:
        return invalid(UNKNOWN_ROLE)
    answer = await house.devices.rotate(params.device_id, role, params.scopes, caller=session.caller)
    match answer:
        case Rotated(secret=secret):
            return {
                "deviceId": params.device_id,
                "role": answer.role,
                **({} if secret is None else {"token": secret.reveal()}),
                "scopes": answer.scopes,
                "rotatedAtMs": answer.rotated_at,
            }
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_ROLE)
        case _:
            assert_never(answer)


async def revoke(house: House, session: Session, params: DeviceTokenRevoke) -> object:
    """Take a role from a device."""
    role = _role(params.role)
    if role is None:
        return invalid(UNKNOWN_ROLE)
    answer = await house.devices.revoke(params.device_id, role, caller=session.caller)
    match answer:
        case Revoked(role, revoked_at):
            return {"deviceId": params.device_id, "role": role, "revokedAtMs": revoked_at}
        case Denied():
            return denied(session, params.method, answer, UNKNOWN_ROLE)
        case _:
            assert_never(answer)


def _role(text: str) -> Role | None:
    try:
        return Role(text.strip())
    except ValueError:
        return None
