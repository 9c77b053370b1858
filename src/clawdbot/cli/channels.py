"""``clawdbot channels``: add a channel account, log in, see whether it works."""

import click

from clawdbot.cli.channel_add import add
from clawdbot.cli.channel_login import login
from clawdbot.cli.channel_status import status


@click.group("channels")
def command() -> None:
    """Add a chat channel, see whether it works."""


command.add_command(add)
command.add_command(login)
command.add_command(status)
