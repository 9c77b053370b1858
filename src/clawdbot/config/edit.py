"""Changes one value in the text of a configuration and leaves everything else, comments included, as it is."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from clawdbot.config import json5
from clawdbot.config.files import locked, save
from clawdbot.config.json5 import Json5Error, Member, Node, Object
from clawdbot.config.load import Broken, decode, interpret, misread, read_bytes
from clawdbot.config.model import Config, ConfigProblem
from clawdbot.config.reading import kind

Changes = Mapping[tuple[str, ...], object]
"""The path of each key, and its new value: what JSON can say."""


def update(path: Path, changes: Changes) -> None:
    """Set values in a configuration file; one that is not there is made.

    Raises:
        ConfigError: the file is broken, cannot be written, or was changed by somebody else meanwhile; it is as it was.
    """
    revise(path, lambda _: changes)


def revise(path: Path, choose: Callable[[bytes | None], Changes]) -> Changes:
    """The same, with changes that follow from what the file holds; none, and nothing is written.

    Nobody of ours changes the file between the look and the change: of two who do the same at once, the second one sees
    what the first has written.

    Args:
        choose: gets the content of the file, ``None`` if there is none; may raise Broken.
    """
    try:
        with locked(path):
            content = read_bytes(path)
            changes = choose(content)
            if not changes:
                return changes
            text = _edited(path, content, changes)
            if read_bytes(path) != content:
                raise Broken(ConfigProblem(path.name, 0, "", "was changed by somebody else just now", "try again"))
            save(path, text)
            return changes
    except Broken as broken:
        raise broken.error(path) from None


def preview(path: Path, changes: Changes, environ: Mapping[str, str]) -> Config:
    """What the configuration would say after :func:`update`.

    Raises:
        ConfigError: it is broken, or would be.
    """
    try:
        return interpret(path, _edited(path, read_bytes(path), changes).encode("utf-8"), environ)
    except Broken as broken:
        raise broken.error(path) from None


def _edited(path: Path, content: bytes | None, changes: Changes) -> str:
    text = "" if content is None else decode(path, content)
    for keys, value in changes.items():
        try:
            text = set_value(text, keys, value)
        except Json5Error as error:
            raise misread(path, text, error) from None
    return text


def set_value(text: str, path: Sequence[str], value: object) -> str:
    """The text with the value at a path replaced or added; missing objects on the way are made.

    What is added looks like what stands around it: indentation, quotes around keys, trailing commas.

    Raises:
        Json5Error: the text is not JSON5, or something on the way is no object.
        ValueError: the value cannot be said in JSON, or no key is given.
    """
    if not path:
        raise ValueError("no key is given")
    text = text if text.strip() else "{}\n"
    here = json5.parse(text)
    style = _Style.of(text, here)
    member: Member | None = None
    for depth, key in enumerate(path):
        if not isinstance(here, Object):
            raise Json5Error(f"must be an object, not {kind(here)}", here.start, tuple(path[:depth]))
        style = style.beside(here, text)
        found = here.get(key)
        if found is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _add(text, here, style, (key, value), own_lines=member is None or _begins_line(text, member.start))
        here, member = found.value, found
    if json.dumps(json5.plain(here)) == json.dumps(value):
        return text
    own_lines = member is None or _begins_line(text, member.start)
    return text[: here.start] + style.value(value, _indent(text, here.start) if own_lines else None) + text[here.end :]


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is written."""

    step: str
    newline: str
    quoted: bool

    @classmethod
    def of(cls, text: str, root: Node) -> "_Style":
        newline = "\r\n" if "\r\n" in text else "\n"
        members = root.members if isinstance(root, Object) else ()
        indents = [_indent(text, member.start) for member in members if _begins_line(text, member.start)]
        return cls(next(filter(None, indents), "  "), newline, quoted=True)

    def beside(self, neighbours: Object, text: str) -> "_Style":
        """The same, with keys written as those of an object are; without any, as before."""
        if not neighbours.members:
            return self
        return replace(self, quoted=text[neighbours.members[-1].start] in "\"'")

    def member(self, key: str, value: object, indent: str | None) -> str:
        return f"{self._key(key)}: {self.value(value, indent)}"

    def value(self, value: object, indent: str | None) -> str:
        """A value, its lines after the first indented; all on one line, if there is no ``indent``.

        Raises:
            ValueError: JSON cannot say it.
        """
        inner = None if indent is None else indent + self.step
        if isinstance(value, Mapping):
            parts = [self.member(key, one, inner) for key, one in value.items()]
            return self._enclosed("{", parts, "}", indent)
        if isinstance(value, list | tuple):
            parts = [self.value(one, inner) for one in value]
            is_simple = not any(isinstance(one, Mapping | list | tuple) for one in value)
            return self._enclosed("[", parts, "]", None if is_simple else indent)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
        return text

    def _enclosed(self, opening: str, parts: list[str], closing: str, indent: str | None) -> str:
        if indent is None or not parts:
            return f"{opening}{', '.join(parts)}{closing}"
        lines = ",".join(f"{self.newline}{indent}{self.step}{part}" for part in parts)
        return f"{opening}{lines}{self.newline}{indent}{closing}"

    def _key(self, key: str) -> str:
        return key if not self.quoted and _WORD.fullmatch(key) else json.dumps(key, ensure_ascii=False)


_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_COMMENT = r"/\*(?s:.*?)\*/"
_BLANK = re.compile(rf"(?:\s|\ufeff|//[^\n\r\u2028\u2029]*|{_COMMENT})*")
_REST_OF_LINE = re.compile(r"(?:[ \t]|/\*(?:(?!\*/)[^\n])*\*/)*(?://[^\r\n\u2028\u2029]*)?(?=\r?\n)")
"""Blanks and comments, where nothing else is left on the line."""


def _add(text: str, parent: Object, style: _Style, new: tuple[str, object], *, own_lines: bool) -> str:
    if not parent.members:
        return _add_first(text, parent, style, new, own_lines=own_lines)
    last = parent.members[-1]
    end = last.value.end
    comma = _BLANK.match(text, end)
    after = comma.end() if comma else end
    has_comma = text[after : after + 1] == ","
    tail = after + 1 if has_comma else end
    if not _begins_line(text, last.start):
        added = f" {style.member(*new, None)}{',' if has_comma else ''}"
        return text[:end] + ("" if has_comma else ",") + text[end:tail] + added + text[tail:]
    rest = _REST_OF_LINE.match(text, tail)
    at = rest.end() if rest else tail
    indent = _indent(text, last.start)
    added = f"{style.newline}{indent}{style.member(*new, indent)}{',' if has_comma else ''}"
    return text[:end] + ("" if has_comma else ",") + text[end:at] + added + text[at:]


def _add_first(text: str, parent: Object, style: _Style, new: tuple[str, object], *, own_lines: bool) -> str:
    """Into an object that holds nothing but blanks and comments."""
    start, end = parent.start + 1, parent.end - 1
    inner = text[start:end].rstrip()
    if not inner and not own_lines:
        return text[:start] + style.member(*new, None) + text[end:]
    indent = _indent(text, parent.start)
    line = f"{style.newline}{indent}{style.step}{style.member(*new, indent + style.step)}"
    rest = text[start + len(inner) : end] if inner else ""
    closing = rest if "\n" in rest else f"{style.newline}{indent}"
    return text[:start] + inner + line + closing + text[end:]


def _begins_line(text: str, at: int) -> bool:
    """Whether nothing but blanks stands before a place on its line."""
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _indent(text: str, at: int) -> str:
    """The blanks that the line of a place begins with."""
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]
