"""Which of the owner's settings the gateway refuses to start with."""

from clawdbot.config.gateway_model import Bind, GatewaySettings
from clawdbot.domain.credentials import AuthMode
from clawdbot.domain.hosts import is_loopback
from clawdbot.domain.placeholders import complaint
from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError

__all__ = ["Bind", "GatewaySettings", "check"]


def check(settings: GatewaySettings) -> None:
    """Refuse settings under which the gateway would be open without anybody having meant it (threats.md G15).

    Raises:
        ConfigError: it must not start like this.
    """
    auth = settings.auth
    if auth.mode is not AuthMode.NONE:
        problem = complaint(auth.secret or Secret(""))
        if problem:
            raise ConfigError(f"gateway.auth.{auth.mode} {problem}", hint=f'set one of your own, as from "{_MAKE_ONE}"')
    for host in settings.hosts:
        if auth.mode is AuthMode.NONE and not is_loopback(host):
            raise ConfigError(
                f"the gateway would listen on {host} without a token or password",
                hint="set gateway.auth.token, or gateway.bind: loopback",
            )
    if not settings.hosts:
        raise ConfigError(f"gateway.bind is {settings.bind}, and there is no address", hint=_NO_ADDRESS[settings.bind])


_MAKE_ONE = "openssl rand -hex 24"
_NO_ADDRESS = {
    Bind.CUSTOM: "set gateway.customBindHost",
    Bind.TAILNET: 'this machine is in no tailnet now; run "tailscale up"',
}
