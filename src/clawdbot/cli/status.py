"""``clawdbot status``: what is on, who waits, what to do next."""

import asyncio

import click

from clawdbot.cli import context, live
from clawdbot.cli.output import as_json, say, spelled


@click.command("status")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def command(json_: bool) -> None:
    """Show what is on, who waits and what to do next.

    Beside a running gateway also how the channels do now.
    """
    asyncio.run(_status(json_=json_))


async def _status(*, json_: bool) -> None:
    from clawdbot.gateway.healthcheck import complaints
    from clawdbot.gateway.overview import lines, look

    config, paths = context.config(), context.paths()
    health = await live.health(config.gateway)
    not_ready = await asyncio.to_thread(complaints, paths.state_dir)
    service, is_silent = context.service(), live.is_silent(health)
    overview = await look(paths, config, service, health=health, is_silent=is_silent, not_ready=not_ready)
    if json_:
        as_json({**overview.as_json(), "next": [spelled(step) for step in overview.next_steps]})
    else:
        for line in lines(overview):
            say(line)
