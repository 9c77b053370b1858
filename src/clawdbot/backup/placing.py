"""Puts files into the state directory: all of them or none, private, and what was there is kept (threats.md S1, S2).

Everything is written beside its place first, then moved: what was there into a folder in ``restore-unfinished``, what
is new into place. An error on the way moves all of it back. A process that is killed between two moves leaves that
behind, with what was there in it; no gateway starts while it is there, and bringing the archive back once more finishes
it. Until that is done it stays: a second try may fail, too.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from clawdbot.backup.snapshot import Files
from clawdbot.store.disk import Folder, created, guarded
from clawdbot.store.layout import UNFINISHED

ASIDE: Final = "before-restore"


def place(state_dir: Path, files: Files, *, instead: Collection[str] = ()) -> Path | None:
    """Put files into place; the caller holds the locks.

    Args:
        instead: the names of what is there now and goes; what has a name of the files goes in any case.

    Returns:
        The folder that it is in now, if there was any.

    Raises:
        StoreUnavailable: something could not be written; everything is as it was.
    """
    root = state_dir.resolve()
    with ExitStack() as undo:
        undo.callback(_remove_empty, root / UNFINISHED)
        aside = f"{UNFINISHED}/{_free(root / UNFINISHED)}"
        staged = {name: _staged(root, name, content, undo) for name, content in files.items()}
        with _opened(root, aside):
            for name in dict.fromkeys([*instead, *(name for name in files if os.path.lexists(root / name))]):
                _move(root, name, f"{aside}/{name}", undo)
            for name, temporary in staged.items():
                _move(root, temporary, name, undo)
            for folder in {Path(name).parent for name in {*files, *instead}}:
                with _opened(root, str(folder)) as opened:
                    opened.sync()
        undo.pop_all()
    return _put_away(root)


def _staged(root: Path, name: str, content: bytes, undo: ExitStack) -> str:
    folder, _, last = name.rpartition("/")
    with _opened(root, folder) as opened:
        temporary = opened.stage(last, content)
    staged = f"{folder}/{temporary}" if folder else temporary
    undo.callback(_discard, root / staged)
    return staged


def _move(root: Path, old: str, new: str, undo: ExitStack) -> None:
    """Rename what has one name to the other; a folder for it is made if there is none."""
    with (
        guarded("move", root / old),
        _opened(root, str(Path(old).parent)) as here,
        _opened(root, str(Path(new).parent)) as there,
    ):
        os.rename(Path(old).name, Path(new).name, src_dir_fd=here.fd, dst_dir_fd=there.fd)
        there.sync()
    undo.callback(_move_back, root / new, root / old)


def _move_back(new: Path, old: Path) -> None:
    with suppress(OSError):
        os.rename(new, old)


def _discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


@contextmanager
def _opened(root: Path, folder: str) -> Iterator[Folder]:
    """A folder of the state directory, made where it is missing; no link on the way is followed."""
    parts = [] if folder in ("", ".") else folder.split("/")
    with ExitStack() as way:
        at, opened = root, way.enter_context(created(root.parent, root.name))
        for name in parts:
            opened = way.enter_context(created(at, name))
            at = at / name
        yield opened


def _put_away(root: Path) -> Path | None:
    """Give what was there before a name that stays, what earlier tries left behind first; the last of these names."""
    unfinished, aside = root / UNFINISHED, None
    _remove_empty(unfinished)
    if unfinished.is_dir():
        with guarded("rename", unfinished):
            for each in sorted(unfinished.iterdir(), key=lambda each: (len(each.name), each.name)):
                aside = root / f"{ASIDE}-{_free(root, f'{ASIDE}-')}"
                os.rename(each, aside)
            unfinished.rmdir()
    return aside


def _free(folder: Path, beginning: str = "") -> int:
    """The first number under which nothing is in a folder."""
    return next(number for number in count(1) if not os.path.lexists(folder / f"{beginning}{number}"))


def _remove_empty(folder: Path) -> None:
    """Remove a folder as far as nothing is in it; nothing that is none."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with suppress(OSError):
        for inner in folder.iterdir():
            _remove_empty(inner)
        folder.rmdir()
