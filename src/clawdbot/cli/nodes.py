"""``clawdbot nodes``: which nodes wait, are on record and can be used.

Nodes come in two ways. A node host connects as a device in the role of a node and waits among the devices; older apps
ask with ``node.pair.request`` and wait in a store of their own. Here both are shown and decided.
"""

import click

from clawdbot.cli.lazy_group import LazyGroup

COMMANDS = {
    "approve": ("nodes_on_record:approve_command", "Approve the node whose request this is."),
    "describe": ("nodes_connected:describe_command", "Show one node, and what it lets itself be asked for."),
    "invoke": ("nodes_connected:invoke_command", "Have a node do something, and print what comes of it."),
    "list": ("nodes_on_record:list_command", "Show the nodes that asked with node.pair.request."),
    "pending": ("nodes_on_record:pending_command", "Show which nodes wait for approval."),
    "reject": ("nodes_on_record:reject_command", "Dismiss a node's request."),
    "remove": ("nodes_connected:remove_command", "Forget a node: its approval, its tokens, its connections."),
    "rename": ("nodes_connected:rename_command", "Give a node a name of your own."),
    "status": ("nodes_connected:status_command", "Show every node that is paired or connected, and what it can do."),
}


@click.group("nodes", cls=LazyGroup, places=COMMANDS)
def command() -> None:
    """See and use the nodes: machines and phones that do things for you.

    A node can do nothing before you approved it. Where no gateway runs on this machine, or the one that runs does not
    let its commands in, pending, approve and reject work on its state.
    """
