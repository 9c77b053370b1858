"""The options by which commands are told which gateway to ask, and how."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

import click

from clawdbot.cli.asked import STDIN, asked_for
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT_MS = 10_000
LONGEST_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What was said on the command line; ``None`` is nothing.

    Attributes:
        within: seconds for connecting, and for each answer.
        json: print the gateway's answer as it is.
    """

    url: str | None = None
    token: Secret | None = None
    password: Secret | None = None
    tls_fingerprint: str | None = None
    within: float = TIMEOUT_MS / 1000
    json: bool = False


def call_options(
    timeout_ms: int = TIMEOUT_MS,
) -> Callable[[Callable[Concatenate[CallOptions, P], R]], Callable[P, R]]:
    """Give a command the options, and its function what was said with them as its first argument."""

    def decorate(function: Callable[Concatenate[CallOptions, P], R]) -> Callable[P, R]:
        @functools.wraps(function)
        def packed(*args: P.args, **said: P.kwargs) -> R:
            options = CallOptions(
                url=_text(said.pop("url")),
                token=secret("token", said.pop("token")),
                password=secret("password", said.pop("password")),
                tls_fingerprint=_text(said.pop("tls_fingerprint")),
                within=int(str(said.pop("timeout"))) / 1000,
                json=bool(said.pop("json_")),
            )
            return function(options, *args, **said)

        command: Callable[P, R] = packed
        for option in reversed(_options(timeout_ms)):
            command = option(command)
        return command

    return decorate


def _options(timeout_ms: int) -> list[Callable[[Callable[P, R]], Callable[P, R]]]:
    return [
        click.option(
            "--url", metavar="URL", help="The gateway's URL, if it is not the configured one: ws://host:port."
        ),
        click.option("--token", metavar="TOKEN", help="The gateway's token; -: asked for."),
        click.option("--password", metavar="PASSWORD", help="The gateway's password; -: asked for."),
        click.option("--tls-fingerprint", metavar="SHA256", help="The one certificate that a wss:// gateway may have."),
        click.option(
            "--timeout",
            metavar="MS",
            type=click.IntRange(1, LONGEST_MS),
            default=timeout_ms,
            show_default=True,
            help="How long to wait, in milliseconds.",
        ),
        click.option("--json", "json_", is_flag=True, help="Print JSON."),
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def secret(name: str, value: object) -> Secret | None:
    """A shared secret as it was given: on the line, where others see it, or by ``-``.

    Raises:
        UsageError: it was to come by standard input, and did not.
    """
    text = _text(value)
    if text != STDIN:
        return None if text is None else Secret(text)
    given = asked_for(f"Gateway {name}").strip()
    if not given:
        raise UsageError(f"no {name} came", hint=f"type it, or give the file that it is in: --{name} - < FILE")
    return Secret(given)
