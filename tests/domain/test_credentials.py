"""The shared secret: who knows it, who brings a token instead, and what everybody else is told."""

import pytest

from clawdbot.domain.connect import ClientInfo, Credentials
from clawdbot.domain.credentials import AuthMode, GatewayAuth, KnowsSecret, PresentedToken, prove
from clawdbot.domain.secret import Secret
from clawdbot.domain.word_form import SEED, spell
from clawdbot.errors import CredentialsMissing, CredentialsWrong
from tests.support.devices import CLI, NODE_HOST

TOKEN = GatewayAuth(AuthMode.TOKEN, Secret("sekrit"))
PASSWORD = GatewayAuth(AuthMode.PASSWORD, Secret("hunter2"))


def offer(token: str | None = None, password: str | None = None) -> Credentials:
    return Credentials(
        token=None if token is None else Secret(token), password=None if password is None else Secret(password)
    )


def client(id: str, mode: str) -> ClientInfo:
    return ClientInfo(id=id, version="1", platform="linux", mode=mode)


@pytest.mark.parametrize(
    ("auth", "offered"),
    [
        (TOKEN, offer(token="sekrit")),
        (TOKEN, offer(token="sekrit", password="wrong")),
        (PASSWORD, offer(password="hunter2")),
        (PASSWORD, offer(password="hunter2", token="anything")),
        (GatewayAuth(AuthMode.NONE), offer()),
        (GatewayAuth(AuthMode.NONE), offer(token="anything")),
    ],
)
def test_the_right_secret_opens(auth: GatewayAuth, offered: Credentials) -> None:
    assert prove(auth, offered, CLI) == KnowsSecret()


@pytest.mark.parametrize(
    ("auth", "offered", "error", "message"),
    [
        (TOKEN, offer(), CredentialsMissing, "unauthorized: gateway token missing (provide gateway auth token)"),
        (
            TOKEN,
            offer(token=""),
            CredentialsMissing,
            "unauthorized: gateway token missing (provide gateway auth token)",
        ),
        (
            TOKEN,
            offer(password="sekrit"),
            CredentialsMissing,
            "unauthorized: gateway token missing (provide gateway auth token)",
        ),
        (
            PASSWORD,
            offer(),
            CredentialsMissing,
            "unauthorized: gateway password missing (provide gateway auth password)",
        ),
        (
            PASSWORD,
            offer(password="bad"),
            CredentialsWrong,
            "unauthorized: gateway password mismatch (provide gateway auth password)",
        ),
        (
            GatewayAuth(AuthMode.TOKEN),
            offer(),
            CredentialsMissing,
            "unauthorized: gateway token not configured on gateway (set gateway.auth.token)",
        ),
        (
            GatewayAuth(AuthMode.PASSWORD, Secret("")),
            offer(password=""),
            CredentialsMissing,
            "unauthorized: gateway password not configured on gateway (set gateway.auth.password)",
        ),
    ],
)
def test_G11_who_offers_nothing_and_who_guesses_are_told_apart(
    auth: GatewayAuth, offered: Credentials, error: type[Exception], message: str
) -> None:
    """Missing credentials are no failed try; wrong ones are."""
    with pytest.raises(error) as refused:
        prove(auth, offered, NODE_HOST)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("auth", "offered", "refusal"),
    [
        (TOKEN, offer(token="x"), "unauthorized: gateway token mismatch (provide gateway auth token)"),
        (PASSWORD, offer(token="x"), "unauthorized: gateway password missing (provide gateway auth password)"),
        (
            PASSWORD,
            offer(token="x", password="bad"),
            "unauthorized: gateway password mismatch (provide gateway auth password)",
        ),
    ],
)
def test_any_other_token_may_be_the_devices_own(auth: GatewayAuth, offered: Credentials, refusal: str) -> None:
    """The record decides; the words for a refusal are the gateway's, which do not tell which token was meant."""
    assert prove(auth, offered, NODE_HOST) == PresentedToken(Secret("x"), refusal)


WORD = spell(bytes(SEED)).reveal()


@pytest.mark.parametrize(
    ("auth", "offered"),
    [
        (GatewayAuth(AuthMode.NONE), offer(token=WORD)),
        (TOKEN, offer(token=WORD)),
        (TOKEN, offer(token=WORD, password="sekrit")),
        (PASSWORD, offer(token=WORD)),
        (PASSWORD, offer(token=WORD, password="hunter2")),
    ],
)
def test_G18_a_pairing_word_has_to_be_good_in_every_mode(auth: GatewayAuth, offered: Credentials) -> None:
    """Whatever else is offered with it."""
    proof = prove(auth, offered, NODE_HOST)
    assert isinstance(proof, PresentedToken)
    assert proof.token == Secret(WORD)
    assert proof.refusal.startswith("unauthorized: gateway token mismatch (that pairing word is used up")


def test_an_owner_may_choose_a_secret_with_the_form_of_a_word() -> None:
    """It is his secret all the same."""
    assert prove(GatewayAuth(AuthMode.TOKEN, Secret(WORD)), offer(token=WORD), NODE_HOST) == KnowsSecret()
    assert prove(GatewayAuth(AuthMode.PASSWORD, Secret(WORD)), offer(password=WORD), NODE_HOST) == KnowsSecret()


HINTS = [
    (client("cli", "cli"), "set gateway.remote.token to match gateway.auth.token"),
    (client("cli", "probe"), "provide gateway auth token"),
    (
        client("clawdbot-control-ui", "ui"),
        "open a tokenized dashboard URL or paste token in Control UI settings",
    ),
    (
        client("moltbot-control-ui", "webchat"),
        "open a tokenized dashboard URL or paste token in Control UI settings",
    ),
    (client("webchat-ui", "ui"), "open a tokenized dashboard URL or paste token in Control UI settings"),
    (client("test", "webchat"), "open a tokenized dashboard URL or paste token in Control UI settings"),
    (client("node-host", "node"), "provide gateway auth token"),
]


@pytest.mark.parametrize(("who", "hint"), HINTS, ids=lambda value: getattr(value, "id", ""))
def test_the_hint_depends_on_the_kind_of_client(who: ClientInfo, hint: str) -> None:
    with pytest.raises(CredentialsMissing) as refused:
        prove(TOKEN, offer(), who)
    assert str(refused.value) == f"unauthorized: gateway token missing ({hint})"


def test_S7_a_presented_token_does_not_print() -> None:
    assert "s3cret" not in repr(prove(TOKEN, offer(token="s3cret"), CLI))
