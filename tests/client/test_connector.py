"""Getting in: the challenge is answered, credentials are offered one at a time, and every no is explained."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from clawdbot.client import Connector, Introduction, SetupCode, connect, redeem
from clawdbot.client.address import Address
from clawdbot.domain.connect import Credentials
from clawdbot.domain.identity import DeviceIdentity
from clawdbot.domain.names import Instant, Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConnectRefused, GatewayUnavailable, InvalidFrame, StoreCorrupt
from tests.fakes.gateway import NONCE, Line, fake_gateway

Make = Callable[..., Connector]

MISMATCH = {
    "code": "INVALID_REQUEST",
    "message": "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
}
SHARED = Credentials(token=Secret("shared"))


class Kept:
    """Device tokens in memory."""

    def __init__(self, **tokens: str) -> None:
        self.tokens = tokens
        self.scopes: dict[str, list[str]] = {}

    def get(self, role: Role) -> Secret | None:
        return Secret(self.tokens[role]) if role in self.tokens else None

    def keep(self, role: Role, token: Secret, scopes: Iterable[Scope], *, now: Instant) -> None:
        self.tokens[role] = token.reveal()
        self.scopes[role] = list(scopes)

    def forget(self, role: Role, token: Secret) -> None:
        assert self.tokens.pop(role) == token.reveal()


def door(*tokens: str, error: dict[str, Any] = MISMATCH, grant: str = "") -> tuple[Callable[[Line], Any], list[Any]]:
    """A gateway that lets in who offers one of these tokens, and what it was offered."""
    offered: list[Any] = []

    async def talk(line: Line) -> None:
        request = await line.greet()
        auth = request["params"].get("auth", {})
        offered.append(auth.get("token") or auth.get("password"))
        if offered[-1] in tokens:
            more = {"auth": {"deviceToken": grant, "scopes": ["operator.admin"]}} if grant else {}
            await line.answer(request, {"type": "hello-ok", **more})
            await line.closed()
        else:
            await line.refuse(request, **error)
            await line.ws.close(code=1008, message=error["message"].encode()[:120])

    return talk, offered


# --- the challenge ---------------------------------------------------------------------------------------------------


async def test_G2_the_nonce_of_the_challenge_is_signed(connector: Make) -> None:
    """Each connection answers its own challenge, whatever else comes before it."""

    async def talk(line: Line) -> None:
        await line.event("health", {"ok": True})
        request = await line.let_in()
        assert request.device is not None
        assert request.device.nonce == NONCE
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect():
        pass


@pytest.mark.parametrize("payload", [None, {}, {"nonce": ""}, {"nonce": " "}, {"nonce": 5}, "nonce"], ids=json.dumps)
async def test_G2_without_a_nonce_nothing_is_signed(connector: Make, payload: object) -> None:
    """A gateway that does not challenge gets no signature that could be used elsewhere."""

    async def talk(line: Line) -> None:
        await line.event("connect.challenge", payload)
        assert await line.closed()

    async with fake_gateway(talk) as gateway:
        with pytest.raises(InvalidFrame, match="does not challenge"):
            await connector(gateway.url).connect()


@pytest.mark.parametrize("frame", ["hello", "{}", '{"type":"res","id":"x","ok":true}'])
async def test_whatever_speaks_first_and_is_no_challenge_is_no_gateway(connector: Make, frame: str) -> None:
    """It is left at once."""

    async def talk(line: Line) -> None:
        await line.send(frame)
        assert await line.closed()

    async with fake_gateway(talk) as gateway:
        with pytest.raises(InvalidFrame):
            await connector(gateway.url).connect()


async def test_a_gateway_that_never_challenges_is_left(connector: Make) -> None:
    """After the time that was given for the whole of it."""

    async def talk(line: Line) -> None:
        assert await line.closed()

    async with fake_gateway(talk) as gateway:
        with pytest.raises(GatewayUnavailable, match="gateway timeout after 500ms"):
            await connector(gateway.url, within=0.5).connect()


async def test_a_gateway_that_closes_instead_of_answering(connector: Make) -> None:
    """Its code and reason are in the error."""

    async def talk(line: Line) -> None:
        await line.greet()
        await line.ws.close(code=1012, message=b"service restart")

    async with fake_gateway(talk) as gateway:
        with pytest.raises(GatewayUnavailable, match=r"gateway closed \(1012: service restart\)"):
            await connector(gateway.url).connect()


async def test_a_hello_that_is_none_ends_the_connection(connector: Make) -> None:
    """The gateway said yes, but to what?"""

    async def talk(line: Line) -> None:
        await line.answer(await line.greet(), {"welcome": True})
        assert await line.closed()

    async with fake_gateway(talk) as gateway:
        with pytest.raises(InvalidFrame, match="hello-ok"):
            await connector(gateway.url).connect()


# --- credentials -----------------------------------------------------------------------------------------------------


async def test_a_kept_token_is_offered_instead_of_the_shared_one(connector: Make) -> None:
    """The shared secret does not travel when it need not."""
    talk, offered = door("mine")
    async with (
        fake_gateway(talk) as gateway,
        await connector(gateway.url, credentials=SHARED, tokens=Kept(operator="mine")).connect(),
    ):
        pass
    assert offered == ["mine"]


async def test_a_dead_token_is_forgotten_and_the_shared_secret_tried_at_once(connector: Make) -> None:
    """One call gets in: nobody has to type it again. The new token is kept."""
    talk, offered = door("shared", grant="fresh")
    kept = Kept(operator="dead", node="other")
    async with fake_gateway(talk) as gateway, await connector(gateway.url, credentials=SHARED, tokens=kept).connect():
        pass
    assert offered == ["dead", "shared"]
    assert kept.tokens == {"operator": "fresh", "node": "other"}
    assert kept.scopes == {"operator": ["operator.admin"]}


async def test_a_password_counts_as_a_shared_secret(connector: Make) -> None:
    """Where the gateway has a password instead of a token."""
    talk, offered = door("word")
    credentials = Credentials(password=Secret("word"))
    async with (
        fake_gateway(talk) as gateway,
        await connector(gateway.url, credentials=credentials, tokens=Kept(operator="dead")).connect(),
    ):
        pass
    assert offered == ["dead", "word"]


async def test_without_a_shared_secret_a_token_is_not_forgotten(connector: Make) -> None:
    """It may be all that there is, and the gateway may have been another one."""
    talk, offered = door("shared")
    kept = Kept(operator="mine")
    async with fake_gateway(talk) as gateway:
        with pytest.raises(ConnectRefused, match="gateway token mismatch"):
            await connector(gateway.url, tokens=kept).connect()
    assert (offered, kept.tokens) == (["mine"], {"operator": "mine"})


@pytest.mark.parametrize(
    "error",
    [
        {"code": "NOT_PAIRED", "message": "pairing required", "details": {"requestId": "r"}},
        {"code": "UNAVAILABLE", "message": "unauthorized: too many failed attempts", "retryAfterMs": 60_000},
        {"code": "INVALID_REQUEST", "message": "device signature expired"},
    ],
    ids=lambda error: error["message"],
)
async def test_other_refusals_are_no_reason_to_forget_a_token(connector: Make, error: dict[str, Any]) -> None:
    """Nor to try again: the gateway did not say that the token is wrong."""
    talk, offered = door(error=error)
    kept = Kept(operator="mine")
    async with fake_gateway(talk) as gateway:
        with pytest.raises(ConnectRefused) as caught:
            await connector(gateway.url, credentials=SHARED, tokens=kept).connect()
    assert (offered, kept.tokens) == (["mine"], {"operator": "mine"})
    assert (caught.value.code, caught.value.message) == (error["code"], error["message"])


async def test_a_wrong_shared_secret_is_tried_once(connector: Make) -> None:
    """Two refusals are enough (threats.md G11 counts them)."""
    talk, offered = door()
    async with fake_gateway(talk) as gateway:
        with pytest.raises(ConnectRefused):
            await connector(gateway.url, credentials=SHARED, tokens=Kept(operator="dead")).connect()
    assert offered == ["dead", "shared"]


async def test_tokens_of_another_role_are_not_offered(connector: Make, identity: DeviceIdentity) -> None:
    """A node's token is the node's."""
    talk, offered = door("shared", grant="fresh")
    kept = Kept(node="other")
    async with fake_gateway(talk) as gateway, await connector(gateway.url, credentials=SHARED, tokens=kept).connect():
        pass
    assert offered == ["shared"]
    assert kept.tokens == {"node": "other", "operator": "fresh"}


async def test_tokens_that_cannot_be_read_or_kept_keep_nobody_out(
    connector: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The shared secret opens all the same, and the trouble is said."""

    class Broken(Kept):
        def get(self, role: Role) -> Secret | None:
            raise StoreCorrupt("device-auth.json is not what it must be")

        def keep(self, role: Role, token: Secret, scopes: Iterable[Scope], *, now: Instant) -> None:
            raise StoreCorrupt("device-auth.json is not what it must be")

    talk, _ = door("shared", grant="fresh")
    async with (
        fake_gateway(talk) as gateway,
        await connector(gateway.url, credentials=SHARED, tokens=Broken()).connect(),
    ):
        pass
    assert caplog.text.count("device-auth.json is not what it must be") == 2
    assert "fresh" not in caplog.text


