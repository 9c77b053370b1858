"""From text to plain JSON, strictly and within bounds (threats.md S8, G12)."""

import re
from dataclasses import dataclass

import msgspec

MAX_FRAME = 512 * 1024
"""Bytes of a frame from a client that has connected; hello-ok says so (``docs/protocol.md#transport``)."""

MAX_FIRST_FRAME = 64 * 1024
"""Bytes of a frame from somebody who has not connected yet (threats.md G12)."""

MAX_DEPTH = 64
"""Lists and objects inside one another, the frame itself included."""

TOO_DEEP = f"must NOT be nested deeper than {MAX_DEPTH} levels"
REPEATED = "must NOT have a property twice"

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Plain:
    """A JSON value: ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` or ``None``."""

    value: object


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """JSON that others may read differently, or not at all: too deep, or an object with a property twice.

    Attributes:
        value: what can be known of it, to find out whom to answer.
        problem: what is wrong with it.
    """

    value: object
    problem: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """More bytes than are taken from this peer now."""


@dataclass(frozen=True, slots=True)
class NotJson:
    """No JSON text: syntax, encoding, a lone surrogate, NaN, or a number beyond every bound."""


def decode(data: bytes | str, limit: int) -> Plain | Ambiguous | TooLarge | NotJson:
    """Decode JSON of at most ``limit`` bytes. Never raises, whatever comes."""
    if len(data) > limit:
        return TooLarge()
    try:
        text = data.encode() if isinstance(data, str) else data
        if len(text) > limit:
            return TooLarge()
        value: object = msgspec.json.decode(text)
    except RecursionError:
        return Ambiguous(None, TOO_DEEP)
    except ValueError:  # also what msgspec raises, and what it lets through from the UTF-8 decoder
        return NotJson()
    properties = _count_properties(value)
    if properties is None:
        return Ambiguous(value, TOO_DEEP)
    return Plain(value) if _has_properties(text, properties) else Ambiguous(value, REPEATED)


def _count_properties(value: object) -> int | None:
    """All properties of all objects in a value; ``None`` if it is too deep."""
    count = 0
    level = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[object] = []
        for node in level:
            if type(node) is dict:
                count += len(node)
                deeper.extend(node.values())
            elif type(node) is list:
                deeper.extend(node)
        if not deeper:
            return count
        level = deeper
    return None if any(type(node) in (dict, list) for node in level) else count


def _has_properties(text: bytes, count: int) -> bool:
    """Does valid JSON give as many properties as are left of them? A decoder keeps one of those given twice.

    Each property has a colon; all other colons are in strings.
    """
    return text.count(b":") == count or _STRING.sub(b"", text).count(b":") == count
