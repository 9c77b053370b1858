"""The gateway's shared secret: does a client know it, or does it bring a device token instead?

Texts and hints are those that clients of the protocol show to their users (``docs/protocol.md#gateway-auth``).
"""

from dataclasses import dataclass
from enum import StrEnum

from clawdbot.domain import word_form
from clawdbot.domain.connect import ClientInfo, Credentials
from clawdbot.domain.secret import Secret
from clawdbot.errors import CredentialsMissing, CredentialsWrong


class AuthMode(StrEnum):
    """What the gateway asks everybody for. ``none`` is for a gateway on loopback alone (threats.md G15)."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - the mode's name
    PASSWORD = "password"  # noqa: S105 - the mode's name


@dataclass(frozen=True, slots=True)
class GatewayAuth:
    """The configured way in."""

    mode: AuthMode
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class KnowsSecret:
    """The client knows the shared secret, or none is asked for. It is still unpaired until it is (threats.md G4)."""


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """The client brings what may be its device's token, or a word of the owner's; only what is on record can tell."""

    token: Secret
    refusal: str
    """What the client is told if it is not."""


@dataclass(frozen=True, slots=True)
class Invited:
    """The client brings a word that the owner made out for one device, for what this one asks, and that is used up now.

    It stands for the owner's approval (:func:`clawdbot.domain.admission.connect`); ``by`` says whose it was, and
    whether it came in a link or in a setup code.
    """

    by: str


Proof = KnowsSecret | PresentedToken | Invited


class _Kind(StrEnum):
    CLI = "cli"
    PAGE = "page"
    OTHER = "other"


_TOKEN_HINTS = {
    _Kind.CLI: "set gateway.remote.token to match gateway.auth.token",
    _Kind.PAGE: "open a tokenized dashboard URL or paste token in Control UI settings",
    _Kind.OTHER: "provide gateway auth token",
}
_PASSWORD_HINTS = {
    _Kind.CLI: "set gateway.remote.password to match gateway.auth.password",
    _Kind.PAGE: "enter the password in Control UI settings",
    _Kind.OTHER: "provide gateway auth password",
}
_WORD_REFUSED = "unauthorized: gateway token mismatch (that pairing word is used up, too old or for something else)"


def prove(auth: GatewayAuth, offered: Credentials, client: ClientInfo) -> Proof:
    """Decide how a client with a device identity shows that it may knock at all.

    A pairing word has to be good, also where nothing is asked for (threats.md G18): what has the form of one is held
    against the words on record and the device's token, unless it is the shared secret itself.

    Raises:
        CredentialsMissing: nothing was offered that could open, or nothing is configured that could be matched.
        CredentialsWrong: a password was offered and is wrong. (A wrong token may still be a device token.)
    """
    given = offered.password if auth.mode is AuthMode.PASSWORD else offered.token
    knows = auth.mode is AuthMode.NONE or bool(auth.secret and given and given == auth.secret)
    by_token = knows and auth.mode is AuthMode.TOKEN
    if offered.token and not by_token and word_form.has_it(offered.token):
        return PresentedToken(offered.token, _WORD_REFUSED)
    if knows:
        return KnowsSecret()
    refusal = _refusal(auth, given, client)
    if offered.token:
        return PresentedToken(offered.token, refusal)
    raise CredentialsWrong(refusal) if given and auth.secret else CredentialsMissing(refusal)


def _refusal(auth: GatewayAuth, given: Secret | None, client: ClientInfo) -> str:
    if not auth.secret:
        return f"unauthorized: gateway {auth.mode} not configured on gateway (set gateway.auth.{auth.mode})"
    hints = _TOKEN_HINTS if auth.mode is AuthMode.TOKEN else _PASSWORD_HINTS
    problem = "mismatch" if given else "missing"
    return f"unauthorized: gateway {auth.mode} {problem} ({hints[_kind(client)]})"


def _kind(client: ClientInfo) -> _Kind:
    if client.mode == "cli":
        return _Kind.CLI
    if client.is_control_ui or client.mode == "webchat" or client.id == "webchat-ui":
        return _Kind.PAGE
    return _Kind.OTHER
