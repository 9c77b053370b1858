"""The files that secrets are in: who else can read or change them, and where else they are copied to."""

import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clawdbot.audit.findings import Finding, Severity

WRITABLE: Final = 0o022
READABLE: Final = 0o004
"""… by everybody; a group may be the owner alone."""


@dataclass(frozen=True, slots=True)
class FileFact:
    """One file or folder as it is.

    Attributes:
        part: what it is for us, as part of a finding's id: ``config``, ``state_dir``, ``identity``.
        called: the same for people.
        mode: type and permissions, of what a link leads to where links are the owner's business.
        is_foreign: does it belong to another user?
        is_shielded: is it in a folder that others cannot enter?
    """

    path: Path
    part: str
    called: str
    mode: int
    is_foreign: bool = False
    is_shielded: bool = False

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_loose(self) -> bool:
        """May anybody but its owner do anything with it? The mode of a link says nothing."""
        return not self.is_link and bool(stat.S_IMODE(self.mode) & 0o077)

    @property
    def right_mode(self) -> int:
        return 0o700 if self.is_folder else 0o600


def check(facts: Iterable[FileFact]) -> Iterator[Finding]:
    """Everything that others can read or change, or that is not what it should be."""
    for fact in facts:
        if fact.is_link:
            yield Finding(
                f"fs.{fact.part}.link",
                Severity.WARN,
                f"{fact.called} is a symbolic link",
                "it is not followed, for whoever can change it chooses what is read",
                f"put the {'folder' if fact.part.endswith('_dir') else 'file'} itself there",
                str(fact.path),
            )
        if fact.is_foreign:
            yield Finding(
                f"fs.{fact.part}.owner",
                Severity.CRITICAL,
                f"{fact.called} belongs to another user",
                "who owns it can change it, whatever its mode",
                f'chown "$USER" {shlex.quote(str(fact.path))}',
                str(fact.path),
            )
        if fact.is_loose:
            yield _loose(fact)


def _loose(fact: FileFact) -> Finding:
    permissions = stat.S_IMODE(fact.mode)
    writable = bool(permissions & WRITABLE)
    exposed = writable or (not fact.is_folder and bool(permissions & READABLE))
    return Finding(
        f"fs.{fact.part}.perms_{'writable' if writable else 'readable'}",
        Severity.CRITICAL if exposed and not fact.is_shielded else Severity.WARN,
        f"Others on this machine can {'change' if writable else 'read'} {fact.called}",
        f"its mode is {permissions:o}" + ("; the folder above still keeps them out" if fact.is_shielded else ""),
        f"chmod {fact.right_mode:o} {shlex.quote(str(fact.path))}",
        str(fact.path),
    )


# --- folders that are copied elsewhere -------------------------------------------------------------------------------

MARKERS: Final = {".stfolder": "Syncthing", ".dropbox": "Dropbox", ".owncloudsync.log": "ownCloud"}
"""What programs leave in the folders that they copy."""

_FOLDERS: Final = (
    (re.compile(r"dropbox( \(.*\))?", re.I), "Dropbox"),
    (re.compile(r"onedrive( ?- .*)?", re.I), "OneDrive"),
    (re.compile(r"google ?drive(-.*)?", re.I), "Google Drive"),
    (re.compile(r"mobile documents|icloud ?drive", re.I), "iCloud"),
    (re.compile(r"nextcloud", re.I), "Nextcloud"),
    (re.compile(r"owncloud", re.I), "ownCloud"),
    (re.compile(r"p ?cloud ?drive", re.I), "pCloud"),
    (re.compile(r"megasync", re.I), "MEGA"),
    (re.compile(r"box sync", re.I), "Box"),
    (re.compile(r"proton ?drive(-.*)?", re.I), "Proton Drive"),
    (re.compile(r"seafile", re.I), "Seafile"),
    (re.compile(r"syncthing", re.I), "Syncthing"),
    (re.compile(r"cloudstorage", re.I), "a cloud"),
)


def synced_by(path: Path) -> str:
    """Which program copies a folder elsewhere, judging by where it is; empty if none is known to."""
    for name in path.parts:
        for pattern, program in _FOLDERS:
            if pattern.fullmatch(name):
                return program
    return ""


def synced(path: Path, called: str, program: str) -> Finding:
    """State where another program copies it: secrets leave the machine, and what comes back may be older."""
    return Finding(
        "fs.synced_dir",
        Severity.WARN,
        f"{called} is in a folder that {program} copies elsewhere",
        "secrets leave this machine, and an older copy that comes back undoes what you revoked",
        "move it, and name the new place with CLAWDBOT_STATE_DIR",
        str(path),
    )
