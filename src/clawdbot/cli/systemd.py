"""The user's own service manager, through ``systemctl --user``."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clawdbot.domain.texts import visible
from clawdbot.errors import ClawdbotError, Refused

WITHIN_S = 120.0
"""A gateway may take 90 s to start, or 60 s to stop; then systemd itself gives up."""

FOREGROUND = 'run "clawdbot gateway" under another service manager; "clawdbot gateway install --print" shows the unit'


class NoServiceManager(ClawdbotError):
    """There is no systemd for this user, or it does not do what it is asked."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Systemd:
    """systemd for one user.

    Attributes:
        systemctl: the program.
        folder: where the user's units are.
    """

    systemctl: str
    folder: Path

    def call(self, *words: str) -> str:
        """Have something done; what it printed. Raises NoServiceManager."""
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are ours
                [self.systemctl, "--user", "--no-pager", *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="backslashreplace",
                timeout=WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoServiceManager(f"systemctl could not be run: {type(error).__name__}", hint=FOREGROUND) from None
        if done.returncode:
            raise _refusal(words, done.stderr)
        return done.stdout

    def write(self, name: str, text: str) -> None:
        """Write a unit, whole or not at all. Raises NoServiceManager."""
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, "utf-8")
            temporary.chmod(0o644)
            temporary.replace(self.folder / name)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise NoServiceManager(f"{self.folder / name} cannot be written: {error.strerror}") from None

    def installed(self, name: str) -> str | None:
        """The text of a unit that was installed; ``None`` if there is none."""
        try:
            return (self.folder / name).read_text("utf-8", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NoServiceManager(f"{self.folder / name} cannot be read: {error.strerror}") from None


def systemd(home: Path) -> Systemd:
    """The service manager of whoever runs this.

    Raises:
        NoServiceManager: there is none here, or none that runs for this user.
    """
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        raise NoServiceManager("there is no systemd here", hint=FOREGROUND)
    found = Systemd(systemctl, units(home))
    found.call("show", "--property=Version")
    return found


def units(home: Path) -> Path:
    """Where a user's own units are."""
    named = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(named) if named.startswith("/") else home / ".config") / "systemd" / "user"


def lingers() -> bool:
    """Does the user's service manager run while nobody is logged in? Yes, too, where that cannot be found out."""
    loginctl = shutil.which("loginctl")
    if loginctl is None:
        return True
    try:
        done = subprocess.run(  # noqa: S603 - the arguments are ours
            [loginctl, "show-user", str(os.getuid()), "--property=Linger"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return done.stdout.strip() != "Linger=no"


def _refusal(words: tuple[str, ...], said: str) -> ClawdbotError:
    first = visible(next(iter(said.strip().splitlines()), "it does not say why"), 300)
    if "connect to bus" in said or "XDG_RUNTIME_DIR" in said:
        return NoServiceManager(
            f"no systemd runs for this user: {first}",
            hint=f"log in as the user itself, not by su (loginctl enable-linger {os.getuid()}), or {FOREGROUND}",
        )
    return Refused(
        f"systemctl --user {' '.join(words)} did not work: {first}",
        hint=f"look at: journalctl --user --unit {words[-1]} --lines 20",
    )
