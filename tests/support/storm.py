"""Frames that were good once, each spoilt a little."""

import json
import random
from contextlib import suppress
from copy import deepcopy
from functools import cache
from typing import Any

from clawdbot.wire.plain import MAX_DEPTH
from tests.support.recorded import texts_from_clients

HOSTILE: list[object] = [
    *(None, True, False, 0, -1, 3, 1.5, -0.0, 1e300, 2**53, -(2**70), 10**4000),
    *("", " ", "x", "\0", "\u202e", "é", "😀", "__proto__", "constructor", "../x", "a|b", "١", "x" * 300, "y" * 9000),
    *([], [[]], ["x"] * 300, {}, {"": ""}, {"__proto__": {}}, {"id": "x"}, {f"k{n}": n for n in range(300)}),
]


class Storm:
    """Frames that were good once, each spoilt a little; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._texts = _texts()

    def frame(self) -> str | bytes:
        text = self._random.choice(self._texts)
        if self._random.random() < 0.6:
            with suppress(ValueError):
                text = self._spoil_tree(json.loads(text))
        if self._random.random() < 0.3:
            return self._spoil_bytes(text.encode())
        return text

    def _spoil_tree(self, tree: Any) -> str:
        root = [tree]
        for _ in range(self._random.randint(1, 4)):
            holder, key = self._random.choice(list(places(root)))
            match self._random.randrange(5):
                case 0 if isinstance(holder, dict):
                    del holder[key]
                case 1 if isinstance(holder, dict):
                    holder[self._random.choice(["", "x", "__proto__", "id", "z" * 999])] = holder[key]
                case 2:
                    for _ in range(self._random.choice([1, MAX_DEPTH, 150])):
                        holder[key] = [holder[key]]
                case _:
                    holder[key] = deepcopy(self._random.choice(HOSTILE))
        text = json.dumps(root[0], ensure_ascii=self._random.random() < 0.5)
        if self._random.random() < 0.1:
            text = text.replace(",", ',"id":"y",', 1)
        return text

    def _spoil_bytes(self, data: bytes) -> bytes:
        spoilt = bytearray(data)
        for _ in range(self._random.randint(1, 6)):
            at = self._random.randrange(len(spoilt) + 1)
            length = self._random.choice([0, 0, 1, 1, 2, 30])
            piece = self._random.choice(
                [b"", b'"', b"\\", b"\\ud800", b"{", b"]", b":", b"9" * 5000, b"NaN", b"1e999", b"\xff", b"\0"]
            )
            spoilt[at : at + length] = piece
        return bytes(spoilt)


@cache
def _texts() -> list[str]:
    return list(texts_from_clients())


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below a node."""
    found: list[tuple[Any, Any]] = []
    level = [node]
    while level:
        container = level.pop()
        for key in container if isinstance(container, dict) else range(len(container)):
            found.append((container, key))
            if isinstance(container[key], dict | list) and len(container[key]) < 50:
                level.append(container[key])
    return found
