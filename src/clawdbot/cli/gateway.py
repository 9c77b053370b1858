"""``clawdbot gateway``: run the gateway, in the foreground or as a service, or ask one that runs."""

import click

from clawdbot.cli.gateway_calls import call_command, health_command, probe_command, status_command
from clawdbot.cli.gateway_run import Log, run, run_options
from clawdbot.cli.gateway_service import (
    install_command,
    restart_command,
    start_command,
    stop_command,
    uninstall_command,
)
from clawdbot.config import RunOptions
from clawdbot.errors import UsageError


@click.group("gateway", invoke_without_command=True)
@run_options
@click.pass_context
def command(ctx: click.Context, options: RunOptions, log: Log) -> None:
    """Run the gateway: the configured channels, the door, the assistant.

    Options count before the configuration. Stops cleanly on Ctrl-C or SIGTERM: messages that are being answered are
    finished, the others are delivered again at the next start.
    """
    if ctx.invoked_subcommand is None:
        run(options, log)
    elif log != Log() or options != RunOptions():
        raise UsageError(
            f"these options are not for {ctx.invoked_subcommand}",
            hint=f'write them after the word: "clawdbot gateway {ctx.invoked_subcommand} --help" shows which it takes',
        )


@command.command("run")
@run_options
def run_command(options: RunOptions, log: Log) -> None:
    """The same as "clawdbot gateway"."""
    run(options, log)


command.add_command(status_command)
command.add_command(health_command)
command.add_command(probe_command)
command.add_command(call_command)
for service_command in (install_command, uninstall_command, start_command, stop_command, restart_command):
    command.add_command(service_command)
