"""``clawdbot gateway call`` and ``health``: asking a gateway that runs."""

import asyncio

import click
import msgspec
from msgspec import Struct

from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.gateway_target import gateway
from clawdbot.cli.json_argument import JsonValue
from clawdbot.cli.output import as_json, say
from clawdbot.domain.texts import visible

final_option = click.option("--expect-final", "final", is_flag=True, help="Wait for the second answer of two.")


def _call(options: CallOptions, method: str, params: object, final: bool) -> object:
    async def run() -> object:
        async with gateway(options) as connection:
            return await connection.call(method, params, within=options.within, final=final)

    return asyncio.run(run())


@click.command("call")
@click.argument("method")
@click.option("--params", type=JsonValue(), default="{}", metavar="JSON", help="What the method is told.")
@final_option
@call_options()
def call_command(options: CallOptions, method: str, params: object, final: bool) -> None:
    """Call a method and print its answer.

    The answer is JSON, as the gateway gives it.
    """
    as_json(_call(options, method, params, final))


class _Health(Struct, rename="camel"):
    ok: bool = False
    duration_ms: float = 0
    channels: dict[str, object] = {}
    channel_order: list[str] = []


@click.command("health")
@final_option
@call_options()
def health_command(options: CallOptions, final: bool) -> None:
    """Ask the gateway how it is."""
    said = _call(options, "health", {}, final)
    if options.json:
        as_json(said)
        return
    try:
        health = msgspec.convert(said, _Health)
    except msgspec.ValidationError:
        health = _Health()
    say(f"{'OK' if health.ok else 'not OK'} ({round(health.duration_ms)} ms)")
    channels = health.channel_order or sorted(health.channels)
    if channels:
        say(f"Channels: {', '.join(map(visible, channels))}")
    from clawdbot.gateway.reports import accounts_of

    for account, report in sorted(accounts_of(said).items()):
        say(f"  {account}: {report.described}")
        if report.hint:
            say(f"    {visible(report.hint, 400)}")
