"""What the command line says counts before the configuration."""

from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.config import Bind, GatewaySettings, RunOptions, TlsSettings, with_options
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError

TOKEN, PASSWORD = Secret("t0ken-1"), Secret("p4ssword-1")
OTHER = Secret("0ther")
CONFIGURED = GatewaySettings(
    port=1000,
    bind=Bind.LAN,
    auth=GatewayAuth(AuthMode.PASSWORD, PASSWORD),
    secrets={AuthMode.TOKEN: TOKEN, AuthMode.PASSWORD: PASSWORD},
    tls=TlsSettings(enabled=True, cert=Path("/a.pem"), key=Path("/a.key")),
    silent_local=False,
)


def test_without_options_nothing_changes() -> None:
    assert with_options(CONFIGURED, RunOptions()) == CONFIGURED


def test_port_and_bind() -> None:
    """Port 0 is said, too: the system chooses."""
    assert with_options(CONFIGURED, RunOptions(port=0, bind=Bind.LOOPBACK)) == replace(
        CONFIGURED, port=0, bind=Bind.LOOPBACK
    )


ASKED = [
    (RunOptions(token=OTHER), GatewayAuth(AuthMode.TOKEN, OTHER)),
    (RunOptions(password=OTHER), GatewayAuth(AuthMode.PASSWORD, OTHER)),
    (RunOptions(token=OTHER, password=PASSWORD), GatewayAuth(AuthMode.PASSWORD, PASSWORD)),
    (RunOptions(token=OTHER, auth=AuthMode.PASSWORD), GatewayAuth(AuthMode.PASSWORD, PASSWORD)),
    (RunOptions(auth=AuthMode.TOKEN), GatewayAuth(AuthMode.TOKEN, TOKEN)),
]


@pytest.mark.parametrize(("options", "auth"), ASKED)
def test_who_gives_a_secret_asks_for_it(options: RunOptions, auth: GatewayAuth) -> None:
    assert with_options(CONFIGURED, options).auth == auth


def test_a_mode_whose_secret_nobody_gave_has_none() -> None:
    """The gateway refuses to start with it (threats.md G15)."""
    assert with_options(GatewaySettings(), RunOptions(auth=AuthMode.TOKEN)).auth == GatewayAuth(AuthMode.TOKEN)


@pytest.mark.parametrize(("text", "problem"), [("", "is empty"), (" ", "is empty"), ("undefined", "is a placeholder")])
def test_G15_a_secret_that_is_none_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=f"--token {problem}"):
        with_options(CONFIGURED, RunOptions(token=Secret(text)))
    with pytest.raises(UsageError, match=f"--password {problem}"):
        with_options(CONFIGURED, RunOptions(token=TOKEN, password=Secret(text)))


def test_tls() -> None:
    cert, key = Path("/b.pem"), Path("/b.key")
    assert with_options(CONFIGURED, RunOptions(tls=False)).tls == replace(CONFIGURED.tls, enabled=False)
    assert with_options(GatewaySettings(), RunOptions(tls=True)).tls == TlsSettings(enabled=True)
    assert with_options(CONFIGURED, RunOptions(tls_cert=cert, tls_key=key)).tls == TlsSettings(True, cert, key)


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(tls_cert=Path("/b.pem")),
        RunOptions(tls_key=Path("/b.key")),
        RunOptions(tls=False, tls_cert=Path("/b.pem"), tls_key=Path("/b.key")),
    ],
)
def test_what_contradicts_itself_is_refused(options: RunOptions) -> None:
    with pytest.raises(UsageError, match="--tls-cert"):
        with_options(CONFIGURED, options)


def test_S7_options_show_no_secret() -> None:
    assert "0ther" not in repr(RunOptions(token=OTHER, password=OTHER))
