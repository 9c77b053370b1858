"""Groups that import a command when it is called or completed, and none of them to be listed."""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own.

    Args:
        places: by a command's name where it is, ``module:attribute`` within :mod:`clawdbot.cli`, and the first
            sentence of its help, for lists.
    """

    def __init__(self, name: str | None, *, places: Mapping[str, tuple[str, str]], **attributes: Any) -> None:
        listed = {word: click.Command(word, short_help=text) for word, (_, text) in places.items()}
        super().__init__(name, commands=listed, **attributes)
        self.places = places

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; what ``commands`` holds of it is its line in a list."""
        if cmd_name not in self.places:
            return None
        module, _, attribute = self.places[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"clawdbot.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(self.places.items())])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        options = click.Command.shell_complete(self, ctx, incomplete)
        fitting = sorted(name for name in self.places if name.startswith(incomplete))
        return [CompletionItem(name, help=self.places[name][1]) for name in fitting] + options
