"""The handshake: a claim climbs a ladder of checks and comes out as a device whose key signed this very connection.

Every rung raises its own :class:`~clawdbot.errors.DoorError`; the first that fails answers. The order, the texts and
the close codes are the protocol's (``docs/protocol.md#order-of-the-checks``), with the stricter rules of threats.md:

- no device identity, no connection, whatever secret the client knows (G3);
- the nonce of this socket always, so the payload without one (``v1``) opens nothing (G2);
- signed within two minutes (G2), no scopes unless asked for (G3), no field that makes a payload ambiguous (G2).

Whether the device is paired is not decided here but under its lock: :func:`clawdbot.domain.admission.connect`.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clawdbot.domain import scopes
from clawdbot.domain.connect import (
    PROTOCOL,
    Challenge,
    ClientInfo,
    ConnectRequest,
    Credentials,
    DeviceClaim,
    Peer,
)
from clawdbot.domain.credentials import AuthMode, GatewayAuth, Proof, prove
from clawdbot.domain.device_records import About
from clawdbot.domain.identity import PublicKey, read_claimed_key
from clawdbot.domain.names import DeviceId, Instant, Role, Scope
from clawdbot.errors import (
    DoorError,
    IdentityMismatch,
    IdentityRequired,
    InvalidConnectParams,
    InvalidRole,
    NonceMismatch,
    NonceRequired,
    ProtocolMismatch,
    ProxyWithoutAuth,
    SecureContextRequired,
    SignatureExpired,
    SignatureInvalid,
)

__all__ = [
    "MAX_SKEW_MS",
    "PROTOCOL",
    "Challenge",
    "ClientInfo",
    "ConnectRequest",
    "Credentials",
    "DeviceClaim",
    "GatewayAuth",
    "Peer",
    "VerifiedDevice",
    "signed_payload",
    "verify",
]

MAX_SKEW_MS: Final = 2 * 60 * 1000
"""How far the device's clock may be off when it signs, either way."""

_NO_DELIMITER = re.compile(r"[^|]+")
_SCOPE = re.compile(r"[A-Za-z0-9._:-]+")
"""Without the payload's delimiters, and without anything that hides or reorders what the owner reads."""


@dataclass(frozen=True, slots=True)
class VerifiedDevice:
    """A device that holds its key and signed this connection's nonce. Paired or not: not known yet."""

    id: DeviceId
    public_key: PublicKey
    role: Role
    scopes: tuple[Scope, ...]
    """What it asks for; a node asks for none (:mod:`clawdbot.domain.scopes`)."""
    about: About
    peer: Peer
    proof: Proof


def verify(
    request: ConnectRequest, *, challenge: Challenge, peer: Peer, auth: GatewayAuth, now: Instant
) -> VerifiedDevice:
    """Check everything about a ``connect`` that can be checked without the device's record.

    Raises:
        DoorError: the first check that failed, as its own class.
    """
    _check_unambiguous(request)
    _check_protocol(request)
    role = _check_role(request)
    _check_proxy(peer, auth)
    device = _check_presence(request)
    key = _check_identity(device)
    try:
        _check_time(device, now)
        nonce = _check_nonce(device, challenge)
        _check_signature(request, device, key, role, nonce)
    except DoorError:
        if not key.is_on_curve:  # the rung before these; a good signature would have shown that it is
            raise IdentityMismatch from None
        raise
    proof = prove(auth, request.auth, request.client)
    return VerifiedDevice(
        id=DeviceId(device.id),
        public_key=key,
        role=role,
        scopes=scopes.merged(request.scopes) if role is Role.OPERATOR else (),
        about=_about(request.client, peer),
        peer=peer,
        proof=proof,
    )


