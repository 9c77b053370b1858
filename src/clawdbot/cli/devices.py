"""``clawdbot devices``: which devices may join the gateway."""

import click

from clawdbot.cli.lazy_group import LazyGroup

COMMANDS = {
    "approve": ("device_decisions:approve_command", "Let in the device whose request this is."),
    "list": ("device_list:list_command", "Show which devices wait, and which are paired."),
    "pair": ("device_pair:pair_command", "Make this machine an operator of a gateway, by a setup code."),
    "reject": ("device_decisions:reject_command", "Dismiss a request."),
    "remove": ("device_decisions:remove_command", "Forget a device: its approval, its tokens, its connections."),
    "rename": ("device_decisions:rename_command", "Give a device a name of your own."),
    "revoke": ("device_decisions:revoke_command", "Take a role from a device."),
    "rotate": (
        "device_decisions:rotate_command",
        "Give a role of a device a new token; connections with the old one end.",
    ),
}


@click.group("devices", cls=LazyGroup, places=COMMANDS)
def command() -> None:
    """Decide which devices may join the gateway.

    A device that connects for the first time waits until you approve it. Where no gateway runs on this machine, or the
    one that runs does not let its commands in, list, approve, reject and remove work on its state.
    """
