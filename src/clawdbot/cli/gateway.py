"""``clawdbot gateway``: run the gateway in the foreground."""

import os

import click

from clawdbot.cli import context
from clawdbot.cli.output import say


@click.group("gateway", invoke_without_command=True)
@click.option("--verbose", is_flag=True, help="Log more.")
@click.pass_context
def command(ctx: click.Context, verbose: bool) -> None:
    """Run the gateway: the configured channels, the door, the assistant.

    Stops cleanly on Ctrl-C or SIGTERM: messages that are being answered are finished, the others are delivered again
    at the next start.
    """
    if ctx.invoked_subcommand is None:
        _run(verbose)


@command.command("run")
@click.option("--verbose", is_flag=True, help="Log more.")
def run_command(verbose: bool) -> None:
    """The same as "clawdbot gateway"."""
    _run(verbose)


def _run(verbose: bool) -> None:
    from clawdbot.gateway.app import run

    run(context.paths(), os.environ, say=say, verbose=verbose)
