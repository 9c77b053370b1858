"""Running the gateway in the foreground: the options, which count before the configuration, and the run itself."""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from clawdbot.cli import context
from clawdbot.cli.output import say
from clawdbot.domain.credentials import AuthMode
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.config import GatewaySettings, RunOptions

LOG_FORMAT = "CLAWDBOT_LOG_FORMAT"
LOG_FORMATS = ("human", "json")

BINDS = ("loopback", "auto", "lan", "tailnet", "custom")
"""The values of :class:`clawdbot.config.Bind`. Who only asks for help does not load the configuration."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Log:
    """What the log is to be like, as far as the command line says; ``style`` is one of :data:`LOG_FORMATS`."""

    verbose: bool = False
    style: str | None = None


def run_options(function: "Callable[Concatenate[RunOptions, Log, P], R]") -> Callable[P, R]:
    """Give a command the options of a run; its function gets them, and those of the log, as its first arguments."""

    @functools.wraps(function)
    def packed(*args: P.args, **said: P.kwargs) -> R:
        style = said.pop("log_format")
        log = Log(bool(said.pop("verbose")), style if isinstance(style, str) else None)
        return function(_packed(said), log, *args, **said)

    command: Callable[P, R] = packed
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def run(options: "RunOptions", log: Log) -> None:
    """Run the gateway until it is told to stop."""
    from clawdbot.config import with_options
    from clawdbot.gateway.app import run as run_gateway
    from clawdbot.gateway.logs import LogFormat

    def adjusted(settings: "GatewaySettings") -> "GatewaySettings":
        return with_options(settings, options)

    style = log.style or os.environ.get(LOG_FORMAT, "").strip() or LOG_FORMATS[0]
    if style not in LOG_FORMATS:
        raise UsageError(f"{LOG_FORMAT} is none of {', '.join(LOG_FORMATS)}", hint=f"unset {LOG_FORMAT}")
    run_gateway(
        context.paths(),
        os.environ,
        say=say,
        settings=adjusted,
        verbose=log.verbose,
        log_format=LogFormat(style),
    )


def _packed(said: dict[str, object]) -> "RunOptions":
    """Take the options out of what click understood."""
    from clawdbot.config import Bind, RunOptions

    port, tls = said.pop("port"), said.pop("tls")
    bind, auth = said.pop("bind"), said.pop("auth")
    return RunOptions(
        port=port if isinstance(port, int) else None,
        bind=Bind(str(bind)) if bind else None,
        auth=AuthMode(str(auth)) if auth else None,
        token=_secret(said.pop("token")),
        password=_secret(said.pop("password")),
        tls=tls if isinstance(tls, bool) else None,
        tls_cert=_path(said.pop("tls_cert")),
        tls_key=_path(said.pop("tls_key")),
    )


def _secret(value: object) -> Secret | None:
    return Secret(value) if isinstance(value, str) else None


def _path(value: object) -> Path | None:
    return Path(value).absolute() if isinstance(value, str) else None


_ACCEPTED: Mapping[str, Any] = {
    "--allow-unconfigured": {"is_flag": True},
    "--claude-cli-logs": {"is_flag": True},
    "--compact": {"is_flag": True},
    "--ws-log": {"type": click.Choice(["auto", "full", "compact"])},
    "--tailscale": {"type": click.Choice(["off"])},
}
"""What the reference's scripts may say and loses nothing by having no effect here."""

_ASKED_FOR = (AuthMode.TOKEN.value, AuthMode.PASSWORD.value)
_OPTIONS = (
    click.option("--port", type=click.IntRange(0, 65535), help="Where to listen; 0 lets the system choose."),
    click.option("--bind", type=click.Choice(BINDS), help="On which addresses."),
    click.option("--auth", type=click.Choice(_ASKED_FOR), help="What clients must know."),
    click.option("--token", metavar="TOKEN", help="The shared token; better in CLAWDBOT_GATEWAY_TOKEN."),
    click.option("--password", metavar="PASSWORD", help="The shared password; better in CLAWDBOT_GATEWAY_PASSWORD."),
    click.option("--tls/--no-tls", default=None, help="Serve TLS, with a certificate of the gateway's own making."),
    click.option("--tls-cert", metavar="FILE", help="Serve TLS with this certificate (PEM) …"),
    click.option("--tls-key", metavar="FILE", help="… and this key."),
    click.option("--verbose", is_flag=True, help="Log more."),
    click.option("--log-format", type=click.Choice(LOG_FORMATS), help="Log lines for people, or JSON for programs."),
    *(click.option(name, hidden=True, expose_value=False, **how) for name, how in _ACCEPTED.items()),
)


@click.command("run")
@run_options
def run_command(options: "RunOptions", log: Log) -> None:
    """The same as "clawdbot gateway"."""
    run(options, log)