def signed_payload(
    *,
    device_id: str,
    client: tuple[str, str],
    role: str,
    scopes: Iterable[str],
    signed_at: Instant,
    token: str,
    nonce: str | None,
) -> str:
    """What a device signs: fields joined by ``|``, nothing escaped.

    With a nonce the payload is ``v2``, without one ``v1``, which old clients sign and no gateway of ours accepts.
    No two requests share a ``v2`` payload: of its fields only the token may hold ``|``, and behind the token stands
    nothing but the nonce, which the gateway chose.

    Args:
        device_id: the device's id.
        client: the client's id and mode.
        role: the role asked for, ``operator`` if none is named.
        scopes: the scopes as they are sent.
        signed_at: the device's clock.
        token: ``auth.token`` as it is sent, empty if it is not. The password is not signed.
        nonce: the challenge's.
    """
    version = "v1" if nonce is None else "v2"
    fields = [version, device_id, *client, role, ",".join(scopes), str(signed_at), token]
    return "|".join(fields if nonce is None else [*fields, nonce])


# --- the rungs, in their order ---------------------------------------------------------------------------------------


def _check_unambiguous(request: ConnectRequest) -> None:
    """Refuse what could make two requests share a payload, worded as a schema would (threats.md G2, G17)."""
    fields = [("/client/id", request.client.id), ("/client/mode", request.client.mode)]
    problems = [_mismatch(path, _NO_DELIMITER) for path, text in fields if not _NO_DELIMITER.fullmatch(text)]
    for index, scope in enumerate(request.scopes):
        if not _SCOPE.fullmatch(scope):
            problems.append(_mismatch(f"/scopes/{index}", _SCOPE))
    if problems:
        raise InvalidConnectParams(*problems)


def _mismatch(path: str, pattern: re.Pattern[str]) -> str:
    return f'at {path}: must match pattern "^{pattern.pattern}$"'


def _check_protocol(request: ConnectRequest) -> None:
    if not request.min_protocol <= PROTOCOL <= request.max_protocol:
        raise ProtocolMismatch(details={"expectedProtocol": PROTOCOL})


def _check_role(request: ConnectRequest) -> Role:
    try:
        return Role(Role.OPERATOR if request.role is None else request.role)
    except ValueError:
        raise InvalidRole from None


def _check_proxy(peer: Peer, auth: GatewayAuth) -> None:
    if auth.mode is AuthMode.NONE and peer.behind_untrusted_proxy:
        raise ProxyWithoutAuth


def _check_presence(request: ConnectRequest) -> DeviceClaim:
    if request.device is not None:
        return request.device
    if request.client.is_control_ui:
        raise SecureContextRequired
    raise IdentityRequired


def _check_identity(device: DeviceClaim) -> PublicKey:
    key = read_claimed_key(device.public_key)
    if key is None or key.device_id != device.id:
        raise IdentityMismatch
    return key


def _check_time(device: DeviceClaim, now: Instant) -> None:
    if abs(now - device.signed_at) > MAX_SKEW_MS:
        raise SignatureExpired


def _check_nonce(device: DeviceClaim, challenge: Challenge) -> str:
    if device.nonce is None or not device.nonce.strip():
        raise NonceRequired
    if not hmac.compare_digest(_bytes(device.nonce), _bytes(challenge.nonce)):
        raise NonceMismatch
    return device.nonce


def _check_signature(request: ConnectRequest, device: DeviceClaim, key: PublicKey, role: Role, nonce: str) -> None:
    payload = signed_payload(
        device_id=device.id,
        client=(request.client.id, request.client.mode),
        role=role,
        scopes=request.scopes,
        signed_at=device.signed_at,
        token=request.auth.token.reveal() if request.auth.token else "",
        nonce=nonce,
    )
    if not key.verifies(payload, device.signature):
        raise SignatureInvalid


def _about(client: ClientInfo, peer: Peer) -> About:
    return About(
        display_name=client.display_name,
        platform=client.platform,
        client_id=client.id,
        client_mode=client.mode,
        remote_ip=peer.address,
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
