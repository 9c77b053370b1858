"""Where the state and the configuration are: the reference's places and variables (``docs/config.md#places``)."""

import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clawdbot.errors import UsageError

STATE_DIR = "CLAWDBOT_STATE_DIR"
CONFIG_PATH = "CLAWDBOT_CONFIG_PATH"


@dataclass(frozen=True, slots=True)
class Paths:
    """Absolute paths; nothing needs to be there yet."""

    state_dir: Path
    config_path: Path


def locate(environ: Mapping[str, str], home: Path, profile: str = "") -> Paths:
    """Find the state directory and the configuration file.

    A profile chooses ``~/.clawdbot-<profile>`` where the environment does not name a state directory. As in the
    reference, ``CLAWDBOT_PROFILE`` alone moves nothing: it only tells programs which profile they were started for.

    Raises:
        UsageError: the profile's name cannot be part of a directory's name.
    """
    named = _named(environ, STATE_DIR, home)
    state_dir = named or home / f".clawdbot{_suffix(profile)}"
    return Paths(state_dir, _named(environ, CONFIG_PATH, home) or state_dir / "clawdbot.json")


def expand(text: str, home: Path) -> Path:
    """A path as people write it: ``~`` is the home directory."""
    if text == "~" or text.startswith("~/"):
        return home / text[2:]
    return Path(text)


def home_of(environ: Mapping[str, str]) -> Path:
    """The home directory that an environment names; the user's, if it names none."""
    if environ.get("HOME", "").strip():
        return Path(environ["HOME"])
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a user whom the system does not know, as in some containers
        return Path("/")


def _named(environ: Mapping[str, str], variable: str, home: Path) -> Path | None:
    text = environ.get(variable, "").strip()
    return expand(text, home).absolute() if text else None


def _suffix(profile: str) -> str:
    name = profile.strip()
    if not name or name.lower() == "default":
        return ""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", name):
        raise UsageError("the profile's name has other characters than letters, digits, _ and -", hint="--profile work")
    return f"-{name}"
