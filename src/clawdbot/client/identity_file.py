"""``identity/device.json``: the key pair that this device is known by, in the reference's format.

It is read from the state directory. The reference always looks in ``~/.clawdbot``, whatever ``CLAWDBOT_STATE_DIR``
says; so its programs and ours are one device where the state directory is the usual one, and two elsewhere
(``docs/cli.md#identity``).
"""

import json
import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from clawdbot.client.private_files import PrivateFiles
from clawdbot.domain.identity import KEY_BYTES, DeviceIdentity
from clawdbot.domain.names import Instant
from clawdbot.errors import StoreCorrupt

NAME: Final = "device.json"
VERSION: Final = 1


class _Device(Struct, rename="camel"):
    version: int
    device_id: str
    private_key_pem: str


def load(state_dir: Path) -> DeviceIdentity | None:
    """The identity that is kept in a state directory, if one is.

    Raises:
        StoreCorrupt: the file does not hold one. It is left as it is: another identity would need another approval.
        StoreUnavailable: it cannot be read.
    """
    files = PrivateFiles(state_dir)
    data = files.read(NAME)
    return None if data is None else _decode(data, files.folder / NAME)


def load_or_create(state_dir: Path, *, now: Instant) -> DeviceIdentity:
    """The identity that is kept in a state directory; a new one the first time. Any number of processes get the same.

    Raises:
        StoreCorrupt: the file does not hold one.
        StoreUnavailable: it cannot be read or written.
    """
    kept = load(state_dir)
    if kept is not None:
        return kept
    fresh = DeviceIdentity.from_seed(os.urandom(KEY_BYTES))
    if PrivateFiles(state_dir).create(NAME, _encode(fresh, now)):
        return fresh
    return load_or_create(state_dir, now=now)


def _encode(identity: DeviceIdentity, now: Instant) -> bytes:
    document = {
        "version": VERSION,
        "deviceId": identity.device_id,
        "publicKeyPem": identity.public_key.pem,
        "privateKeyPem": identity.private_pem(),
        "createdAtMs": now,
    }
    return (json.dumps(document, indent=2) + "\n").encode("ascii")


def _decode(data: bytes, path: Path) -> DeviceIdentity:
    try:
        found = msgspec.json.decode(data, type=_Device)
        identity = DeviceIdentity.from_pem(found.private_key_pem)
    except (ValueError, RecursionError):  # also what msgspec raises
        raise _corrupt(path, "no device identity") from None
    if found.version != VERSION:
        raise _corrupt(path, f'its "version" is not {VERSION}')
    if identity.device_id != found.device_id:
        raise _corrupt(path, "its key is not that of its device")
    return identity


def _corrupt(path: Path, why: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path} is not what it must be: {why}",
        hint="bring it back from a backup, or move it away: this is then a new device, which must be approved anew",
    )
