"""``clawdbot status``: what is on, who waits, what to do next."""

import asyncio

import click

from clawdbot.cli import context, live
from clawdbot.cli.output import as_json, say


@click.command("status")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def command(json_: bool) -> None:
    """Show what is on, who waits and what to do next.

    Beside a running gateway also how the channels do now.
    """
    asyncio.run(_status(json_=json_))


async def _status(*, json_: bool) -> None:
    from clawdbot.gateway.overview import lines, look

    config = context.config()
    health = await live.health(config.gateway)
    overview = await look(context.paths(), config, context.service(), health=health)
    if json_:
        as_json(overview.as_json())
    else:
        for line in lines(overview):
            say(line)
