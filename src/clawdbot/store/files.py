"""The store on files: the reference's own, in the state directory, shared with whoever else reads and writes them.

Why it is built as it is: ``docs/adr/0002-file-store.md``.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from clawdbot.domain import sender_ids
from clawdbot.domain.effects import Change
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import Senders
from clawdbot.errors import StoreUnavailable
from clawdbot.store import inspection
from clawdbot.store.base import A, Key, S, SendersKey
from clawdbot.store.disk import DOCTOR, existing
from clawdbot.store.documents import Stored
from clawdbot.store.group_commit import GroupCommit
from clawdbot.store.inspection import Problem
from clawdbot.store.layout import FOLDER, owner
from clawdbot.store.locks import Patience
from clawdbot.store.senders_files import SendersFiles

Normalise = Callable[[Channel, str], SenderId]

LOOKS = 100
"""How often files that change all the time are looked at before a reader gives up."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One aggregate: its files and the queue of those who want to change them."""

    files: SendersFiles
    queue: GroupCommit[Senders]


class FileStore:
    """A :class:`~clawdbot.store.base.Store` in a state directory, for one event loop at a time.

    Any number of these may work on one directory, in as many processes, beside the reference's commands.

    Args:
        state_dir: need not exist yet. It may be a symbolic link; nothing below it may.
        normalise: reads a sender's id as a file spells it.
        patience: how long to wait for locks.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        normalise: Normalise = sender_ids.normalise,
        patience: Patience | None = None,
    ) -> None:
        self._state_dir = state_dir
        self._normalise = normalise
        self._patience = patience or Patience()
        self._places: dict[ChannelAccount, _Place] = {}
        # Our own threads: one that waits a minute for a lock must not keep anybody else in the process waiting.
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="clawdbot-store")

    async def read(self, key: Key[S]) -> S:
        """The aggregate as last committed, by anybody; three ``stat`` calls while nothing changes."""
        return cast(S, (await self._look(self._place(key).files)).senders)

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        """Decide under the locks, save, then answer; see :class:`~clawdbot.store.base.Store`."""
        queue = cast(GroupCommit[S], self._place(key).queue)
        return await queue.submit(decide)

    async def keys(self, kind: type[Key[S]]) -> list[Key[S]]:
        """The channel accounts that have a file."""
        if not issubclass(SendersKey, kind):
            return []
        with existing(self._state_dir) as folder:
            owners = {owner(name) for name in folder.names()} if folder else set()
        return [cast(Key[S], SendersKey(account)) for account in sorted(found for found in owners if found)]

    def problems(self) -> list[Problem]:
        """Whatever is wrong with the files, and what to do about it; changes nothing."""
        return inspection.problems(self._state_dir, self._files)

    def tidy(self) -> None:
        """Set the modes right and remove what killed processes left; touches no entry."""
        inspection.tidy(self._state_dir, self._files)

    def set_aside(self, path: Path) -> Path:
        """Rename a file that cannot be read, so that a new one can begin; its new path is the answer."""
        return inspection.set_aside(path, self._files)

    async def _look(self, files: SendersFiles) -> Stored:
        for _ in range(LOOKS):
            stored = files.look()
            if stored is not None:
                return stored
            await asyncio.sleep(0.001)
        raise StoreUnavailable(
            f"the files in {self._state_dir / FOLDER} change faster than they can be read", hint=DOCTOR
        )

    def _place(self, key: Key[Any]) -> _Place:
        if not isinstance(key, SendersKey):
            raise TypeError(f"{type(key).__name__} names nothing that is stored in files")
        place = self._places.get(key.account)
        if place is None:
            files = self._files(key.account)
            place = self._places[key.account] = _Place(files, GroupCommit(files.transact, self._threads))
        return place

    def _files(self, account: ChannelAccount) -> SendersFiles:
        return SendersFiles(self._state_dir, account, partial(self._normalise, account.channel), self._patience)
