"""The store on files: the reference's own, in the state directory, shared with whoever else reads and writes them.

Why it is built as it is: ``docs/adr/0002-file-store.md``, and ``0008-device-files.md`` for devices and nodes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from clawdbot.domain import sender_ids
from clawdbot.domain.effects import Change
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.sender_records import Senders
from clawdbot.store import inspection
from clawdbot.store.base import A, DeviceKey, Key, NodeKey, S, SendersKey
from clawdbot.store.disk import existing
from clawdbot.store.file_set import FileSet
from clawdbot.store.inspection import Area, Problem
from clawdbot.store.layout import FOLDER
from clawdbot.store.locks import Patience
from clawdbot.store.onlooker import Normalise, accounts_in
from clawdbot.store.places import RegisterPlace, SendersPlace
from clawdbot.store.register import Kind
from clawdbot.store.register_files import RegisterFiles
from clawdbot.store.senders_files import SendersFiles

REGISTERED: tuple[type[Key[Any]], ...] = (DeviceKey, NodeKey)
"""What many of stand in one file."""


class FileStore:
    """A :class:`~clawdbot.store.base.Store` in a state directory, for one event loop at a time.

    Any number of these may work on one directory, in as many processes, beside the reference's commands.

    Args:
        state_dir: need not exist yet. It may be a symbolic link; nothing below it may.
        normalise: reads a sender's id as a file spells it.
        patience: how long to wait for locks.
        mend: does a look set modes right that are too wide?
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        normalise: Normalise = sender_ids.normalise,
        patience: Patience | None = None,
        mend: bool = True,
    ) -> None:
        self._state_dir = state_dir
        self._normalise = normalise
        self._patience = patience or Patience()
        self._mend = mend
        self._accounts: dict[ChannelAccount, SendersPlace] = {}
        self._everybody: Mapping[Key[Any], Any] = {}
        self._registers: dict[type[Key[Any]], RegisterPlace[Any, Any, Any]] = {}
        # Our own threads: one that waits a minute for a lock must not keep anybody else in the process waiting.
        self._threads = ThreadPoolExecutor(max_workers=64, thread_name_prefix="clawdbot-store")

    async def read(self, key: Key[S]) -> S:
        """The aggregate as last committed, by anybody; a ``stat`` of each of its files while nothing changes."""
        if isinstance(key, SendersKey):
            return cast(S, (await self._account(key.account).reader.read()).senders)
        state: S = await self._register(type(key)).read(key)
        return state

    async def read_all(self, kind: type[Key[S]]) -> Mapping[Key[S], S]:
        """Everything that is stored under the keys of one kind."""
        if kind in REGISTERED:
            return await self._register(kind).read_all()
        found = {key: await self.read(key) for key in await self.keys(kind)}
        self._everybody = self._everybody if found == self._everybody else found
        return self._everybody

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        """Decide under the locks, save, then answer; see :class:`~clawdbot.store.base.Store`."""
        if isinstance(key, SendersKey):
            senders = await self._account(key.account).update(cast("Callable[[Senders], Change[Senders, A]]", decide))
            return cast("Change[S, A]", senders)
        change: Change[S, A] = await self._register(type(key)).update(key, decide)
        return change

    async def keys(self, kind: type[Key[S]]) -> list[Key[S]]:
        """The channel accounts that have a file; the devices or nodes that are in one."""
        if kind in REGISTERED:
            return list(await self._register(kind).read_all())
        if kind is not SendersKey:
            return []
        return [cast(Key[S], SendersKey(account)) for account in accounts_in(self._state_dir, mend=self._mend)]

    async def close(self) -> None:
        """Save what nobody waited for."""
        for register in self._registers.values():
            await register.close()

    @contextmanager
    def standing_still(self, *names: str) -> Iterator[None]:
        """Keep everybody else, the reference's commands too, from changing anything. Blocks.

        Args:
            names: files that need not be there yet, as ``folder/name``, and that nobody is to make meanwhile either.

        Raises:
            StoreUnavailable: the locks cannot be had in time.
        """
        with ExitStack() as locks:
            for area in self._areas():
                with existing(self._state_dir, area.folder) as folder:
                    there = folder.names() if folder else []
                wanted = [name.rpartition("/")[2] for name in names if name.rpartition("/")[0] == area.folder]
                for files in area.files([*there, *wanted]):
                    locks.enter_context(files.locked())
            yield

    def problems(self) -> list[Problem]:
        """Whatever is wrong with the files, and what to do about it; changes nothing."""
        return inspection.problems(self._state_dir, self._areas())

    def unwritable(self) -> list[Problem]:
        """Why nothing can be saved, if that is so; tried, and undone."""
        return inspection.unwritable(self._state_dir)

    def tidy(self) -> None:
        """Set the modes right and remove what killed processes left; touches no entry."""
        inspection.tidy(self._state_dir, self._areas())

    def set_aside(self, path: Path) -> Path:
        """Rename a file that cannot be read, so that a new one can begin; its new path is the answer."""
        return inspection.set_aside(path, self._areas())

    def _account(self, account: ChannelAccount) -> SendersPlace:
        place = self._accounts.get(account)
        if place is None:
            place = self._accounts[account] = SendersPlace(self._senders_files(account), self._threads)
        return place

    def _register(self, kind: type[Key[Any]]) -> RegisterPlace[Any, Any, Any]:
        place = self._registers.get(kind)
        if place is None:
            place = self._registers[kind] = RegisterPlace(self._register_files(_kind(kind)), self._threads)
        return place

    def _senders_files(self, account: ChannelAccount) -> SendersFiles:
        files = SendersFiles(self._state_dir, account, partial(self._normalise, account.channel), self._patience)
        files.mends = self._mend
        return files

    def _register_files(self, kind: Kind[Any, Any, Any]) -> RegisterFiles[Any, Any, Any]:
        files = RegisterFiles(self._state_dir, kind, self._patience)
        files.mends = self._mend
        return files

    def _areas(self) -> list[Area]:
        registers = [self._register_files(_kind(kind)) for kind in REGISTERED]
        return [Area(FOLDER, self._files_of_accounts), *[Area.of(files) for files in registers]]

    def _files_of_accounts(self, names: Iterable[str]) -> list[FileSet[Any]]:
        accounts = {inspection.account_of(name) for name in names}
        return [self._senders_files(account) for account in sorted(found for found in accounts if found)]


def _kind(of: type[Key[Any]]) -> Kind[Any, Any, Any]:
    """How devices or nodes are kept. Who works on senders alone does not load the cryptography of devices."""
    if of is DeviceKey:
        from clawdbot.store.device_rows import DEVICES

        return DEVICES
    if of is NodeKey:
        from clawdbot.store.node_rows import NODES

        return NODES
    raise TypeError(f"{of.__name__} names nothing that is stored in files")
