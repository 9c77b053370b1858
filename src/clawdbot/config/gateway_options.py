"""What the command line says about the gateway counts before the configuration."""

from dataclasses import dataclass, replace
from pathlib import Path

from clawdbot.config.gateway_model import Bind, GatewaySettings, TlsSettings
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.placeholders import complaint
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of ``clawdbot gateway run``; ``None`` where nothing was said."""

    port: int | None = None
    bind: Bind | None = None
    auth: AuthMode | None = None
    token: Secret | None = None
    password: Secret | None = None
    tls: bool | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


def with_options(settings: GatewaySettings, options: RunOptions) -> GatewaySettings:
    """The settings as the command line has them.

    Who gives a token asks for a token, and who gives a password for a password, unless ``--auth`` says otherwise.

    Raises:
        UsageError: the options contradict each other, or give a secret that is none (threats.md G15).
    """
    said = {
        mode: secret
        for mode, secret in ((AuthMode.PASSWORD, options.password), (AuthMode.TOKEN, options.token))
        if secret is not None
    }
    for mode, secret in said.items():
        problem = complaint(secret)
        if problem:
            raise UsageError(f"--{mode} {problem}", hint='give one of your own, as from "openssl rand -hex 24"')
    secrets = {**settings.secrets, **said}
    asked_for = options.auth or next(iter(said), None)
    return replace(
        settings,
        port=settings.port if options.port is None else options.port,
        bind=options.bind or settings.bind,
        auth=settings.auth if asked_for is None else GatewayAuth(asked_for, secrets.get(asked_for)),
        secrets=secrets,
        tls=_tls(settings.tls, options),
    )


def _tls(settings: TlsSettings, options: RunOptions) -> TlsSettings:
    named = (options.tls_cert, options.tls_key)
    if named == (None, None):
        return settings if options.tls is None else replace(settings, enabled=options.tls)
    if None in named:
        raise UsageError("--tls-cert and --tls-key go together", hint="name both files, or neither")
    if options.tls is False:
        raise UsageError("--no-tls goes with neither --tls-cert nor --tls-key")
    return replace(settings, enabled=True, cert=options.tls_cert, key=options.tls_key)
