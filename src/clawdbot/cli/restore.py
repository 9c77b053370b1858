"""``clawdbot restore``: see :mod:`clawdbot.cli.backup`."""

from clawdbot.cli.backup import restore_command as command

__all__ = ["command"]
