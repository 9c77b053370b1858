"""What a client says when it connects, signed with its device's key (``docs/protocol.md#connect``)."""

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from types import MappingProxyType
from typing import Final

from clawdbot.domain.connect import PROTOCOL, ClientInfo, Credentials
from clawdbot.domain.handshake import signed_payload
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Instant, Role, Scope
from clawdbot.domain.scopes import ADMIN, APPROVALS, PAIRING

OPERATOR_SCOPES: Final = (ADMIN, APPROVALS, PAIRING)
"""What the command line asks for, in the order in which the protocol's own programs send it."""


def program(id: str = "gateway-client", mode: str = "backend", name: str | None = None) -> ClientInfo:
    """This program, on this machine, under an id and a mode that the protocol knows (``docs/protocol.md#connect``)."""
    return ClientInfo(
        id=id,
        version=metadata.version("clawdbot"),
        platform=sys.platform,
        mode=mode,
        display_name=name,
        instance_id=str(uuid.uuid4()),
    )


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who connects and as what.

    Attributes:
        client: the program.
        role: what the device wants to be to the gateway.
        scopes: what it wants to do as an operator.
        caps: kinds of things that a node can do: ``system``, ``camera``.
        commands: what a node lets itself be asked for.
        permissions: what the system lets a node do.
        path_env: where a node looks for programs.
    """

    client: ClientInfo = field(default_factory=program)
    role: Role = Role.OPERATOR
    scopes: tuple[Scope, ...] = OPERATOR_SCOPES
    caps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    permissions: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    path_env: str | None = None


def params(
    introduction: Introduction, identity: DeviceIdentity, credentials: Credentials, *, nonce: str, now: Instant
) -> dict[str, object]:
    """The params of ``connect`` for one socket, whose nonce is signed with them (threats.md G2).

    What is absent is left out, and ``commands``, ``permissions`` too when they are empty, as the protocol's own
    programs do.
    """
    token = credentials.token.reveal() if credentials.token else ""
    password = credentials.password.reveal() if credentials.password else ""
    said: dict[str, object] = {
        "minProtocol": PROTOCOL,
        "maxProtocol": PROTOCOL,
        "client": _client(introduction.client),
        "caps": list(introduction.caps),
        "commands": list(introduction.commands) or None,
        "permissions": dict(introduction.permissions) or None,
        "pathEnv": introduction.path_env,
        "auth": _given({"token": token or None, "password": password or None}) or None,
        "role": introduction.role.value,
        "scopes": list(introduction.scopes),
        "device": _device(introduction, identity, token, nonce, now),
    }
    return _given(said)


def _client(client: ClientInfo) -> dict[str, object]:
    return _given(
        {
            "id": client.id,
            "displayName": client.display_name,
            "version": client.version,
            "platform": client.platform,
            "deviceFamily": client.device_family,
            "modelIdentifier": client.model_identifier,
            "mode": client.mode,
            "instanceId": client.instance_id,
        }
    )


def _device(
    introduction: Introduction, identity: DeviceIdentity, token: str, nonce: str, now: Instant
) -> dict[str, object]:
    payload = signed_payload(
        device_id=identity.device_id,
        client=(introduction.client.id, introduction.client.mode),
        role=introduction.role,
        scopes=introduction.scopes,
        signed_at=now,
        token=token,
        nonce=nonce,
    )
    return {
        "id": identity.device_id,
        "publicKey": str(identity.public_key),
        "signature": identity.sign(payload),
        "signedAt": now,
        "nonce": nonce,
    }


def _given(properties: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in properties.items() if value is not None}
