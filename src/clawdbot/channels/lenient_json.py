"""JSON of platforms, where one odd part must not make the rest unreadable (threats.md S8)."""

import json
from typing import Any, Final

MOST_DIGITS: Final = 20
"""No id and no time that is looked at is longer."""


def read(data: str | bytes) -> Any:
    """Read a value. What is no JSON number, an integer that is too long, and an object that says one thing twice are
    ``None`` in it.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(data, object_pairs_hook=_object, parse_int=_integer, parse_constant=lambda _: None)


def _object(pairs: list[tuple[str, object]]) -> object:
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None
