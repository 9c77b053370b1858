"""``--label``: what the owner calls somebody, as an option of the commands that let him in."""

from collections.abc import Callable
from typing import Any

import click

from clawdbot.domain.texts import read_label
from clawdbot.errors import UsageError


class Label(click.ParamType[str]):
    """A label as it is kept; an empty one is none."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return read_label(str(value))
        except ValueError as error:
            raise no_label(error) from None


def no_label(error: ValueError) -> UsageError:
    return UsageError(f"that is no label: {error}", hint="say a few words, such as a name")


def label_option(help_: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``--label``; without it an empty text."""
    return click.option("--label", type=Label(), default="", metavar="TEXT", help=help_)
