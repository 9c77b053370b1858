"""``identity/device-auth.json``: the device tokens that a gateway gave this device, in the reference's format.

One token a role; the file does not say of which gateway. They are kept for the gateway that the configuration names
and offered to that one alone (threats.md G15). Tokens of another device, which a reference with another identity left
there, are none of ours.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec
from msgspec import Struct

from clawdbot.client.private_files import PrivateFiles
from clawdbot.domain import scopes as scope_rules
from clawdbot.domain.names import DeviceId, Instant, Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import StoreCorrupt

NAME: Final = "device-auth.json"


class DeviceTokens(Protocol):
    """Where a device keeps what gateways gave it. Every method may raise :class:`~clawdbot.errors.StoreError`."""

    def get(self, role: Role) -> Secret | None:
        """The token of a role, if there is one."""

    def keep(self, role: Role, token: Secret, scopes: Iterable[Scope], *, now: Instant) -> None:
        """Keep a token instead of the one that was there."""

    def forget(self, role: Role, token: Secret) -> None:
        """Drop a token that opens nothing any more; another one, which came meanwhile, stays."""


@dataclass(frozen=True, slots=True)
class KeptOnly:
    """Where a token is kept, and none is offered from: who brings a pairing word shows nothing else."""

    tokens: DeviceTokens

    def get(self, role: Role) -> Secret | None:
        return None

    def keep(self, role: Role, token: Secret, scopes: Iterable[Scope], *, now: Instant) -> None:
        self.tokens.keep(role, token, scopes, now=now)

    def forget(self, role: Role, token: Secret) -> None:
        self.tokens.forget(role, token)


class _Entry(Struct, rename="camel"):
    token: str
    role: str
    scopes: list[str] = []
    updated_at_ms: float = 0


class _File(Struct, rename="camel"):
    version: Literal[1]
    device_id: str
    tokens: dict[str, _Entry]


class TokenFile:
    """The device tokens in a state directory."""

    def __init__(self, state_dir: Path, device: DeviceId) -> None:
        self._files = PrivateFiles(state_dir)
        self._device = device

    def get(self, role: Role) -> Secret | None:
        entry = self._entries().get(role)
        return Secret(entry.token) if entry is not None and entry.token else None

    def scopes(self, role: Role) -> tuple[Scope, ...] | None:
        """What the token of a role is good for, if there is one."""
        entry = self._entries().get(role)
        return tuple(map(Scope, entry.scopes)) if entry is not None and entry.token else None

    def keep(self, role: Role, token: Secret, scopes: Iterable[Scope], *, now: Instant) -> None:
        fresh = _Entry(token.reveal(), role, list(scope_rules.normal(scopes)), now)
        with self._files.locked():
            entries = self._entries()
            old = entries.get(role)
            if old is None or (old.token, old.scopes) != (fresh.token, fresh.scopes):
                self._write({**entries, role: fresh})

    def forget(self, role: Role, token: Secret) -> None:
        with self._files.locked():
            entries = self._entries()
            if role in entries and Secret(entries[role].token) == token:
                self._write({name: entry for name, entry in entries.items() if name != role})

    def _entries(self) -> Mapping[str, _Entry]:
        data = self._files.read(NAME)
        if data is None:
            return {}
        try:
            found = msgspec.json.decode(data, type=_File)
        except (ValueError, RecursionError):  # also what msgspec raises
            raise StoreCorrupt(
                f"{self._files.folder / NAME} is not what it must be: no device tokens",
                hint="move it away: a gateway gives tokens anew to a device that it knows",
            ) from None
        return found.tokens if found.device_id == self._device else {}

    def _write(self, entries: Mapping[str, _Entry]) -> None:
        document = {
            "version": 1,
            "deviceId": self._device,
            "tokens": {
                role: {
                    "token": entry.token,
                    "role": entry.role,
                    "scopes": entry.scopes,
                    "updatedAtMs": int(entry.updated_at_ms),
                }
                for role, entry in entries.items()
            },
        }
        self._files.replace(NAME, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
