"""JSON as files hold it: read without guessing, written as the reference writes it (threats.md S8).

What two readers could understand differently is refused: a key that appears twice, ``NaN``, a byte order mark. A lone
surrogate is none of this: JavaScript writes one as an escape, and it is written back as the same escape.
"""

import json
import math
import re
from json.encoder import encode_basestring
from typing import Final, NoReturn, TypeAlias

from clawdbot.domain.texts import visible

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

MAX_DEPTH = 64
MAX_DIGITS = 400

_SURROGATE = re.compile("[\ud800-\udfff]")


class NotJson(ValueError):
    """The bytes are no JSON, or JSON that must not be trusted; the message says why and repeats no value."""


def loads(data: bytes) -> Json:
    """Read a document. Raises NotJson."""
    try:
        document: Json = _DECODER.decode(data.decode("utf-8"))
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is no UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"no JSON at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("nested too deeply") from None
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(document) > MAX_DEPTH:
        raise NotJson("nested too deeply")
    return document


def dumps(document: Json) -> bytes:
    """Write a document as the reference does: two spaces, UTF-8, a newline at the end."""
    return (_spelled(document, "\n") + "\n").encode("utf-8", "backslashreplace")


def _spelled(value: Json, line: str) -> str:
    """What the library spells with ``indent=2``, in a third of the time; ``line`` is what a line begins with there."""
    if isinstance(value, str):
        return encode_basestring(value)
    inner = line + "  "
    if isinstance(value, dict) and value:
        members = [f"{encode_basestring(key)}: {_spelled(one, inner)}" for key, one in value.items()]
        return f"{{{inner}{f',{inner}'.join(members)}{line}}}"
    if isinstance(value, list) and value:
        return f"[{inner}{f',{inner}'.join([_spelled(one, inner) for one in value])}{line}]"
    return json.dumps(value, allow_nan=False)


def whole(text: str) -> str:
    """The text with every lone surrogate replaced, so that it can be encoded wherever it goes."""
    return _SURROGATE.sub("\ufffd", text)


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise NotJson(f'the key "{visible(twice)}" appears twice in one object')
    return found


def _constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson("a number is out of range")
    return number


def _int(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NotJson("a number is out of range")
    return int(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
)


def _depth(document: Json) -> int:
    deepest, level = 0, [document]
    while level := [item for value in level for item in _items(value)]:
        deepest += 1
    return deepest


def _items(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
