"""Shapes of plain JSON: what a value must look like, and what is wrong with one that does not.

A shape is declared once, as a struct whose annotations carry the rules::

    class DeviceRename(Closed):
        device_id: Annotated[str, Text(256)]
        display_name: Annotated[str, Text(128)] | None = None  # may be absent; null is not absence

and :func:`read` checks plain JSON against it and builds it. The messages and their order are those of the JSON Schema
validator Ajv with ``allErrors``, as clients know them (``docs/protocol.md#params``): of an object first what it lacks,
then what it should not have, then each property in the order of declaration.

Every text, list and object has an upper bound, and so has the account of what is wrong with them (threats.md G13).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar, Union, get_args, get_origin

from msgspec import Struct, UnsetType, structs

from clawdbot.domain.secret import Secret

MAX_SAFE_INTEGER = 2**53 - 1
"""The greatest integer that JavaScript tells from its neighbours."""

MAX_PROBLEMS = 32
"""Problems told of one value; the rest would help nobody."""

MAX_NAME_SHOWN = 64
"""Characters of an unknown property's name that a message repeats."""


class Problems:
    """What is wrong with a value, in the order found, each once."""

    __slots__ = ("_texts",)

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def add(self, path: str, text: str) -> None:
        """Note that the value at a JSON pointer is wrong; the empty pointer is the value as a whole."""
        if len(self._texts) < MAX_PROBLEMS:
            self._texts[f"at {path}: {text}" if path else text] = None

    def unexpected(self, path: str, name: str) -> None:
        """Note a property that does not belong to the object at a JSON pointer."""
        if name:
            self.add(path or "root", f"unexpected property '{_shown(name)}'")
        else:
            self.add(path, "must NOT have additional properties")

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __str__(self) -> str:
        return "; ".join(self)


class Rule(Protocol):
    """Checks a value and hands it on as the struct wants it; what it hands on after a problem is not used."""

    def read(self, value: Any, path: str, problems: Problems) -> Any: ...


@dataclass(frozen=True, slots=True)
class Text:
    """A string with a number of characters (code points)."""

    max_length: int
    min_length: int = 1

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not str:
            problems.add(path, "must be string")
        elif len(value) > self.max_length:
            problems.add(path, f"must NOT have more than {self.max_length} characters")
        elif len(value) < self.min_length:
            problems.add(path, f"must NOT have fewer than {self.min_length} characters")
        return value


@dataclass(frozen=True, slots=True)
class Hidden:
    """A string that becomes a :class:`~clawdbot.domain.secret.Secret`."""

    text: Text

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        text = self.text.read(value, path, problems)
        return Secret(text) if type(text) is str else None


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer as JavaScript sees it: ``3.0`` and ``1e3`` are some, ``1.5`` and ``true`` are none."""

    minimum: int
    maximum: int = MAX_SAFE_INTEGER

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            problems.add(path, "must be integer")
            if type(value) is not float:
                return value
        if value > self.maximum:
            problems.add(path, f"must be <= {self.maximum}")
        elif value < self.minimum:
            problems.add(path, f"must be >= {self.minimum}")
        return value


@dataclass(frozen=True, slots=True)
class Flag:
    """``true`` or ``false``."""

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not bool:
            problems.add(path, "must be boolean")
        return value


@dataclass(frozen=True, slots=True)
class Constant:
    """One string and no other."""

    text: str

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not str:
            problems.add(path, "must be string")
        if value != self.text:
            problems.add(path, "must be equal to constant")
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some strings."""

    texts: frozenset[str]

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not str:
            problems.add(path, "must be string")
        elif value in self.texts:
            return value
        problems.add(path, "must be equal to constant")
        problems.add(path, "must match a schema in anyOf")
        return value


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, ``null`` too."""

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        return value


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list; it becomes a tuple."""

    item: Rule
    max_items: int

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not list:
            problems.add(path, "must be array")
            return value
        if len(value) > self.max_items:
            problems.add(path, f"must NOT have more than {self.max_items} items")
            return value
        return tuple([self.item.read(item, f"{path}/{index}", problems) for index, item in enumerate(value)])


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with names of the peer's choice and values of one kind."""

    value: Rule
    max_properties: int
    max_name: int

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        if type(value) is not dict:
            problems.add(path, "must be object")
            return value
        if len(value) > self.max_properties:
            problems.add(path, f"must NOT have more than {self.max_properties} properties")
            return value
        for name in value:
            if len(name) > self.max_name:
                problems.add(path, f"must NOT have more than {self.max_name} characters")
                problems.add(path, "property name must be valid")
        return {name: self.value.read(item, f"{path}/{_pointer(name)}", problems) for name, item in value.items()}


class Closed(Struct, frozen=True, rename="camel", omit_defaults=True):
    """An object that has the declared properties and no others; on the wire their names are in camel case.

    Attributes:
        makes: what is built in its place, of arguments with the names of its fields; its own defaults hold then.
    """

    makes: ClassVar[type | None] = None


C = TypeVar("C", bound=Closed)
T = TypeVar("T")


class Shape(Generic[C]):
    """The rules of a :class:`Closed` struct, read off its annotations."""

    __slots__ = ("_fields", "_known", "_make", "_required")

    def __init__(self, kind: type[C]) -> None:
        fields = structs.fields(kind)
        self._make = kind.makes or kind
        self._fields = [(field.name, field.encode_name, f"/{field.encode_name}", _rule(field.type)) for field in fields]
        self._known = frozenset(field.encode_name for field in fields)
        self._required = [field.encode_name for field in fields if field.required]

    def read(self, value: Any, path: str, problems: Problems) -> Any:
        """Check an object and build what it makes; ``None`` if there is any problem, here or elsewhere."""
        if type(value) is not dict:
            problems.add(path, "must be object")
            return None
        for name in self._required:
            if name not in value:
                problems.add(path, f"must have required property '{name}'")
        if not value.keys() <= self._known:
            for name in value:
                if name not in self._known:
                    problems.unexpected(path, name)
        given = {}
        for field, name, pointer, rule in self._fields:
            if name in value:
                given[field] = rule.read(value[name], path + pointer, problems)
        return None if problems else self._make(**given)


def read(kind: type[C], value: object) -> C | Problems:
    """Check plain JSON against a shape: the struct, or all that is wrong with the value."""
    problems = Problems()
    found: C | None = _shape(kind).read(value, "", problems)
    return found or problems


def make(made: type[T], kind: type[Closed], value: object) -> T | Problems:
    """The same for a shape that makes something else."""
    problems = Problems()
    found: T | None = _shape(kind).read(value, "", problems)
    return found or problems


@cache
def _shape(kind: type[C]) -> Shape[C]:
    return Shape(kind)


def _rule(annotation: Any) -> Rule:
    """The rule that an annotation carries; ``| None`` and ``| UnsetType`` only say that the property may be absent."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = [arm for arm in get_args(annotation) if arm not in (NoneType, UnsetType)]
    if get_origin(annotation) is Annotated:
        rule: Rule = annotation.__metadata__[0]
        return rule
    if isinstance(annotation, type) and issubclass(annotation, Closed):
        return _shape(annotation)
    return _PLAIN_RULES[annotation]


_PLAIN_RULES: Mapping[Any, Rule] = {bool: Flag(), object: Anything()}


def _shown(name: str) -> str:
    return name if len(name) <= MAX_NAME_SHOWN else name[:MAX_NAME_SHOWN] + "…"


def _pointer(name: str) -> str:
    return _shown(name).replace("~", "~0").replace("/", "~1")
