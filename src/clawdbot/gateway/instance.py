"""One gateway a state directory: a lock file that is held while it runs, and dies with it.

While it runs the file says which process it is and where it listens, so that commands on the same state directory find
it whatever options it was started with. What the file says counts only while the lock is held (threats.md G15).
"""

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, StoreUnavailable
from clawdbot.obstacles import way_out
from clawdbot.store.layout import UNFINISHED

LOCK_NAME = "gateway.lock"

LOOKS = 50
LOOK_S = 0.01
"""Between two looks at a lock that somebody has: whoever only asks (:func:`find`) has it for a moment."""

MAX_BYTES: Final = 4096
OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Instance:
    """The gateway that runs on a state directory, as far as it says.

    Attributes:
        pid: its process; 0 if it does not say which.
        url: where programs of this machine reach it; empty if it does not say, or says it to others than this program.
        fingerprint: of its certificate; empty without TLS.
        hosts: the addresses that it listens on, as :attr:`GatewaySettings.hosts` has them.
    """

    pid: int = 0
    url: str = ""
    fingerprint: str = ""
    hosts: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """Which one, for people, behind a word or a path: ``(process 7) at ws://127.0.0.1:18789``."""
        process = f" (process {self.pid})" if self.pid else ""
        return f"{process} at {visible(self.url, 200)}" if self.url else process


class Place:
    """The lock, in the hands of the gateway that has it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def listens(self, url: str, fingerprint: str = "", hosts: Sequence[str] = ()) -> None:
        """Say where programs of this machine reach the gateway, by which certificate, and on what it listens."""
        said = {"url": url, "fingerprint": fingerprint, "hosts": list(hosts)}
        self._say({"pid": os.getpid(), **said, "network": _network()})

    def listens_nowhere(self) -> None:
        """Say that it cannot be reached yet, or not any more: the port may be somebody else's in a moment."""
        self._say({"pid": os.getpid()})

    def _say(self, said: dict[str, object]) -> None:
        """Replace what the file says. On a full disk it says less, and the gateway runs all the same."""
        text = json.dumps(said).encode()
        with suppress(OSError):
            os.pwrite(self._descriptor, text, 0)
            os.ftruncate(self._descriptor, len(text))


_ANOTHER = 'use another state with "clawdbot --profile NAME gateway"'


@contextmanager
def hold(state_dir: Path, *, to_restore: bool = False) -> Iterator[Place]:
    """Be the only gateway on a state directory for as long as the context lasts.

    Args:
        to_restore: nothing is served meanwhile, so that the state may be half of an interrupted restore.

    Raises:
        Refused: another one runs; the message names its process id. Or a restore was interrupted.
        StoreUnavailable: the lock file cannot be made.
    """
    path = state_dir / LOCK_NAME
    if not to_restore and (state_dir / UNFINISHED).exists():
        raise Refused(
            f"a restore of {state_dir} was interrupted", hint='bring it back again: "clawdbot restore FILE --force"'
        )
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        if not _taken(descriptor, path):
            raise Refused(
                f"a gateway runs on {state_dir} already{_said(descriptor).described}",
                hint="stop it first" if to_restore else f"stop it first, or {_ANOTHER}",
            )
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.fchmod(descriptor, 0o600)
        place = Place(descriptor)
        place.listens_nowhere()
        yield place
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _refused(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(f"{path}: {error.strerror}", hint=way_out(error, path) or 'run "clawdbot doctor"')


def _taken(descriptor: int, path: Path) -> bool:
    """Take the lock; ``False`` if somebody keeps it. Raises StoreUnavailable."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)
        except OSError as error:
            raise _refused(path, error) from error
        else:
            return True
    return False


def running(state_dir: Path) -> int | None:
    """The process id of the gateway that runs on a state directory, if one does (0 if it does not say which)."""
    found = find(state_dir)
    return None if found is None else found.pid


def find(state_dir: Path) -> Instance | None:
    """The gateway that runs on a state directory, if one does."""
    try:
        descriptor = os.open(state_dir / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _said(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _said(descriptor: int) -> Instance:
    """What the file says. An address is believed only if nobody but this user and the gateway can have written it."""
    try:
        said = json.loads(os.pread(descriptor, MAX_BYTES, 0))
    except (OSError, ValueError, RecursionError):
        return Instance()
    if not isinstance(said, dict) or not isinstance(pid := said.get("pid"), int):
        return Instance()
    url, fingerprint = said.get("url"), said.get("fingerprint")
    if not isinstance(url, str) or not isinstance(fingerprint, str):
        return Instance(pid)
    if not _is_private(descriptor) or not _is_alive(pid) or said.get("network") != _network():
        return Instance(pid)
    hosts = said.get("hosts")
    listed = tuple(host for host in hosts if isinstance(host, str)) if isinstance(hosts, list) else ()
    return Instance(pid, url, fingerprint, listed)


def _is_private(descriptor: int) -> bool:
    found = os.fstat(descriptor)
    return found.st_uid == os.geteuid() and not found.st_mode & OTHERS_WRITE


def _is_alive(pid: int) -> bool:
    """Between taking the lock and writing into it, a gateway shows what a killed one left there."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return False
    return True


def _network() -> int | None:
    """Whose loopback an address is on: containers that share a state directory have one each. ``None``: not known."""
    try:
        return os.stat("/proc/self/ns/net").st_ino
    except OSError:
        return None
