"""This machine's own device, as its gateway has it on record: would it be let in, and what would asking do?"""

from typing import TYPE_CHECKING

from clawdbot.cli import context
from clawdbot.client.identity_file import load
from clawdbot.client.introduction import OPERATOR_SCOPES
from clawdbot.domain.names import Role

if TYPE_CHECKING:
    from clawdbot.domain.device_records import Device


async def own_device() -> "Device | None":
    """What the state directory has on record about it; ``None`` if there is no identity yet. Raises StoreError."""
    from clawdbot.device_service import DeviceService

    identity = load(context.paths().state_dir)
    return None if identity is None else await DeviceService(context.store()).read(identity.device_id)


def is_operator(device: "Device") -> bool:
    """Is it approved for what commands ask for?"""
    return device.paired is not None and device.paired.may(Role.OPERATOR, OPERATOR_SCOPES)
