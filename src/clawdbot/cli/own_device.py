"""This machine's own device: would its gateway let it in, what would asking do, and what is its key?"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from clawdbot.cli import context
from clawdbot.client.identity_file import load
from clawdbot.client.introduction import OPERATOR_SCOPES
from clawdbot.domain.names import Role
from clawdbot.errors import StoreError

if TYPE_CHECKING:
    from clawdbot.domain.device_records import Device
    from clawdbot.domain.identity import PublicKey


async def own_device() -> "Device | None":
    """What the state directory has on record about it; ``None`` if there is no identity yet. Raises StoreError."""
    from clawdbot.device_service import DeviceService

    identity = load(context.paths().state_dir)
    return None if identity is None else await DeviceService(context.store()).read(identity.device_id)


def is_operator(device: "Device") -> bool:
    """Is it approved for what commands ask for?"""
    return device.paired is not None and device.paired.may(Role.OPERATOR, OPERATOR_SCOPES)


def check_words(devices: "Iterable[PublicKey]") -> "Mapping[PublicKey, str]":
    """The words that these devices show while they wait at this machine's gateway, which has the same key.

    None while there is no key, or it cannot be read: who waits is listed all the same.
    """
    from clawdbot.domain.check_words import check_words

    try:
        gateway = load(context.paths().state_dir)
    except StoreError:
        return {}
    return {} if gateway is None else {device: check_words(device, gateway.public_key) for device in devices}
