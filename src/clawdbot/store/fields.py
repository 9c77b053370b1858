"""The fields of one record in a JSON file: read without guessing, written back without losing what is not ours."""

from collections.abc import Mapping
from typing import Final, TypeVar

from clawdbot.domain.names import Instant
from clawdbot.store.entries import Unusable
from clawdbot.store.strict_json import Json, whole

Record = dict[str, Json]
V = TypeVar("V")

LATEST: Final[Instant] = 8_640_000_000_000_000
"""The last millisecond that JavaScript can name."""


class Fields:
    """A record whose fields are asked for one by one. What one says that makes no sense is as if it were not there.

    ``null`` is nothing, as it is for the reference.

    Raises:
        Unusable: it is no object.
    """

    def __init__(self, raw: Json) -> None:
        if not isinstance(raw, dict):
            raise Unusable("no object")
        self.raw = raw
        self.odd: list[str] = []
        """What made no sense. The texts repeat no value: there are tokens in the files."""

    def has(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def text(self, name: str) -> str | None:
        found = self._one(name, str, "text")
        return None if found is None else whole(found)

    def texts(self, name: str) -> tuple[str, ...] | None:
        listed = self._one(name, list, "list")
        if listed is None:
            return None
        found = tuple([whole(item) for item in listed if isinstance(item, str)])
        if len(found) < len(listed):
            self.odd.append(f'something in its "{name}" is no text')
        return found

    def instant(self, name: str) -> Instant | None:
        value = self.raw.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is int and 0 <= value <= LATEST:
            return value
        if value is not None:
            self.odd.append(f'its "{name}" is no time')
        return None

    def flag(self, name: str) -> bool | None:
        return self._one(name, bool, "yes or no")

    def _one(self, name: str, kind: type[V], what: str) -> V | None:
        value = self.raw.get(name)
        if isinstance(value, kind):
            return value
        if value is not None:
            self.odd.append(f'its "{name}" is no {what}')
        return None


def own_id(fields: Fields, name: str, key: str) -> None:
    """See that a record is the one that its key says. Raises Unusable."""
    if fields.raw.get(name) != key or whole(key) != key:
        raise Unusable(f'its "{name}" is not what it stands under')


def present(fields: Mapping[str, Json]) -> Record:
    """Leave out what is ``None``, as the reference does."""
    return {name: value for name, value in fields.items() if value is not None}


def renewed(raw: Record, old: Record, new: Record) -> Record:
    """A record as it stands in a file, changed where ``new`` says something else than ``old``.

    What both say alike stays as it is spelled; what neither mentions is not ours, and stays behind what is.
    """
    record: Record = {}
    for name in dict.fromkeys((*new, *raw)):
        here, before, after = raw.get(name), old.get(name), new.get(name)
        if before == after:
            record |= {name: here} if name in raw else {}
        elif isinstance(here, dict) and isinstance(before, dict) and isinstance(after, dict):
            record[name] = renewed(here, before, after)
        elif name in new:
            record[name] = after
    return record
