"""The ladder of the handshake: a table of rungs, each with what it answers. Recorded: test_handshake_recorded.py."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.connect import Challenge, ConnectRequest, Credentials, Peer
from clawdbot.domain.credentials import AuthMode, GatewayAuth, KnowsSecret, PresentedToken
from clawdbot.domain.device_records import About
from clawdbot.domain.handshake import MAX_SKEW_MS, VerifiedDevice, signed_payload, verify
from clawdbot.domain.identity import PublicKey, to_base64url
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
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
    Unauthorized,
)
from tests.support.devices import AFAR, CHALLENGE, CLI, HERE, NODE_HOST, NOW, SHARED, claim, identity, scopes

AUTH = GatewayAuth(AuthMode.TOKEN, SHARED)
OPEN = GatewayAuth(AuthMode.NONE)
PROXIED = Peer(address=None, behind_untrusted_proxy=True)
UI = replace(CLI, id="clawdbot-control-ui", mode="webchat")
NEW_UI = replace(UI, id="moltbot-control-ui")
NO_CONTEXT = "control ui requires HTTPS or localhost (secure context)"


def climb(
    request: ConnectRequest, *, peer: Peer = AFAR, auth: GatewayAuth = AUTH, challenge: Challenge = CHALLENGE
) -> VerifiedDevice:
    return verify(request, challenge=challenge, peer=peer, auth=auth, now=NOW)


def device(request: ConnectRequest, **said: Any) -> ConnectRequest:
    """The request with something else in its device block."""
    assert request.device is not None
    return replace(request, device=replace(request.device, **said))


# --- what comes up ---------------------------------------------------------------------------------------------------


def test_a_signed_claim_comes_up_as_a_device() -> None:
    """With the asked scopes in their order, and what the client says about itself."""
    request = claim(role="operator", scopes=scopes("write", "admin", "write"), client=replace(CLI, display_name="Mac"))
    assert climb(request) == VerifiedDevice(
        id=identity().device_id,
        public_key=identity().public_key,
        role=Role.OPERATOR,
        scopes=scopes("write", "admin"),
        about=About("Mac", "linux", "cli", "cli", "10.231.77.2"),
        peer=AFAR,
        proof=KnowsSecret(),
    )


def test_G3_no_scopes_asked_no_scopes_held() -> None:
    assert climb(claim()).scopes == ()


def test_no_role_asked_is_operator() -> None:
    assert climb(claim()).role is Role.OPERATOR


def test_a_node_holds_no_scopes_even_if_it_asks() -> None:
    assert climb(claim(role="node", scopes=scopes("admin"), client=NODE_HOST)).scopes == ()


def test_a_key_in_pem_and_a_padded_signature_come_up_too() -> None:
    request = claim()
    assert request.device is not None
    padded = request.device.signature.replace("-", "+").replace("_", "/") + "=="
    assert climb(device(request, public_key=identity().public_key.pem, signature=padded)).id == identity().device_id


def test_a_token_with_the_delimiter_in_it_still_works() -> None:
    """A shared secret is whatever its owner chose; behind it stands only the nonce, so it cannot be ambiguous."""
    assert climb(claim(token="t|o,k"), auth=GatewayAuth(AuthMode.TOKEN, Secret("t|o,k"))).proof == KnowsSecret()


# --- the rungs -------------------------------------------------------------------------------------------------------

GOOD = claim()
OTHER = identity(2)
RUNGS: list[tuple[str, ConnectRequest, type[DoorError], str]] = [
    ("delimiter in a scope", claim(scopes=(Scope("a|b"),)), InvalidConnectParams, ""),
    ("comma in a scope", claim(scopes=(Scope("a,b"),)), InvalidConnectParams, ""),
    ("delimiter in the client id", claim(client=replace(CLI, id="cli|cli")), InvalidConnectParams, ""),
    ("protocol too new", replace(GOOD, min_protocol=4, max_protocol=5), ProtocolMismatch, "protocol mismatch"),
    ("protocol too old", replace(GOOD, min_protocol=1, max_protocol=2), ProtocolMismatch, "protocol mismatch"),
    ("unknown role", claim(role="admin"), InvalidRole, "invalid role"),
    ("role in other case", claim(role="Node"), InvalidRole, "invalid role"),
    ("no device", replace(GOOD, device=None), IdentityRequired, "device identity required"),
    ("no device, no token", ConnectRequest(3, 3, CLI), IdentityRequired, "device identity required"),
    (
        "control ui without device",
        replace(GOOD, device=None, client=UI),
        SecureContextRequired,
        NO_CONTEXT,
    ),
    (
        "newer control ui without device",
        replace(GOOD, device=None, client=NEW_UI),
        SecureContextRequired,
        NO_CONTEXT,
    ),
    ("id of no key", device(GOOD, id="0" * 64), IdentityMismatch, "device identity mismatch"),
    ("id in upper case", device(GOOD, id=identity().device_id.upper()), IdentityMismatch, "device identity mismatch"),
    ("key of another", device(GOOD, public_key=str(OTHER.public_key)), IdentityMismatch, "device identity mismatch"),
    ("unreadable key", device(GOOD, public_key="???"), IdentityMismatch, "device identity mismatch"),
    ("key with a blank", device(GOOD, public_key=f" {identity().public_key}"), IdentityMismatch, ""),
    ("signed long ago", claim(signed_at=NOW - MAX_SKEW_MS - 1), SignatureExpired, "device signature expired"),
    ("signed in the future", claim(signed_at=NOW + MAX_SKEW_MS + 1), SignatureExpired, "device signature expired"),
    ("signed at no time at all", device(GOOD, signed_at=10**5000), SignatureExpired, "device signature expired"),
    ("no nonce (v1)", claim(nonce=None), NonceRequired, "device nonce required"),
    ("empty nonce", claim(nonce=""), NonceRequired, "device nonce required"),
    ("blank nonce", claim(nonce=" \t"), NonceRequired, "device nonce required"),
    ("another socket's nonce", claim(nonce="95ee74b8"), NonceMismatch, "device nonce mismatch"),
    ("nonce with a blank", claim(nonce=CHALLENGE.nonce + " "), NonceMismatch, "device nonce mismatch"),
    ("nonce not in ASCII", claim(nonce="é"), NonceMismatch, "device nonce mismatch"),
    ("signature of another", device(GOOD, signature=OTHER.sign("x")), SignatureInvalid, "device signature invalid"),
    ("no signature", device(GOOD, signature="?"), SignatureInvalid, "device signature invalid"),
    ("other scopes than signed", replace(GOOD, scopes=scopes("admin")), SignatureInvalid, "device signature invalid"),
    ("other role than signed", replace(GOOD, role="node"), SignatureInvalid, "device signature invalid"),
    ("other client than signed", replace(GOOD, client=NODE_HOST), SignatureInvalid, "device signature invalid"),
    ("other token than signed", replace(GOOD, auth=Credentials(Secret("x"))), SignatureInvalid, ""),
    (
        "no token",
        claim(token=None),
        Unauthorized,
        "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)",
    ),
]


@pytest.mark.parametrize("peer", [AFAR, HERE], ids=["remote", "local"])
@pytest.mark.parametrize(("what", "request_", "error", "message"), RUNGS, ids=[rung[0] for rung in RUNGS])
def test_G1_G2_G3_each_rung_refuses(
    what: str, request_: ConnectRequest, error: type[DoorError], message: str, peer: Peer
) -> None:
    """Near and far alike; each with its own error and the protocol's words."""
    with pytest.raises(error) as refused:
        climb(request_, peer=peer)
    assert refused.value.message == (message or refused.value.message)


