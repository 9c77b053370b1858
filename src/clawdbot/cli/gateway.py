"""``clawdbot gateway``: run the gateway in the foreground."""

import os

import click

from clawdbot.cli import context
from clawdbot.cli.output import say

verbose_option = click.option("--verbose", is_flag=True, help="Log more.")


@click.group("gateway", invoke_without_command=True)
@verbose_option
@click.pass_context
def command(ctx: click.Context, verbose: bool) -> None:
    """Run the configured channels and the assistant until stopped.

    Stops cleanly on Ctrl-C or SIGTERM: messages that are being answered are finished, the others are delivered again
    at the next start.
    """
    if ctx.invoked_subcommand is None:
        _run(verbose)


@command.command("run")
@verbose_option
@click.pass_context
def run_command(ctx: click.Context, verbose: bool) -> None:
    """The same as "clawdbot gateway"."""
    _run(verbose or bool(ctx.parent and ctx.parent.params["verbose"]))


def _run(verbose: bool) -> None:
    from clawdbot.gateway.app import run

    run(context.paths(), os.environ, say=say, verbose=verbose)
