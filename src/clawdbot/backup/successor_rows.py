"""The rows of OpenClaw's database, read one by one and without guessing.

Its tables gain columns from one release to the next. One that is not known here does no harm while it is empty; a row
that says something in it may say "until", or "revoked", and is not used.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from clawdbot.backup.sqlite_source import Value
from clawdbot.errors import StoreCorrupt
from clawdbot.store.entries import Unusable
from clawdbot.store.register import MAX_ODD
from clawdbot.store.strict_json import Json, NotJson, loads, whole


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns that a table must have, and those that it may have besides."""

    needed: frozenset[str]
    known: frozenset[str]


def shape(needed: str, others: str = "") -> Shape:
    return Shape(frozenset(needed.split()), frozenset((*needed.split(), *others.split())))


class Row:
    """A row whose columns are asked for one by one. The errors repeat no value: there are tokens among them.

    Raises:
        Unusable: it says something in a column that is not known; when asked, that a column holds what it must not.
    """

    def __init__(self, values: Mapping[str, Value], shape: Shape) -> None:
        strange = sorted(name for name, value in values.items() if name not in shape.known and value is not None)
        if strange:
            raise Unusable(f'what its "{strange[0]}" means is not known here')
        self._values = values

    def has(self, name: str) -> bool:
        """Does its table have such a column?"""
        return name in self._values

    def text(self, name: str) -> str:
        """What must be there."""
        found = self.text_or_none(name)
        if not found:
            raise Unusable(f'its "{name}" is no text')
        return found

    def text_or_none(self, name: str) -> str | None:
        found = self._values.get(name)
        if found is None or (isinstance(found, str) and whole(found) == found):
            return found
        raise Unusable(f'its "{name}" is no text')

    def number(self, name: str) -> int | None:
        found = self._values.get(name)
        if found is None or isinstance(found, int):
            return found
        raise Unusable(f'its "{name}" is no number')

    def json(self, name: str) -> Json:
        text = self.text_or_none(name)
        try:
            return None if text is None else loads(text.encode())
        except NotJson:
            raise Unusable(f'its "{name}" is no JSON') from None


class Notes:
    """What is not taken, and why. What a row is called holds no secret; it is from outside, and not escaped."""

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}
        self._kinds: Counter[tuple[str, str]] = Counter()

    def add(self, called: str, why: str) -> None:
        """Note a row.

        Raises:
            StoreCorrupt: so many cannot be used that it is not the database that it should be.
        """
        self._rows[called] = why
        if len(self._rows) > MAX_ODD:
            raise StoreCorrupt(
                f"more than {MAX_ODD} rows cannot be used, {called} among them", hint="nothing was taken"
            )

    def count(self, kind: str, why: str) -> None:
        """Note a row as one of many that are left out for what they are, not for what is wrong with them."""
        self._kinds[kind, why] += 1

    @contextmanager
    def about(self, called: str) -> Iterator[None]:
        """Note why a row cannot be used, if it cannot."""
        try:
            yield
        except ValueError as error:
            self.add(called, str(error))

    def left_out(self) -> dict[str, str]:
        return {**{f"{kind} ({number})": why for (kind, why), number in self._kinds.items()}, **self._rows}
