"""``clawdbot node``: make this machine a node of a gateway, and say what may be run on it."""

import click

from clawdbot.cli.lazy_group import LazyGroup

COMMANDS = {
    "allow": ("node_policy:allow_command", "List PROGRAM: a gateway may run it, with any arguments, or with ARGS."),
    "disallow": ("node_policy:disallow_command", "Take PROGRAM off the list, with whatever arguments it is there."),
    "policy": ("node_policy:policy_command", "Show what a gateway may run on this machine, or set the mode."),
    "run": ("node_run:run_command", "Run the node host in the foreground."),
}


@click.group("node", cls=LazyGroup, places=COMMANDS)
def command() -> None:
    """Make this machine a node, and say what may be run on it.

    The gateway runs programs here, as far as you allow it. Nothing is allowed by default. "clawdbot node allow PROGRAM"
    lists a program, "clawdbot node policy" shows the list.
    """
