"""Reads the state directory as it is at one moment. Blocking; nothing is changed."""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from clawdbot.backup import inventory
from clawdbot.backup.inventory import CONFIG, Part, part
from clawdbot.errors import StoreUnavailable
from clawdbot.paths import Paths
from clawdbot.store.disk import MAX_BYTES, existing, guarded
from clawdbot.store.files import FileStore

Files = Mapping[str, bytes]
"""Contents by name, as in :mod:`.inventory`."""

DATABASE_S: Final = 5.0
"""How long a session's database may be locked by whoever writes to it."""


def snapshot(paths: Paths, store: FileStore, *, sessions: bool) -> dict[str, bytes]:
    """Read all that is worth keeping, while nobody else may write.

    Args:
        store: of the same state directory; it has the locks.
        sessions: also the databases that make this machine a linked device of a chat platform.

    Raises:
        StoreError: something is there and cannot be read, or not as what it must be.
    """
    with store.standing_still():
        return read(paths, sessions=sessions)


def read(paths: Paths, *, sessions: bool) -> dict[str, bytes]:
    """The same without the locks; a file that went away meanwhile is left out."""
    found: dict[str, bytes] = {}
    for name in inventory.present(paths.state_dir):
        kind = part(name)
        if kind is Part.SESSION and sessions:
            found[name] = _database(paths.state_dir.resolve() / name)
        elif kind is Part.STATE:
            content = _file(paths.state_dir.resolve(), name)
            found |= {} if content is None else {name: content}
    config = _config(paths.config_path)
    return found if config is None else {CONFIG: config, **found}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _file(state_dir: Path, name: str) -> bytes | None:
    folder = (state_dir / name).parent
    with existing(folder.parent, folder.name, mend=False) as opened:
        blob = opened.read(name.rpartition("/")[2]) if opened else None
    return None if blob is None else blob.data


def _config(path: Path) -> bytes | None:
    """Wherever it is: a link that leads to it is the owner's business."""
    with guarded("read", path):
        if not path.exists():
            return None
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise StoreUnavailable(f"cannot read {path}: it is no file of its kind")
        return path.read_bytes()


def _database(path: Path) -> bytes:
    """A database as it is at one moment, whoever writes to it meanwhile."""
    if path.is_symlink() or not path.is_file():
        raise StoreUnavailable(f"cannot read {path}: it is not a regular file")
    try:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=DATABASE_S)) as database,
            closing(sqlite3.connect(":memory:")) as copy,
        ):
            database.backup(copy)
            return copy.serialize()
    except sqlite3.Error as error:
        raise StoreUnavailable(f"cannot read {path}: {type(error).__name__}", hint="stop the gateway first") from None
