"""Services that run a gateway beside the one that is asked about: two of them answer every message twice."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from clawdbot.domain.texts import visible

SYSTEM: Final = tuple(map(Path, ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")))
"""Where units of the whole machine are."""

MOST_BYTES: Final = 64 * 1024

_STARTS: Final = re.compile(r"^\s*ExecStart\s*=(.*)$", re.M)
_CONTINUED: Final = re.compile(r"\\\n\s*")


class Reach(StrEnum):
    """Whose a service is."""

    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class OtherService:
    """A unit that starts a gateway, as far as its command tells."""

    path: Path
    reach: Reach

    def as_json(self) -> dict[str, object]:
        """The reference's shape."""
        return {"platform": "linux", "label": self.path.name, "detail": f"unit: {self.path}", "scope": self.reach}

    def __str__(self) -> str:
        return visible(f"{self.path} ({self.reach})", 400)


def other_services(user: Path, system: Sequence[Path], *, own: str) -> list[OtherService]:
    """Units that start a gateway, by the name of their files.

    Args:
        user: where the user's own units are.
        system: where those of the machine are; none, if they are not to be looked at.
        own: the unit of the gateway that is asked about, among the user's.
    """
    found = [OtherService(path, Reach.USER) for path in _units(user) if path.name != own]
    found += [OtherService(path, Reach.SYSTEM) for folder in system for path in _units(folder)]
    return sorted(found, key=lambda one: (one.reach != Reach.USER, one.path.name, one.path))


def _units(folder: Path) -> Iterator[Path]:
    """What cannot be read is not looked into: this only helps whoever wonders."""
    try:
        for path in folder.glob("*.service"):
            if path.is_file() and _starts_a_gateway(path):
                yield path
    except OSError:
        return


def _starts_a_gateway(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return False
    commands = _STARTS.findall(_CONTINUED.sub(" ", text))
    return any("clawdbot" in command and "gateway" in command.replace('"', " ").split() for command in commands)
