"""Settings under which the gateway would be open without anybody having meant it are refused (threats.md G15)."""

import pytest

from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError
from clawdbot.gateway.settings import Bind, GatewaySettings, check

GOOD = GatewayAuth(AuthMode.TOKEN, Secret("0f3c9b1e5a7d"))
PLACEHOLDERS = [
    "",
    "  ",
    "undefined",
    "null",
    "None",
    "CHANGEME",
    "change-me",
    "your-token",
    "${TOKEN}",
    "<token>",
    "…",
]


@pytest.mark.parametrize("mode", [AuthMode.TOKEN, AuthMode.PASSWORD])
@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_G15_a_secret_that_is_none_refuses_to_start(mode: AuthMode, text: str) -> None:
    """Empty, a word of a programming language, an example: none of them guards anything; the message repeats none."""
    with pytest.raises(ConfigError, match=f"gateway.auth.{mode} is") as refused:
        check(GatewaySettings(auth=GatewayAuth(mode, Secret(text))))
    assert not text.strip() or text not in refused.value.message


def test_G15_a_mode_without_its_secret_refuses_to_start() -> None:
    with pytest.raises(ConfigError, match="empty"):
        check(GatewaySettings(auth=GatewayAuth(AuthMode.TOKEN)))


@pytest.mark.parametrize(
    "settings",
    [
        GatewaySettings(bind=Bind.LAN),
        GatewaySettings(bind=Bind.CUSTOM, host="192.0.2.1"),
        GatewaySettings(bind=Bind.CUSTOM, host="::"),
        GatewaySettings(bind=Bind.CUSTOM, host="gateway.example"),
    ],
    ids=lambda settings: f"{settings.bind} {settings.host}",
)
def test_G15_beyond_loopback_without_a_secret_refuses_to_start(settings: GatewaySettings) -> None:
    with pytest.raises(ConfigError, match="without a token or password"):
        check(settings)


@pytest.mark.parametrize(
    "settings",
    [
        GatewaySettings(),
        GatewaySettings(bind=Bind.CUSTOM, host="127.0.0.1"),
        GatewaySettings(bind=Bind.LAN, auth=GOOD),
        GatewaySettings(auth=GatewayAuth(AuthMode.PASSWORD, Secret("correct horse"))),
    ],
    ids=lambda settings: f"{settings.bind} {settings.auth.mode}",
)
def test_what_is_guarded_or_local_may_start(settings: GatewaySettings) -> None:
    check(settings)


def test_a_custom_bind_needs_an_address() -> None:
    with pytest.raises(ConfigError, match="no address"):
        check(GatewaySettings(bind=Bind.CUSTOM, auth=GOOD))


def test_loopback_is_both_families() -> None:
    assert GatewaySettings().hosts == ("127.0.0.1", "::1")
    assert GatewaySettings(bind=Bind.LAN).hosts == ("0.0.0.0",)


def test_secrets_do_not_show_in_settings() -> None:
    assert "0f3c9b1e5a7d" not in repr(GatewaySettings(auth=GOOD))