async def test_S7_no_token_shows_in_an_error_or_a_log(connector: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Refused or let in, at any level."""
    caplog.set_level("DEBUG")
    talk, _ = door("shared-secret", grant="fresh-token")
    made = connector("ws://box", credentials=Credentials(token=Secret("wrong-secret")), tokens=Kept(operator="dead"))
    async with fake_gateway(talk) as gateway:
        with pytest.raises(ConnectRefused) as caught:
            await connector(gateway.url, credentials=made.credentials, tokens=made.tokens).connect()
        right = Credentials(token=Secret("shared-secret"))
        async with await connector(gateway.url, credentials=right, tokens=Kept()).connect() as connection:
            shown = repr(connection.hello)
    shown += caplog.text + repr(made) + str(caught.value) + caught.value.hint
    assert not any(secret in shown for secret in ("wrong-secret", "shared-secret", "fresh-token"))


# --- the refused client ----------------------------------------------------------------------------------------------


async def test_a_device_that_waits_knows_its_request(connector: Make) -> None:
    """And what its owner is to type, on the gateway's machine."""
    error = {"code": "NOT_PAIRED", "message": "pairing required", "details": {"requestId": "9290214a-7317"}}
    talk, _ = door(error=error)
    async with fake_gateway(talk) as gateway:
        with pytest.raises(ConnectRefused, match=r"^pairing required$") as caught:
            await connector(gateway.url).connect()
    assert caught.value.request_id == "9290214a-7317"
    assert caught.value.hint == "on the gateway's machine: clawdbot devices approve 9290214a-7317"


async def test_being_cancelled_while_connecting_leaves_nothing_open(connector: Make) -> None:
    """The socket is closed, and the gateway sees it."""
    there = asyncio.Event()
    gone: list[tuple[int, str]] = []

    async def talk(line: Line) -> None:
        await line.greet()
        there.set()
        gone.append(await line.closed())

    async with fake_gateway(talk) as gateway:
        connecting = asyncio.create_task(connector(gateway.url).connect())
        await there.wait()
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
    assert gone


# --- the short way ---------------------------------------------------------------------------------------------------


async def test_the_short_way_to_connect(identity: DeviceIdentity) -> None:
    """One context: an operator with a token, by the name of a program."""

    async def talk(line: Line) -> None:
        request = await line.let_in()
        assert request.auth == Credentials(token=Secret("t"))
        assert (request.role, request.scopes) == ("operator", Introduction().scopes)
        await line.answer(await line.request(), {"ok": True})
        assert await line.closed() == (1000, "")

    async with fake_gateway(talk) as gateway:
        async with connect(gateway.url, identity=identity, token="t") as connection:
            assert await connection.call("health") == {"ok": True}
        assert isinstance(Address(gateway.url).port, int)


# --- by a setup code -------------------------------------------------------------------------------------------------

WORD = Secret("A" * 43)


async def test_a_setup_code_is_redeemed(identity: DeviceIdentity) -> None:
    """As what it is for; the token that comes of it is kept."""
    kept = Kept()

    async def talk(line: Line) -> None:
        request = await line.let_in(auth={"deviceToken": "mine", "scopes": ["operator.read"]})
        assert request.auth == Credentials(token=WORD)
        assert (request.role, request.scopes) == ("operator", ("operator.read",))
        await line.closed()

    async with fake_gateway(talk) as gateway:
        code = SetupCode(Address(gateway.url), WORD, Role.OPERATOR, (Scope("operator.read"),))
        async with redeem(code.text(), identity=identity, tokens=kept):
            assert kept.tokens == {"operator": "mine"}


async def test_G18_the_gateway_of_a_code_is_shown_nothing_but_its_word(identity: DeviceIdentity) -> None:
    """Tokens that are kept are of another gateway, perhaps. They stay, also when the word is not taken."""
    talk, offered = door()
    kept = Kept(node="of-another-gateway")
    async with fake_gateway(talk) as gateway:
        with pytest.raises(ConnectRefused, match="unauthorized"):
            async with redeem(SetupCode(Address(gateway.url), WORD), identity=identity, tokens=kept):
                pass
    assert offered == [WORD.reveal()]
    assert kept.tokens == {"node": "of-another-gateway"}
