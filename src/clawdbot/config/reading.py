"""Takes the configuration apart, key by key, and notes everything that is wrong with it.

Nothing here raises: what cannot be used is noted and read as if it were not there, so that the owner gets the whole
list at once. Nothing of it is to be used while an error is noted (threats.md D5).
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from clawdbot.config import json5
from clawdbot.config.json5 import Array, Member, Node, Object, Path, Scalar
from clawdbot.config.model import ConfigProblem, Severity
from clawdbot.domain.secret import Secret
from clawdbot.domain.texts import visible

E = TypeVar("E", bound=StrEnum)

_VARIABLE = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")
_VISIBLE = re.compile(r"[!-~]+")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


MAX_PROBLEMS = 100
"""Of each severity; a file that is wrong in more places is another kind of file."""

NOWHERE = Object((), -1, -1)
"""An object that the file does not hold, and that says nothing."""


class Notes:
    """What is known while a file is read, and what was found: problems, and keys that are not served.

    Attributes:
        file: the configuration file.
        environ: the variables that ``${NAME}`` stands for.
    """

    def __init__(self, file: FilePath, text: str, environ: Mapping[str, str]) -> None:
        self.file = file
        self.text = text
        self.environ = environ
        self._not_served: dict[str, None] = {}
        self._problems: dict[ConfigProblem, int] = {}
        self._counts = dict.fromkeys(Severity, 0)

    def error(self, at: int, path: Path, message: str, hint: str = "") -> None:
        self._note(at, path, message, hint, Severity.ERROR)

    def warn(self, at: int, path: Path, message: str, hint: str = "") -> None:
        self._note(at, path, message, hint, Severity.WARNING)

    def outside(self, message: str, hint: str) -> None:
        """Note what is wrong with the environment: it names no file, for mending one would not help."""
        self._keep(ConfigProblem("", 0, "", message, hint), -1)

    def ignore(self, path: Path) -> None:
        """Note a key that is accepted but not served."""
        self._not_served[dotted(path)] = None

    @property
    def not_served(self) -> tuple[str, ...]:
        return tuple(self._not_served)

    @property
    def problems(self) -> list[ConfigProblem]:
        """Each once, in the order of the file."""
        return sorted(self._problems, key=lambda problem: self._problems[problem])

    def filled(self, text: str, at: int, path: Path) -> str:
        """``text`` with ``${NAME}`` replaced by the variable, as the reference does; ``$${NAME}`` is ``${NAME}``."""

        def fill(match: re.Match[str]) -> str:
            escape, name = match.groups()
            if escape:
                return match[0][1:]
            if not self.environ.get(name):
                hint = f'set it, or write "$${{{name}}}" for the text itself'
                self.error(at, path, f"the environment variable {name} is not set", hint)
            return self.environ.get(name, "")

        return _VARIABLE.sub(fill, text)

    def is_wrong(self, path: Path) -> bool:
        """Whether an error is noted for a key already."""
        return any(one.key == dotted(path) for one in self._problems if one.severity is Severity.ERROR)

    @property
    def is_full(self) -> bool:
        """Whether enough is wrong to stop looking."""
        return self._counts[Severity.ERROR] >= MAX_PROBLEMS

    def _note(self, at: int, path: Path, message: str, hint: str, severity: Severity) -> None:
        line = json5.line(self.text, at) if at >= 0 else 0
        self._keep(ConfigProblem(self.file.name, line, dotted(path), message, hint, severity), at)

    def _keep(self, problem: ConfigProblem, at: int) -> None:
        if self._counts[problem.severity] < MAX_PROBLEMS:
            self._counts[problem.severity] += problem not in self._problems
            self._problems.setdefault(problem, at)


class UrlForm(NamedTuple):
    """A kind of URL, what messages call it, and an example."""

    schemes: tuple[str, str]
    called: str
    like: str


HTTP = UrlForm(("http", "https"), "an http or https URL", "https://api.example.com/v1")
WEBSOCKET = UrlForm(("ws", "wss"), "a ws or wss URL", "wss://gateway.example.com:18789")


class Section:
    """One object of the file. Each read of a key gives its value, or ``None`` where it is missing or noted as wrong."""

    def __init__(self, notes: Notes, node: Object, path: Path) -> None:
        self.notes = notes
        self.node = node
        self.path = path
        self._members = {member.key: member for member in node.members}

    def __contains__(self, key: str) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[Member]:
        return iter(self.node.members)

    def error(self, key: str, message: str, hint: str = "") -> None:
        self.notes.error(self._at(key), (*self.path, key), message, hint)

    def warn(self, key: str, message: str, hint: str = "") -> None:
        self.notes.warn(self._at(key), (*self.path, key), message, hint)

    def only(
        self, served: Collection[str], known: Collection[str] = (), hints: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """Refuse every other key; those that are known but not served are accepted and listed.

        ``hints`` say what is meant by keys that are often tried here and belong elsewhere.
        """
        for member in self:
            if member.key in served:
                continue
            if member.key in known:
                self.notes.ignore((*self.path, member.key))
            elif self.notes.is_full:
                return
            elif member.key == "$include":
                self.error(member.key, "other files cannot be included here", "write what the other file holds here")
            else:
                near = hints.get(member.key) or nearest(member.key, {*served, *known})
                self.error(member.key, "there is no such key", near or f"keys here are {', '.join(sorted(served))}")

    def section(self, key: str) -> "Section | None":
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, Object):
            return Section(self.notes, value, (*self.path, key))
        self.error(key, f"must be an object, not {kind(value)}")
        return None

    def items(self, key: str, hint: str = "") -> tuple[Node, ...] | None:
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, Array):
            return value.items
        self.error(key, f"must be a list, not {kind(value)}", hint)
        return None

    def string(self, key: str) -> str | None:
        """A text with its ``${NAME}`` filled in."""
        return self._string(key, shown)

    def secret(self, key: str) -> Secret | None:
        """The same for what no message may show."""
        text = self._string(key, kind)
        return None if text is None else Secret(text)

    def url(self, key: str, form: "UrlForm | None" = None) -> str | None:
        """A URL, http or https unless said otherwise; not shown in messages, as it may hold a key."""
        text = self._string(key, kind)
        form = form or HTTP
        if text is None:
            return None
        if not _is_url(text, form.schemes):
            self.error(key, f"must be {form.called}", f"write it like {form.like}")
            return None
        if "@" in urlsplit(text).netloc:
            self.error(key, "holds a user name or password", "leave out what stands before the @")
            return None
        return text

    def flag(self, key: str) -> bool | None:
        value = self._value(key)
        if value is None:
            return None
        flag = held(value)
        if isinstance(flag, bool):
            return flag
        self.error(key, f"must be true or false, not {shown(value)}")
        return None

    def number(self, key: str, low: int, high: int) -> float | None:
        """A number, whole or not."""
        value = self._value(key)
        if value is None:
            return None
        number = held(value)
        if isinstance(number, int | float) and not isinstance(number, bool) and low <= number <= high:
            return float(number)
        self.error(key, f"must be a number from {low} to {high}, not {shown(value)}")
        return None

    def whole(self, key: str, low: int, high: int) -> int | None:
        """A whole number that is written as one: ``1e3`` and ``5.0`` are none."""
        value = self._value(key)
        if value is None:
            return None
        number = held(value)
        if isinstance(number, int) and not isinstance(number, bool) and low <= number <= high:
            return number
        self.error(key, f"must be a whole number from {low} to {high}, not {shown(value)}")
        return None

    def choice(self, key: str, among: type[E]) -> E | None:
        """One of a few words; anything else, null and the empty text too, is an error (threats.md D5)."""
        value = self._value(key)
        if value is None:
            return None
        written = held(value)
        text = self.notes.filled(written, value.start, (*self.path, key)) if isinstance(written, str) else ""
        for choice in among:
            if choice == text:
                return choice
        self.error(key, f"{shown(value)} is not one of {', '.join(among)}", nearest(text, among))
        return None

    def _string(self, key: str, show: Callable[[Node], str]) -> str | None:
        value = self._value(key)
        if value is None:
            return None
        text = held(value)
        if isinstance(text, str):
            return self.notes.filled(text, value.start, (*self.path, key))
        self.error(key, f"must be a string, not {show(value)}")
        return None

    def _at(self, key: str) -> int:
        member = self._members.get(key)
        return member.start if member else self.node.start

    def _value(self, key: str) -> Node | None:
        member = self._members.get(key)
        return member.value if member else None


def _is_url(text: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in schemes
            and bool(parts.hostname)
            and parts.port != 0
            and _VISIBLE.fullmatch(text) is not None
        )
    except ValueError:
        return False


def held(node: Node) -> object:
    """What a scalar holds; an object or a list as the node that it is."""
    return node.value if isinstance(node, Scalar) else node


def dotted(path: Path) -> str:
    """A path as people write it: ``channels.telegram.accounts."Work Bot".allowFrom[2]``."""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            key = step if _PLAIN_KEY.fullmatch(step) else json.dumps(step, ensure_ascii=False)
            parts.append(f".{visible(key)}" if parts else visible(key))
    return "".join(parts)


def kind(node: Node) -> str:
    """What a value is, without what it says."""
    match held(node):
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case Array():
            return "a list"
        case _:
            return "an object"


def shown(node: Node) -> str:
    """A value for a message: as it is written, cut short; objects and lists by their kind alone."""
    if not isinstance(node, Scalar):
        return kind(node)
    return visible(json.dumps(node.value, ensure_ascii=False))


def nearest(text: str, among: Iterable[str]) -> str:
    """A hint with what was probably meant; empty if nothing is near."""
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in sorted(among)}
    found = get_close_matches(text.casefold(), by_folded, n=1)
    return f'did you mean "{by_folded[found[0]]}"?' if found else ""
