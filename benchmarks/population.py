"""State directories with as many devices or senders as are wanted, in the files' common format."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.client import Device

SINCE: Final = 1_795_000_000_000


def paired(devices: Sequence[Device]) -> Callable[[Path], None]:
    """Fills a state directory: all of these were approved for what they ask."""
    return lambda state: pair(state, devices)


def pair(state: Path, devices: Sequence[Device]) -> None:
    """Write ``devices/paired.json``: all of them were approved for what they ask."""
    folder = state / "devices"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)
    records = {device.public[0]: _record(device) for device in devices}
    _write(folder / "paired.json", records)
    _write(folder / "pending.json", {})


def allow(state: Path, senders: Sequence[str]) -> None:
    """Write the allowlist of Telegram's default account."""
    folder = state / "credentials"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)
    _write(folder / "telegram-allowFrom.json", {"version": 1, "allowFrom": list(senders)})


def _record(device: Device) -> dict[str, Any]:
    device_id, public = device.public
    token = {"token": f"{device.number:032x}", "role": device.role, "scopes": list(device.scopes), "createdAtMs": SINCE}
    return {
        "deviceId": device_id,
        "publicKey": public,
        "displayName": f"device {device.number}",
        "platform": device.platform,
        "clientId": "cli",
        "clientMode": "cli",
        "role": device.role,
        "roles": [device.role],
        "scopes": list(device.scopes),
        "tokens": {device.role: token},
        "createdAtMs": SINCE,
        "approvedAtMs": SINCE + device.number,
    }


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2), "utf-8")
    path.chmod(0o600)
