"""Platforms: of which family a device is, and which commands such a node may be asked to run (threats.md G14).

A node runs a command only if its platform's list or the owner allows it, the owner does not deny it, and the node
declared it when it connected. The lists are the protocol's (``docs/protocol.md#nodes``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """A family of platforms."""

    IOS = "ios"
    ANDROID = "android"
    MACOS = "macos"
    WINDOWS = "windows"
    LINUX = "linux"
    UNKNOWN = "unknown"


_PREFIXES = (
    ("ios", Family.IOS),
    ("ipad", Family.IOS),
    ("iphone", Family.IOS),
    ("android", Family.ANDROID),
    ("mac", Family.MACOS),
    ("darwin", Family.MACOS),
    ("win", Family.WINDOWS),
    ("linux", Family.LINUX),
)

_SYSTEM = frozenset(
    {
        "system.run",
        "system.which",
        "system.notify",
        "system.execApprovals.get",
        "system.execApprovals.set",
        "browser.proxy",
    }
)
_PHONE = frozenset(
    {
        "canvas.present",
        "canvas.hide",
        "canvas.navigate",
        "canvas.eval",
        "canvas.snapshot",
        "canvas.a2ui.push",
        "canvas.a2ui.pushJSONL",
        "canvas.a2ui.reset",
        "camera.list",
        "camera.snap",
        "camera.clip",
        "screen.record",
        "location.get",
    }
)
_SMS = frozenset({"sms.send"})

COMMANDS: Mapping[Family, frozenset[str]] = {
    Family.IOS: _PHONE,
    Family.ANDROID: _PHONE | _SMS,
    Family.MACOS: _PHONE | _SYSTEM,
    Family.WINDOWS: _SYSTEM,
    Family.LINUX: _SYSTEM,
    Family.UNKNOWN: _PHONE | _SMS | _SYSTEM,
}
"""What a family may be asked for unless the owner says otherwise."""


def family(platform: str | None, device_family: str | None = None) -> Family:
    """Read the family off what a client says about itself: the platform first, else the kind of device."""
    for text in (platform, device_family):
        name = (text or "").strip().lower()
        for prefix, found in _PREFIXES:
            if name.startswith(prefix):
                return found
    return Family.UNKNOWN


@dataclass(frozen=True, slots=True)
class CommandPolicy:
    """The owner's own word: ``gateway.nodes.allowCommands`` adds, ``denyCommands`` removes and wins."""

    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()


def allowed_commands(of: Family, policy: CommandPolicy) -> frozenset[str]:
    """The commands that a node of this family may be asked for."""
    return (COMMANDS[of] | policy.allow) - policy.deny


def usable(declared: Iterable[str], allowed: frozenset[str]) -> tuple[str, ...]:
    """What a node that declares these commands is listed with: sorted, trimmed, each once, and only what it may run."""
    return tuple(sorted({command.strip() for command in declared} & allowed))


@dataclass(frozen=True, slots=True)
class MayRun:
    """Ask the node."""


class WhyNot(StrEnum):
    """Why a command is not sent, in the words of the protocol."""

    NOT_ALLOWLISTED = "command not allowlisted"
    NOTHING_DECLARED = "node did not declare commands"
    NOT_DECLARED = "command not declared by node"


@dataclass(frozen=True, slots=True)
class MayNotRun:
    why: WhyNot


def decide(command: str, declared: Iterable[str], allowed: frozenset[str]) -> MayRun | MayNotRun:
    """May this command be sent to a node that declared those, now that these are allowed?"""
    if command not in allowed:
        return MayNotRun(WhyNot.NOT_ALLOWLISTED)
    able = {name.strip() for name in declared}
    if not able:
        return MayNotRun(WhyNot.NOTHING_DECLARED)
    return MayRun() if command in able else MayNotRun(WhyNot.NOT_DECLARED)