P = 2**255 - 19
UNSOUND = {
    "low order": 1,
    "low order, minus zero": 1 + 2**255,
    "low order, not reduced": P + 1,
    "not on the curve": 2,
    "not reduced": P + 3,
}
FORGED = to_base64url((1).to_bytes(32, "little") + bytes(32))
"""Signs everything, for a key of the order 1: nothing times anything is nothing."""


@pytest.mark.parametrize("number", UNSOUND.values(), ids=UNSOUND)
@pytest.mark.parametrize(
    "why", [{}, {"signed_at": NOW - MAX_SKEW_MS - 1}, {"nonce": ""}, {"nonce": "95ee74b8"}], ids=str
)
def test_G1_an_unsound_key_is_refused_whatever_else_is_wrong(number: int, why: dict[str, Any]) -> None:
    """Also where its signature is good: before the rungs that come after it, and with its own error."""
    key = PublicKey(number.to_bytes(32, "little"))
    with pytest.raises(IdentityMismatch):
        climb(device(claim(**why), public_key=str(key), id=key.device_id, signature=FORGED))


def test_G1_a_key_of_low_order_needs_no_secret_to_sign() -> None:
    """Why it must not come as far as the signature. By a key that is no point of the curve nobody signs."""
    assert PublicKey(UNSOUND["low order"].to_bytes(32, "little")).verifies("anything", FORGED)
    assert not PublicKey(UNSOUND["not on the curve"].to_bytes(32, "little")).verifies("anything", FORGED)


