"""The first owner: made once, when asked for explicitly, and never a second one (threats.md D15)."""

from collections.abc import Mapping
from pathlib import Path

from clawdbot.config import json5
from clawdbot.config.edit import Changes, revise
from clawdbot.config.json5 import Object
from clawdbot.config.load import decode, interpret
from clawdbot.domain.owners import Owner


def make_owner(path: Path, owner: Owner, environ: Mapping[str, str]) -> bool:
    """Write somebody into the configuration as the owner, if it has none; comments and all else stay.

    Of two at once one succeeds. Answers whether he is the owner now.

    Raises:
        ConfigError: the file is broken, or cannot be written; it is as it was.
    """

    def choose(content: bytes | None) -> Changes:
        known = interpret(path, content, environ).owners.who
        return {} if known else {_place(path, content): [str(owner)]}

    return bool(revise(path, choose))


def _place(path: Path, content: bytes | None) -> tuple[str, ...]:
    """Where owners are listed: under ``owner.who``, if ``owner`` is an object already."""
    text = "" if content is None else decode(path, content)
    root = json5.parse(text) if text.strip() else None
    found = root.get("owner") if isinstance(root, Object) else None
    return ("owner", "who") if found is not None and isinstance(found.value, Object) else ("owner",)
