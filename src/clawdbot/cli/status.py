"""``clawdbot status``: what is on, who waits, what to do next."""

import asyncio

import click

from clawdbot.cli import context
from clawdbot.cli.output import as_json, say


@click.command("status")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def command(json_: bool) -> None:
    """Show what is on, who waits and what to do next."""
    from clawdbot.gateway.overview import lines, look

    overview = asyncio.run(look(context.paths(), context.config(), context.service()))
    if json_:
        as_json(overview.as_json())
    else:
        for line in lines(overview):
            say(line)
