"""``node.json``: what this node is called, and which gateway it belongs to, in the reference's format.

The node's token is kept with the device's others, which do not say of which gateway they are. This file says it: the
token is offered to the gateway that gave it, and to no other (threats.md G15).
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from clawdbot.client import address as addresses
from clawdbot.client.address import DEFAULT_PORT, Address
from clawdbot.client.private_files import PrivateFiles
from clawdbot.client.token_file import DeviceTokens
from clawdbot.domain.names import Instant, Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import StoreCorrupt, UsageError

NAME: Final = "node.json"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class GatewayAt:
    """Where a node's gateway is.

    Attributes:
        fingerprint: the SHA-256 of the only certificate that it may show; empty for any that an authority vouches for.
    """

    host: str
    port: int = DEFAULT_PORT
    tls: bool = False
    fingerprint: str = ""

    def address(self) -> Address:
        """Raises UsageError: that is no address, or no fingerprint."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        address = addresses.read(f"{'wss' if self.tls else 'ws'}://{host}:{self.port}", self.fingerprint)
        if (address.host, address.port) != (self.host.lower(), self.port):
            raise UsageError("that is no host", hint="give a name or an address, and the port with --port")
        return address

    def is_same_place(self, other: "GatewayAt | None") -> bool:
        """Is it the same gateway, by whatever certificate it is known?"""
        return other is not None and _place(self) == _place(other)


@dataclass(frozen=True, slots=True)
class Record:
    """What the node host keeps about itself."""

    node_id: str
    name: str | None = None
    gateway: GatewayAt | None = None


class _Gateway(Struct, rename="camel", omit_defaults=True):
    host: str
    port: int = DEFAULT_PORT
    tls: bool = False
    tls_fingerprint: str | None = None


class _File(Struct, rename="camel", omit_defaults=True):
    version: int
    node_id: str
    display_name: str | None = None
    gateway: _Gateway | None = None


class RecordFile:
    """The file. Every method raises :class:`~clawdbot.errors.StoreError` if it cannot be read or written."""

    def __init__(self, state_dir: Path) -> None:
        self._files = PrivateFiles(state_dir.resolve(), "")
        self._path = self._files.folder / NAME

    def read(self) -> Record | None:
        """What is kept, if anything is."""
        data = self._files.read(NAME)
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=_File)
        except (ValueError, RecursionError):  # also what msgspec raises
            raise self._corrupt("no record of a node") from None
        if found.version != VERSION:
            raise self._corrupt(f'its "version" is not {VERSION}')
        at = found.gateway
        gateway = None if at is None else GatewayAt(at.host, at.port, at.tls, at.tls_fingerprint or "")
        return Record(found.node_id, found.display_name, gateway)

    def keep(self, record: Record) -> None:
        """Write what is kept from now on."""
        with self._files.locked():
            if self.read() != record:
                self._files.replace(NAME, _encode(record))

    def _corrupt(self, why: str) -> StoreCorrupt:
        return StoreCorrupt(
            f"{self._path} is not what it must be: {why}", hint="move it away: nothing but the node's name is lost"
        )


def new_record(name: str | None) -> Record:
    """The record of a node that starts for the first time."""
    return Record(str(uuid.uuid4()), name)


class GatewayTokens:
    """The node's token, for one gateway.

    Until this gateway lets the node in, the record names the one that did before, and its token is left alone.
    """

    def __init__(self, tokens: DeviceTokens, file: RecordFile, gateway: GatewayAt) -> None:
        self._tokens = tokens
        self._file = file
        self._gateway = gateway

    def get(self, role: Role) -> Secret | None:
        return self._tokens.get(role) if self._is_ours() else None

    def keep(self, role: Role, token: Secret, scopes: Iterable[Scope], *, now: Instant) -> None:
        record = self._file.read() or new_record(None)
        if not self._gateway.is_same_place(record.gateway):
            # In this order no crash leaves a token beside the name of a gateway that did not give it.
            old = self._tokens.get(role)
            if old is not None:
                self._tokens.forget(role, old)
        if record.gateway != self._gateway:
            self._file.keep(replace(record, gateway=self._gateway))
        self._tokens.keep(role, token, scopes, now=now)

    def forget(self, role: Role, token: Secret) -> None:
        self._tokens.forget(role, token)

    def _is_ours(self) -> bool:
        record = self._file.read()
        return record is not None and self._gateway.is_same_place(record.gateway)


def _place(gateway: GatewayAt) -> tuple[str, int, bool]:
    return gateway.host.strip().lower(), gateway.port, gateway.tls


def _encode(record: Record) -> bytes:
    at = record.gateway
    gateway = None if at is None else {"host": at.host, "port": at.port, "tls": at.tls, **_pin(at)}
    document = {"version": VERSION, "nodeId": record.node_id, "displayName": record.name, "gateway": gateway}
    said = {name: value for name, value in document.items() if value is not None}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _pin(at: GatewayAt) -> dict[str, str]:
    return {"tlsFingerprint": at.fingerprint} if at.fingerprint else {}
