"""``--for 7d``: how long something lasts that the owner decides."""

import re
from collections.abc import Callable
from typing import Any, Final

import click

from clawdbot.domain.texts import visible
from clawdbot.errors import UsageError

_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_SPAN = re.compile(r"([1-9][0-9]{0,6})([mhdw])", re.A)

LONGEST_MS: Final = 10 * 366 * _UNITS["d"]
"""Whoever means longer means for good; and it stays a time that files can hold."""


class Lasting(click.ParamType[int]):
    """A span of time that begins now, in milliseconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        span = _SPAN.fullmatch(str(value).strip().lower())
        lasts = int(span[1]) * _UNITS[span[2]] if span else 0
        if not 0 < lasts <= LONGEST_MS:
            raise UsageError(f'"{visible(str(value))}" is no span of time', hint='say "30m", "12h", "7d" or "2w"')
        return lasts


def for_option(help_: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``--for``, handed over as ``lasts``."""
    return click.option("--for", "lasts", type=Lasting(), metavar="TIME", help=help_)
