"""What of another state directory could be taken over into this one: decided from both, before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clawdbot.backup.snapshot import Files
from clawdbot.backup.source import Source
from clawdbot.store.strict_json import NotJson, loads


@dataclass(frozen=True, slots=True)
class Plan:
    """What would become of each file.

    Attributes:
        taken: is not here yet.
        same: is here already, as it is there.
        conflicts: is here and says something else; nothing is taken while there is any.
        ignored: is not taken, and why.
    """

    taken: Files
    same: tuple[str, ...]
    conflicts: tuple[str, ...]
    ignored: Mapping[str, str]


IDENTITY: Final = "identity/device.json"
KNOWN_ALREADY: Final = "this machine has a key of its own here already"


def plan(theirs: Source, ours: Files) -> Plan:
    """Compare what another directory has to offer with what is here.

    A gateway that ran here once has made an identity. It is kept, and what theirs was given by gateways is left with
    theirs: whose key the machine uses is nothing that both directories have to agree on.
    """
    wanted, left_out = dict(theirs.files), dict(theirs.left_out)
    if ours.get(IDENTITY, theirs.files.get(IDENTITY)) != theirs.files.get(IDENTITY):
        belonging = [name for name in wanted if name.startswith("identity/")]
        left_out |= dict.fromkeys(belonging, KNOWN_ALREADY)
        wanted = {name: content for name, content in wanted.items() if name not in left_out}
    return Plan(
        taken={name: content for name, content in wanted.items() if name not in ours},
        same=tuple(name for name, content in wanted.items() if ours.get(name) == content),
        conflicts=tuple(name for name, content in wanted.items() if ours.get(name, content) != content),
        ignored=left_out,
    )


_COUNTED: Final = {
    "-allowFrom.json": ("allowFrom", "in"),
    "-pairing.json": ("requests", "waiting"),
    "/paired.json": ("", "paired"),
    "/pending.json": ("", "waiting"),
}
"""Which files hold many, under which key, and what these are."""


def amount(name: str, content: bytes) -> str:
    """How many are in a file, ``3 waiting``; nothing for a file that holds one thing."""
    for ending, (key, what) in _COUNTED.items():
        if name.endswith(ending):
            try:
                document = loads(content)
            except NotJson:
                return ""
            listed = document.get(key) if key and isinstance(document, dict) else document
            return f"{len(listed)} {what}" if isinstance(listed, list | dict) else ""
    return ""
