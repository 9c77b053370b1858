"""Replace several files, all or none of them, as far as a file system can promise that.

First every new file is written beside the old one and flushed; until the last of them is safe, nothing has changed.
Then they are renamed into their places, step by step, each step flushed before the next begins. A kill between two
renames leaves a prefix, which the order of the files makes harmless (``docs/adr/0002-file-store.md``); a failure there
is undone.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from clawdbot.errors import StoreError, StoreUnavailable
from clawdbot.store.disk import Folder


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file's content before (``None``: it is not there) and after."""

    name: str
    old: bytes | None
    new: bytes


def commit(folder: Folder, steps: Sequence[Sequence[Replacement]], confirm: Callable[[], None]) -> None:
    """Replace files so that all of them are durable on return.

    Args:
        steps: the files of one step are on the disk before a file of the next step is touched.
        confirm: called when everything is staged, right before the first file is replaced; raises to call it off.

    Raises:
        StoreUnavailable: it could not be done, and nothing is changed; or what was changed could not be changed back,
            and the message says so.
    """
    if not steps:
        return
    staged: dict[str, str] = {}
    replaced: list[Replacement] = []
    try:
        for step in steps:
            for file in step:
                staged[file.name] = folder.stage(file.name, file.new)
        confirm()
        for step in steps:
            for file in step:
                folder.rename(staged[file.name], file.name)
                del staged[file.name]
                replaced.append(file)
            folder.sync()
    except BaseException as error:
        for temporary in staged.values():
            folder.discard(temporary)
        _undo(folder, replaced, error)
        raise


def _undo(folder: Folder, replaced: list[Replacement], error: BaseException) -> None:
    """Put the old files back, the last one first: each state on the way is one of those passed on the way there."""
    try:
        for file in reversed(replaced):
            if file.old is None:
                folder.remove(file.name)
            else:
                folder.rename(folder.stage(file.name, file.old, flush=False), file.name)
    except StoreError:
        raise StoreUnavailable(
            f"{error}; and a part of the change could not be taken back", hint="list who is in and who waits to see it"
        ) from error
    with suppress(StoreError):
        folder.sync()
