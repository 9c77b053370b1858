"""Devices that connect: claims signed with real keys, and arrivals that are past the ladder already."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from clawdbot.domain.connect import Challenge, ClientInfo, ConnectRequest, Credentials, DeviceClaim, Peer
from clawdbot.domain.credentials import KnowsSecret, PresentedToken, Proof
from clawdbot.domain.device_records import About, Device, PairedDevice
from clawdbot.domain.handshake import VerifiedDevice, signed_payload
from clawdbot.domain.identity import DeviceIdentity, PublicKey
from clawdbot.domain.names import Instant, RequestId, Role, Scope
from clawdbot.domain.scopes import Caller
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Mint, Token

NOW: Instant = 1_795_367_603_000
SHARED = Secret("sekrit")
TOKEN = Secret("fcecf821be1f4c42b4356b07cd911efd")
CHALLENGE = Challenge(nonce="38256966-55ee-42e7-93a1-15e09c2fc443", issued_at=NOW)
AFAR = Peer(address="10.231.77.2")
HERE = Peer(address="127.0.0.1", local=True)
REFUSAL = "unauthorized: gateway token mismatch (provide gateway auth token)"

CLI = ClientInfo(id="cli", version="dev", platform="linux", mode="cli")
NODE_HOST = ClientInfo(id="node-host", version="2026.1.24-3", platform="linux", mode="node", display_name="Box")


def scopes(*names: str) -> tuple[Scope, ...]:
    """``scopes("read", "write")`` for the operator's."""
    return tuple(Scope(f"operator.{name}") for name in names)


@cache
def identity(number: int = 1) -> DeviceIdentity:
    """A key pair, always the same for the same number."""
    return DeviceIdentity.from_seed(number.to_bytes(32, "big"))


@cache
def public_key(key: DeviceIdentity) -> PublicKey:
    """Derived once: the machine asks for it a hundred thousand times."""
    return key.public_key


@dataclass
class Counting:
    """A mint that counts, so that tests can tell what was drawn when."""

    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def mint(self) -> Mint:
        return Mint(
            request_id=lambda: RequestId(f"request-{next(self.numbers)}"),
            token=lambda: Secret(f"{next(self.numbers):032x}"),
        )


def claim(
    key: DeviceIdentity | None = None, *, token: str | None = "sekrit", signed_at: Instant = NOW, **said: Any
) -> ConnectRequest:
    """A ``connect`` as an honest client sends it, signed over what it says: ``said`` are fields of the request."""
    key = key or identity()
    nonce = said.pop("nonce", CHALLENGE.nonce)
    base = ConnectRequest(
        min_protocol=3, max_protocol=3, client=CLI, auth=Credentials(None if token is None else Secret(token))
    )
    request = replace(base, **said)
    payload = signed_payload(
        device_id=key.device_id,
        client=(request.client.id, request.client.mode),
        role=request.role or Role.OPERATOR,
        scopes=request.scopes,
        signed_at=signed_at,
        token=request.auth.token.reveal() if request.auth.token else "",
        nonce=nonce,
    )
    device = DeviceClaim(key.device_id, str(key.public_key), key.sign(payload), signed_at, nonce)
    return replace(request, device=device)


def arrival(
    key: DeviceIdentity | None = None,
    *,
    role: Role = Role.OPERATOR,
    wanted: Iterable[Scope] = (),
    token: Secret | None = None,
    peer: Peer = AFAR,
    platform: str = "linux",
    name: str | None = None,
) -> VerifiedDevice:
    """A device past the ladder: with the shared secret, or with what it says is its token."""
    public = public_key(key or identity())
    proof: Proof = KnowsSecret() if token is None else PresentedToken(token, REFUSAL)
    about = About(display_name=name, platform=platform, client_id="test", client_mode="test", remote_ip=peer.address)
    return VerifiedDevice(public.device_id, public, role, tuple(wanted), about, peer, proof)


def paired(*names: str, roles: tuple[Role, ...] = (Role.OPERATOR,), **more: Any) -> Device:
    """The first device, approved long ago for those operator scopes, with a token for each role."""
    tokens = {
        Role.OPERATOR: Token(TOKEN, scopes(*sorted(names)), created_at=NOW - 9),
        Role.NODE: Token(Secret("node"), (), created_at=NOW - 9),
    }
    record = PairedDevice(
        public_key=identity().public_key,
        about=About(platform="linux"),
        role=roles[0],
        roles=roles,
        scopes=scopes(*names),
        tokens={role: tokens[role] for role in roles},
        created_at=NOW - 9,
        approved_at=NOW - 9,
    )
    return Device(identity().device_id, replace(record, **more))


def session(key: DeviceIdentity, *names: str, role: Role = Role.OPERATOR) -> Caller:
    """A caller: a session of that device with those operator scopes."""
    return Caller(key.device_id, role, scopes(*names))
