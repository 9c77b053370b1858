"""One gateway a state directory: a lock file that is held while it runs, and dies with it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from clawdbot.errors import Refused, StoreUnavailable

LOCK_NAME = "gateway.lock"

LOOKS = 50
LOOK_S = 0.01
"""Between two looks at a lock that somebody has: whoever only asks (:func:`running`) has it for a moment."""


@contextmanager
def hold(state_dir: Path) -> Iterator[None]:
    """Be the only gateway on a state directory for as long as the context lasts.

    Raises:
        Refused: another one runs; the message names its process id.
        StoreUnavailable: the lock file cannot be made.
    """
    path = state_dir / LOCK_NAME
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}", hint='run "clawdbot doctor"') from error
    try:
        if not _taken(descriptor, path):
            raise Refused(
                f"a gateway runs on {state_dir} already{_named(_pid(descriptor))}",
                hint='stop it first, or use another state with "clawdbot --profile NAME gateway"',
            )
        with suppress(OSError):  # on a full disk it does not say which process it is, and runs all the same
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)
        yield
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, path: Path) -> bool:
    """Take the lock; ``False`` if somebody keeps it. Raises StoreUnavailable."""
    for _ in range(LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)
        except OSError as error:
            raise StoreUnavailable(f"{path}: {error.strerror}", hint='run "clawdbot doctor"') from error
        else:
            return True
    return False


def running(state_dir: Path) -> int | None:
    """The process id of the gateway that runs on a state directory, if one does (0 if it does not say which)."""
    try:
        descriptor = os.open(state_dir / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _pid(descriptor: int) -> int:
    try:
        said = json.loads(os.pread(descriptor, 100, 0))
    except ValueError:
        return 0
    return said["pid"] if isinstance(said, dict) and isinstance(said.get("pid"), int) else 0


def _named(pid: int) -> str:
    return f" (process {pid})" if pid else ""
