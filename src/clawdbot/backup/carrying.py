"""What of another state directory could be taken over into this one: decided from both, before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clawdbot.backup import inventory
from clawdbot.backup.inventory import CONFIG
from clawdbot.backup.snapshot import Files

WHY_NOT: Final = {
    "credentials/oauth.json": "logins of models are the assistant's affair",
    "credentials/whatsapp": "a session of another library; log in with: clawdbot channels login whatsapp",
    "exec-approvals.json": "another policy of nodes; see docs/node.md",
    "agents": "conversations are the assistant's affair",
    "telegram": "how far a channel has read; what waits at the platform comes again",
}
"""What is there in the reference's directory and is not taken, where there is more to say than that it is not used."""

NOT_USED: Final = "not used here"


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


def plan(theirs: Files, ours: Files, source: Path, *, config_problem: str = "") -> Plan:
    """Compare two state directories.

    Args:
        source: theirs.
        config_problem: why their configuration cannot be used here, if so.
    """
    ignored = {name: WHY_NOT.get(name, NOT_USED) for name in inventory.strangers(source)}
    if CONFIG in theirs and config_problem:
        ignored[CONFIG] = config_problem
    wanted = {name: content for name, content in theirs.items() if name not in ignored}
    return Plan(
        taken={name: content for name, content in wanted.items() if name not in ours},
        same=tuple(name for name, content in wanted.items() if ours.get(name) == content),
        conflicts=tuple(name for name, content in wanted.items() if ours.get(name, content) != content),
        ignored=ignored,
    )
