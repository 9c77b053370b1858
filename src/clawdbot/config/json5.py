r"""Reads JSON5 (https://spec.json5.org) and knows where in the text everything stands.

Places are what exact errors and edits that keep comments are made of. The one library that has them, json-five 1.1,
reads ``"\\u0041"`` as ``A``, refuses ``"C:\\xampp"`` and takes ``١`` for a number; so this is ours. It is stricter than
the standard where two readings are possible (threats.md S8): a key may not come twice in one object, half a surrogate
pair is no text, and depth and the length of numbers are bounded.
"""

import re
from dataclasses import dataclass

MAX_DEPTH = 64
MAX_NUMBER = 64
"""Characters of a number; more would be a way to make us slow."""

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a place."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null. Whole numbers are ``int``, all others ``float``, ``nan`` and ``inf`` too."""

    value: str | int | float | bool | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Array:
    items: "tuple[Node, ...]"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Member:
    """One ``key: value`` of an object; ``start`` and ``end`` are those of the key."""

    key: str
    value: "Node"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Object:
    members: tuple[Member, ...]
    start: int
    end: int

    def get(self, key: str) -> Member | None:
        return next((member for member in self.members if member.key == key), None)


Node = Scalar | Array | Object


class Json5Error(ValueError):
    """The text is not JSON5, or not of the kind that is read here. The message holds nothing of the text but keys.

    Attributes:
        at: where in the text.
        path: the key or element that is being read there.
    """

    def __init__(self, message: str, at: int, path: Path = (), *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.path = path
        self.hint = hint


def parse(text: str) -> Node:
    """Read a whole text. Raises Json5Error at the first thing that is wrong."""
    return _Parser(text).document()


def line(text: str, at: int) -> int:
    """The number of the line, from 1, of a place in a text."""
    return text.count("\n", 0, at) + 1


def plain(node: Node) -> object:
    """The value alone, as :func:`json.loads` would give it."""
    match node:
        case Scalar():
            return node.value
        case Array():
            return [plain(item) for item in node.items]
        case Object():
            return {member.key: plain(member.value) for member in node.members}


_BREAKS = "\n\r\u2028\u2029"
_BLANK = re.compile(
    rf"(?:[\t\v\f \xa0\ufeff\u1680\u2000-\u200a\u202f\u205f\u3000{_BREAKS}]++|//[^{_BREAKS}]*+|/\*(?s:.*?)\*/)*+"
)
_NUMBER = re.compile(
    r"([+-]?)(?:(0[xX][0-9a-fA-F]+)|(Infinity|NaN)"
    r"|((?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))(?![\w$.\\])"
)
_NAME = re.compile(r"(?:[\w$\u200c\u200d]|\\u[0-9a-fA-F]{4})+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_PLAIN_TEXT = {'"': re.compile(r'[^"\\\n\r]*+'), "'": re.compile(r"[^'\\\n\r]*+")}
_HEX = {"x": re.compile(r"[0-9a-fA-F]{2}"), "u": re.compile(r"[0-9a-fA-F]{4}")}
_LITERALS = {"true": True, "false": False, "null": None}
_DIGITS = frozenset("0123456789")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}


class _Parser:
    """Recursive descent; ``at`` is the next character to be read, ``path`` leads to the value being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.path: list[str | int] = []

    def document(self) -> Node:
        self._blank()
        value = self._value()
        self._blank()
        if self.at < len(self.text):
            raise self._error("there is more after the end of the value")
        return value

    def _value(self) -> Node:
        start = self.at
        match self._here():
            case "{":
                return self._object()
            case "[":
                return self._array()
            case '"' | "'":
                return Scalar(self._string(), start, self.at)
            case _:
                return Scalar(self._word_or_number(), start, self.at)

    def _object(self) -> Object:
        start = self._open()
        members: dict[str, Member] = {}
        while self._more("}", bool(members)):
            key_start = self.at
            key = self._key()
            key_end = self.at
            self.path.append(key)
            if key in members:
                first = line(self.text, members[key].start)
                raise self._error(f"is there twice, first on line {first}", key_start, hint="remove one of the two")
            self._blank()
            if self._here() != ":":
                raise self._error('expected ":" after the key')
            self.at += 1
            self._blank()
            members[key] = Member(key, self._value(), key_start, key_end)
            self.path.pop()
        return Object(tuple(members.values()), start, self.at)

    def _array(self) -> Array:
        start = self._open()
        items: list[Node] = []
        while self._more("]", bool(items)):
            self.path.append(len(items))
            items.append(self._value())
            self.path.pop()
        return Array(tuple(items), start, self.at)

    def _open(self) -> int:
        if len(self.path) >= MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels")
        self.at += 1
        return self.at - 1

    def _more(self, closing: str, after_one: bool) -> bool:
        """Whether another member or element follows; reads the comma before it, or the closing bracket."""
        self._blank()
        if after_one and self._here() == ",":
            self.at += 1
            self._blank()
        elif after_one and self._here() != closing:
            raise self._error(f'expected "," or "{closing}"')
        if self._here() != closing:
            return True
        self.at += 1
        return False

    def _key(self) -> str:
        if self._here() in ('"', "'"):
            return self._string()
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self._error("expected a key")
        key = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), name[0])
        if key[0] in "\u200c\u200d" or not re.sub("[$\u200c\u200d]", "_", key).isidentifier():
            raise self._error("expected a key", hint="a key that is no plain word needs quotes")
        self.at = name.end()
        return key

    def _word_or_number(self) -> int | float | bool | None:
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            if len(number[0]) > MAX_NUMBER:
                raise self._error(f"a number of more than {MAX_NUMBER} characters")
            self.at = number.end()
            return _number(number)
        name = _NAME.match(self.text, self.at)
        if name is None or name[0] not in _LITERALS:
            raise self._error("expected a value", hint="text needs quotes" if name and name[0].isidentifier() else "")
        self.at = name.end()
        return _LITERALS[name[0]]

    def _string(self) -> str:
        start = self.at
        quote = self.text[start]
        self.at += 1
        parts = []
        while True:
            parts.append(self._take(_PLAIN_TEXT[quote]))
            match self._here():
                case "\\":
                    parts.append(self._escape())
                case character if character == quote:
                    self.at += 1
                    return self._paired("".join(parts), start)
                case _:
                    raise self._error("a text is not closed on its line", start)

    def _escape(self) -> str:
        """What a backslash and the characters after it stand for."""
        start = self.at
        character = self.text[start + 1 : start + 2]
        self.at += 2
        if not character:
            raise self._error("a text is not closed", start)
        if character in _HEX:
            digits = _HEX[character].match(self.text, self.at)
            if digits is None:
                raise self._error(rf"\{character} without its hexadecimal digits", start)
            self.at = digits.end()
            return chr(int(digits[0], 16))
        if character in _BREAKS:
            self.at += character == "\r" and self._here() == "\n"
            return ""
        if character in _DIGITS and (character != "0" or self._here() in _DIGITS):
            raise self._error("a backslash before a digit", start)
        return _ESCAPES.get(character, character)

    def _paired(self, text: str, start: int) -> str:
        if any("\ud800" <= character <= "\udfff" for character in text):
            try:
                return text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                raise self._error("half a surrogate pair is no text", start) from None
        return text

    def _blank(self) -> None:
        self._take(_BLANK)
        if self.text.startswith("/*", self.at):
            raise self._error("a comment is not closed")

    def _take(self, pattern: re.Pattern[str]) -> str:
        """Read on over what a pattern matches, which may be nothing."""
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def _here(self) -> str:
        return self.text[self.at : self.at + 1]

    def _error(self, message: str, at: int | None = None, *, hint: str = "") -> Json5Error:
        where = self.at if at is None else at
        if where >= len(self.text):
            message = f"{message}, but the text ends"
        return Json5Error(message, where, tuple(self.path), hint=hint)


def _number(match: re.Match[str]) -> int | float:
    sign, hexadecimal, constant, decimal = match.groups()
    value: int | float
    if hexadecimal:
        value = int(hexadecimal, 16)
    elif constant:
        value = float("inf" if constant == "Infinity" else "nan")
    else:
        value = int(decimal) if decimal.isdigit() else float(decimal)
    return -value if sign == "-" else value