def test_ambiguous_fields_are_told_as_the_schema_would() -> None:
    with pytest.raises(InvalidConnectParams) as refused:
        climb(claim(scopes=(Scope("ok"), Scope("a|b")), client=replace(CLI, mode="c|i")))
    assert refused.value.message == (
        'invalid connect params: at /client/mode: must match pattern "^[^|]+$"; '
        'at /scopes/1: must match pattern "^[A-Za-z0-9._:-]+$"'
    )


@pytest.mark.parametrize("scope", ["", " ", "a b", "a\n", "a\x00", "a\u202eb", "é", "a,b", "a|b"], ids=repr)
def test_G17_scopes_are_plain_words(scope: str) -> None:
    with pytest.raises(InvalidConnectParams):
        climb(claim(scopes=(Scope(scope),)))


@pytest.mark.parametrize("scope", ["__proto__", "constructor", "made.up", "a:b-c_d"])
def test_G17_unknown_scopes_are_plain_data(scope: str) -> None:
    assert climb(claim(scopes=(Scope(scope),))).scopes == (scope,)


def test_without_a_secret_an_unvouched_proxy_is_refused_before_the_device_is_looked_at() -> None:
    with pytest.raises(ProxyWithoutAuth) as refused:
        climb(replace(GOOD, device=None), peer=PROXIED, auth=OPEN)
    assert refused.value.close_reason == "gateway auth required"
    assert refused.value.details == {"hint": "set gateway.auth or configure gateway.trustedProxies"}


def test_without_a_secret_a_device_needs_its_identity_all_the_same() -> None:
    assert climb(claim(token=None), auth=OPEN).proof == KnowsSecret()
    with pytest.raises(IdentityRequired):
        climb(replace(GOOD, device=None), auth=OPEN)


def test_a_clock_two_minutes_off_is_fine() -> None:
    climb(claim(signed_at=NOW - MAX_SKEW_MS))
    climb(claim(signed_at=NOW + MAX_SKEW_MS))


def test_a_token_that_is_not_the_gateways_may_be_the_devices() -> None:
    """Whether it is, only the record can tell; what is answered if not, is known here."""
    assert climb(claim(token="other")).proof == PresentedToken(
        Secret("other"), "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)"
    )


def test_G2_the_same_frame_opens_no_second_socket() -> None:
    climb(GOOD)
    with pytest.raises(NonceMismatch):
        climb(GOOD, challenge=Challenge("4948159c-864c-4714-aeca-41577c97254f", NOW))


# --- the payload -----------------------------------------------------------------------------------------------------


def test_the_payload_with_a_nonce_is_v2_and_without_v1() -> None:
    parts: dict[str, Any] = {
        "device_id": "id",
        "client": ("cli", "probe"),
        "role": "operator",
        "scopes": ["b", "a"],
        "signed_at": 7,
        "token": "t",
    }
    assert signed_payload(**parts, nonce="n") == "v2|id|cli|probe|operator|b,a|7|t|n"
    assert signed_payload(**parts, nonce="") == "v2|id|cli|probe|operator|b,a|7|t|"
    assert signed_payload(**parts, nonce=None) == "v1|id|cli|probe|operator|b,a|7|t"


def payload(request: ConnectRequest) -> str:
    assert request.device is not None
    assert request.auth.token is not None
    return signed_payload(
        device_id=request.device.id,
        client=(request.client.id, request.client.mode),
        role=request.role or Role.OPERATOR,
        scopes=request.scopes,
        signed_at=request.device.signed_at,
        token=request.auth.token.reveal(),
        nonce=request.device.nonce,
    )


def is_ambiguous(request: ConnectRequest) -> bool:
    try:
        climb(request)
    except InvalidConnectParams:
        return True
    except DoorError:
        return False
    return False


def test_G2_no_two_requests_share_a_payload() -> None:
    """Of all requests with delimiters in all places, those that share a payload do not get past the first rung."""
    texts = ("a", "a|b", "b|a")
    lists = ((), ("a",), ("a", "a"), ("a,a",), ("a|1",))
    sharing: dict[str, list[ConnectRequest]] = {}
    for name, mode, named, signed_at, token in itertools.product(texts, texts, lists, (1, 2), ("t", "1|t", "a|1|t")):
        request = replace(
            device(claim(token=token), signed_at=signed_at),
            client=replace(CLI, id=name, mode=mode),
            role="operator",
            scopes=tuple(Scope(scope) for scope in named),
        )
        sharing.setdefault(payload(request), []).append(request)
    crowds = [requests for requests in sharing.values() if len(requests) > 1]
    assert crowds, "without the rule some would share a payload"
    for requests in crowds:
        assert sum(not is_ambiguous(request) for request in requests) <= 1
