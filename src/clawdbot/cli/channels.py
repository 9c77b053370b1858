"""``clawdbot channels``: add a channel account, log in, see whether it works."""

import click

from clawdbot.cli.lazy_group import LazyGroup

COMMANDS = {
    "add": ("channel_add:add_command", "Add or update a channel account."),
    "login": ("channel_login:login_command", "Link a WhatsApp account by phone."),
    "status": ("channel_status:status_command", "Show the configured accounts."),
}


@click.group("channels", cls=LazyGroup, places=COMMANDS)
def command() -> None:
    """Add a chat channel, see whether it works."""
