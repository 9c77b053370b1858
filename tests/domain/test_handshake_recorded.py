"""Recorded connects climb the ladder as they did at the reference, or are refused at a rung that is stricter."""

import json
from pathlib import Path

import pytest

from clawdbot.domain.connect import Challenge, ConnectRequest, Peer
from clawdbot.domain.credentials import AuthMode, GatewayAuth, PresentedToken
from clawdbot.domain.handshake import VerifiedDevice, verify
from clawdbot.domain.secret import Secret
from clawdbot.errors import (
    DoorError,
    IdentityRequired,
    InvalidConnectParams,
    NonceRequired,
    SecureContextRequired,
    SignatureExpired,
)
from clawdbot.wire import connect
from tests.support.recorded import TRANSCRIPTS, scene

STRICTER: dict[str, type[DoorError]] = {
    "02-local-v1-signature-no-nonce": NonceRequired,
    "03-token-only-no-device": IdentityRequired,
    "21-skew-inside-window": SignatureExpired,
    "30-wrong-token-no-device": IdentityRequired,
    "41-invalid-params-client-id-moltbot": SecureContextRequired,
    "72-node-without-device": IdentityRequired,
    "91-ui-insecure-allowed": SecureContextRequired,
    "92-auth-none": IdentityRequired,
}
"""Scenes in which the reference let somebody in, or refused for another reason (docs/adr/0005-device-pairing.md)."""


def recorded_connects(path: Path) -> list[tuple[ConnectRequest, Challenge, Peer, str | None]]:
    """The well-formed connects of a scene: request, challenge, peer, and the message that refused it if one did."""
    found, opened, challenged = [], {}, {}
    events = scene(path)
    for index, event in enumerate(events):
        conn, frame = event.get("conn"), event.get("frame") or {}
        if event["dir"] == "open":
            proxied = bool(event["headers"])
            near = event["via"] == "local" and not proxied
            opened[conn] = Peer("127.0.0.1" if near else "10.231.77.2", local=near, behind_untrusted_proxy=proxied)
        elif frame.get("event") == "connect.challenge":
            challenged[conn] = Challenge(frame["payload"]["nonce"], frame["payload"]["ts"])
        elif event["dir"] == "c2s" and frame.get("method") == "connect" and conn in challenged:
            try:
                request = connect.read(frame.get("params"))
            except InvalidConnectParams:
                continue
            later = (after.get("frame") or {} for after in events[index:] if after.get("conn") == conn)
            answer = next((frame for frame in later if frame.get("type") == "res"), {})
            refusal = None if answer.get("ok") else answer.get("error", {}).get("message")
            found.append((request, challenged.pop(conn), opened[conn], refusal))
    return found


def gateway_auth(path: Path) -> GatewayAuth:
    """What the recorded gateway was configured with."""
    configured = json.loads(path.read_text())["gatewayConfig"]["gateway"].get("auth", {})
    for mode in (AuthMode.TOKEN, AuthMode.PASSWORD):
        if mode in configured:
            return GatewayAuth(mode, Secret(configured[mode]))
    return GatewayAuth(AuthMode.NONE)


def climb(path: Path, request: ConnectRequest, challenge: Challenge, peer: Peer) -> VerifiedDevice | DoorError:
    """As at the recorded gateway, two milliseconds after its challenge."""
    try:
        return verify(request, challenge=challenge, peer=peer, auth=gateway_auth(path), now=challenge.issued_at + 2)
    except DoorError as error:
        return error


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_recorded_connects_climb_as_recorded(path: Path) -> None:
    """The same refusals in the same words; who was let in or told to pair comes up, or is told why not any more."""
    stricter = STRICTER.get(path.stem)
    met_stricter = False
    for request, challenge, peer, recorded in recorded_connects(path):
        ours = climb(path, request, challenge, peer)
        if stricter is not None and isinstance(ours, stricter):
            met_stricter = True
        elif isinstance(ours, DoorError):
            assert ours.message == recorded
        elif recorded not in (None, "pairing required"):
            assert isinstance(ours.proof, PresentedToken), "only the record can tell a token"
            assert ours.proof.refusal == recorded
    assert met_stricter is (stricter is not None)
