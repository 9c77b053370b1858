"""``clawdbot gateway``: run the gateway, in the foreground or as a service, or ask one that runs."""

from typing import TYPE_CHECKING

import click

from clawdbot.cli.gateway_run import Log, run, run_options
from clawdbot.cli.lazy_group import LazyGroup
from clawdbot.errors import UsageError

if TYPE_CHECKING:
    from clawdbot.config import RunOptions

COMMANDS = {
    "call": ("gateway_calls:call_command", "Call a method and print its answer."),
    "discover": ("gateway_discover:discover_command", "Look around for gateways."),
    "health": ("gateway_calls:health_command", "Ask the gateway how it is."),
    "install": ("gateway_service:install_command", "Run the gateway as a service of yours."),
    "probe": ("gateway_probe:probe_command", "See which gateways can be reached and used."),
    "restart": ("gateway_service:restart_command", "Stop the service and start it again."),
    "run": ("gateway_run:run_command", 'The same as "clawdbot gateway".'),
    "start": ("gateway_service:start_command", "Start the service."),
    "status": ("gateway_status:status_command", "Show whether it runs, where, and answers."),
    "stop": ("gateway_service:stop_command", "Stop the service."),
    "uninstall": ("gateway_service:uninstall_command", "Stop the service and remove it."),
}


@click.group("gateway", cls=LazyGroup, places=COMMANDS, invoke_without_command=True)
@run_options
@click.pass_context
def command(ctx: click.Context, options: "RunOptions", log: Log) -> None:
    """Run the gateway: the configured channels and the assistant.

    Options count before the configuration. Stops cleanly on Ctrl-C or SIGTERM: messages that are being answered get
    10 seconds to be finished, the others are delivered again at the next start. A second Ctrl-C ends it at once.
    """
    from clawdbot.config import RunOptions

    if ctx.invoked_subcommand is None:
        run(options, log)
    elif log != Log() or options != RunOptions():
        raise UsageError(
            f"these options are not for {ctx.invoked_subcommand}",
            hint=f'write them after the word: "clawdbot gateway {ctx.invoked_subcommand} --help" shows which it takes',
        )
