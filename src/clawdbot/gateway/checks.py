"""The check words of this gateway with the devices that wait (``docs/adr/0005-device-pairing.md``).

They are made when somebody who may see a device looks or is told of it, never to answer the device: it makes its own.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from clawdbot.client import identity_file
from clawdbot.domain.check_words import check_words
from clawdbot.domain.identity import PublicKey
from clawdbot.domain.names import Instant
from clawdbot.errors import StoreError

log = logging.getLogger("clawdbot")


class Checks:
    """Makes check words.

    Attributes:
        key: the gateway's public key; without one there are no words.
    """

    def __init__(self, key: PublicKey | None = None) -> None:
        self.key = key

    @property
    def told(self) -> str | None:
        """What a device that has to wait is told: the key, and it makes the words by itself."""
        return None if self.key is None else str(self.key)

    async def of(self, device: PublicKey) -> str | None:
        """The words of one device."""
        return (await self.of_all([device])).get(device)

    async def of_all(self, devices: Iterable[PublicKey]) -> Mapping[PublicKey, str]:
        """The words of several; while they are made, others are served."""
        key, keys = self.key, tuple(devices)
        if key is None or not keys:
            return {}
        return await asyncio.to_thread(lambda: {device: check_words(device, key) for device in keys})


def own_key(state_dir: Path, *, now: Instant) -> PublicKey | None:
    """The public key that the gateway of a state directory is known by, made up the first time.

    ``None`` if it cannot be read or made: devices are paired without check words then, as by other gateways.
    """
    try:
        return identity_file.load_or_create(state_dir, now=now).public_key
    except StoreError as error:
        log.warning("there are no check words for devices that wait: %s", error)
        return None
