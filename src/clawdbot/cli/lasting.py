"""Spans of time as the owner types them; ``--for 7d``: how long something lasts that he decides."""

import re
from collections.abc import Callable
from typing import Any, Final

import click

from clawdbot.domain.instants import LONGEST_MS
from clawdbot.domain.texts import visible
from clawdbot.errors import UsageError

_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_SPAN = re.compile(r"([1-9][0-9]{0,6})([smhdw])", re.A)


def span_ms(text: str) -> int | None:
    """The milliseconds of ``90s``, ``30m``, ``12h``, ``7d`` or ``2w``; ``None`` if it is no such text."""
    span = _SPAN.fullmatch(text.strip().lower())
    return int(span[1]) * _UNITS[span[2]] if span else None


class Lasting(click.ParamType[int]):
    """A span of time that begins now, in milliseconds; not of seconds, in which nobody could act on it."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        lasts = span_ms(str(value))
        if lasts is None or lasts > LONGEST_MS or str(value).strip().lower().endswith("s"):
            raise UsageError(f'"{visible(str(value))}" is no span of time', hint='say "30m", "12h", "7d" or "2w"')
        return lasts


def for_option(help_: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option ``--for``, handed over as ``lasts``."""
    return click.option("--for", "lasts", type=Lasting(), metavar="TIME", help=help_)
