"""What the state directory holds that is worth keeping, by name; and which names an archive may bring (threats.md S5).

Left out are what is made anew (locks, half-written files), what is of the moment (how far a channel has read, messages
on their way), and logs. A chat platform's session is put away only when it is asked for: whoever has it is the account.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

from clawdbot.store.disk import TEMPORARY, existing
from clawdbot.store.layout import FOLDER as CREDENTIALS
from clawdbot.store.layout import owner

CONFIG: Final = "clawdbot.json"

ROOT: Final = frozenset({CONFIG, "node.json", "exec-policy.json"})
FOLDERS: Final = {
    "devices": frozenset({"paired.json", "pending.json"}),
    "nodes": frozenset({"paired.json", "pending.json"}),
    "identity": frozenset({"device.json", "device-auth.json"}),
    "gateway/tls": frozenset({"gateway-cert.pem", "gateway-key.pem"}),
}
SESSIONS: Final = f"{CREDENTIALS}/whatsapp"
SESSION: Final = "session.db"
JOURNALS: Final = (f"{SESSION}-wal", f"{SESSION}-shm")
"""What lies beside a session's database while it is used, and fits no other one."""

_ACCOUNT: Final = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)


class Part(StrEnum):
    """What a file is, as far as that makes a difference here."""

    STATE = "state"
    CONFIG = "config"
    SESSION = "session"


def part(name: str) -> Part | None:
    """What a file of that name is, below the state directory; ``None`` if it is none of ours."""
    if name == CONFIG:
        return Part.CONFIG
    folder, _, last = name.rpartition("/")
    if folder == CREDENTIALS:
        return Part.STATE if owner(last) else None
    above, _, account = folder.rpartition("/")
    if above == SESSIONS and last == SESSION and _ACCOUNT.fullmatch(account):
        return Part.SESSION
    return Part.STATE if last in (FOLDERS.get(folder, frozenset()) if folder else ROOT) else None


def present(state_dir: Path) -> list[str]:
    """The names of ours that are there, in their order; links and folders of such a name are there, too.

    Raises:
        StoreUnavailable: a folder cannot be listed, or is a link.
    """
    found = [name for name in _names(state_dir, "") if name in ROOT]
    for folder in (CREDENTIALS, *FOLDERS):
        found += [f"{folder}/{name}" for name in _names(state_dir, folder)]
    for account in _names(state_dir, SESSIONS):
        found += [f"{SESSIONS}/{account}/{name}" for name in _names(state_dir, f"{SESSIONS}/{account}")]
    return sorted(name for name in found if part(name) is not None)


def journals(state_dir: Path, session: str) -> Iterator[str]:
    """What lies beside a session's database."""
    folder = session.rpartition("/")[0]
    yield from (f"{folder}/{name}" for name in _names(state_dir, folder) if name in JOURNALS)


def strangers(state_dir: Path) -> list[str]:
    """What else is there, by the names in the directory itself and in the folders that are ours."""
    ours = {folder.partition("/")[0] for folder in (CREDENTIALS, *FOLDERS)}
    found = [name for name in _names(state_dir, "") if name not in ROOT | ours]
    for folder in (CREDENTIALS, *FOLDERS):
        inside = (f"{folder}/{name}" for name in _names(state_dir, folder))
        found += [name for name in inside if part(name) is None and not name.endswith((".flock", ".lock", TEMPORARY))]
    return sorted(found)


def _names(state_dir: Path, folder: str) -> list[str]:
    """What is in a folder; nothing in one that is not there, or that is a file."""
    at = state_dir.resolve()
    *above, last = folder.split("/") if folder else [at.name]
    parent = (at if folder else at.parent).joinpath(*above)
    if folder and not (parent / last).is_symlink() and not (parent / last).is_dir():
        return []
    with existing(parent, last, mend=False) as opened:
        return [] if opened is None else opened.names()
