"""The three files of one channel account: read, watched and replaced as one aggregate. Blocking; no event loop here."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clawdbot.domain.effects import Change
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.senders import Senders
from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.store.commit import Replacement, commit
from clawdbot.store.disk import (
    DOCTOR,
    MAX_BYTES,
    TEMPORARY,
    Blob,
    Folder,
    Signature,
    anchor,
    created,
    existing,
    refusal,
    signature,
)
from clawdbot.store.documents import Malformed, Stored, decode
from clawdbot.store.entries import ReadId
from clawdbot.store.layout import FOLDER, Part, base, file_name
from clawdbot.store.locks import Held, Patience, exclusive
from clawdbot.store.rewriting import disjoint, encode

SETTLED_NS = 50_000_000
"""A copy is trusted once its files are older than this: two writes within one tick of the clock look alike."""

STEPS = ((Part.SENDERS, Part.ALLOW_FROM), (Part.PAIRING,))
"""What is durable before what is begun: the grant before its request goes."""

Decide = Callable[[Senders], Change[Senders, Any]]
Outcome = Change[Senders, Any] | Exception
Signatures = tuple[Signature | None, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """What the files said, and how to tell whether they still say it."""

    texts: Mapping[Part, bytes | None]
    stored: Stored
    signatures: Signatures
    settled: bool


class SendersFiles:
    """One channel account's files.

    Raises (every method):
        StoreCorrupt: a file does not hold what it must; it is left as it is.
        StoreUnavailable: a file cannot be read, locked or written now; nothing was changed.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount, read_id: ReadId, patience: Patience) -> None:
        self.account = account
        self._state_dir = state_dir
        self._read_id = read_id
        self._patience = patience
        self._base = base(account)
        self._names = {part: file_name(account, part) for part in Part}
        self._paths = {part: str(state_dir / FOLDER / name) for part, name in self._names.items()}
        self._copy: Copy | None = None
        self._prepared = False

    def path(self, part: Part) -> Path:
        return Path(self._paths[part])

    def look(self) -> Stored | None:
        """What the files say now; ``None`` if one changed while they were read: look again.

        Costs three ``stat`` calls as long as nothing changes, and then returns the same object again.
        """
        copy = self._copy
        if copy is not None and copy.settled and copy.signatures == self._signatures():
            return copy.stored
        with existing(self._state_dir) as folder:
            fresh = self._read(folder)
        return fresh.stored if fresh else None

    def transact(self, decides: Sequence[Decide], wanted: Callable[[], bool] = lambda: True) -> list[Outcome]:
        """Apply decisions one after another to what the files say under the locks, and save the last state once.

        A decision that raises, or whose state cannot be written, is answered with the exception and changes nothing.
        Waiting for the locks ends when ``wanted`` says that nobody waits for the answers any more.
        """
        with self.locked(wanted) as (folder, held):
            copy = self._read_locked(folder)
            outcomes, state = self._decide(copy.stored, decides)
            if state is not copy.stored.senders:
                self._save(folder, held, copy, state)
            return outcomes

    def inspect(self) -> Stored | None:
        """The same as :meth:`look`, from the disk, and without setting any mode right."""
        with existing(self._state_dir, mend=False) as folder:
            fresh = self._read(folder)
        return fresh.stored if fresh else None

    @contextmanager
    def locked(self, wanted: Callable[[], bool] = lambda: True) -> Iterator[tuple[Folder, Held]]:
        """Keep everybody else from writing these files."""
        directories = tuple(f"{self._names[part]}.lock" for part in (Part.PAIRING, Part.ALLOW_FROM))
        with (
            created(self._state_dir) as folder,
            exclusive(folder, f"{self._base}-pairing.flock", directories, self._patience, wanted) as held,
        ):
            if not self._prepared:
                anchor(self._state_dir)
                self.sweep(folder)
                self._prepared = True
            yield folder, held

    def sweep(self, folder: Folder) -> None:
        """Remove what killed processes of ours left half-written. Under the lock, nobody is writing one."""
        left = re.compile(
            rf"(?:{'|'.join(map(re.escape, self._names.values()))})\.[0-9a-f]{{16}}{re.escape(TEMPORARY)}"
        )
        for name in folder.names():
            if left.fullmatch(name):
                folder.discard(name)

    # --- reading -----------------------------------------------------------------------------------------------------

    def _signatures(self) -> Signatures:
        """Of the files as they are now. Raises StoreUnavailable."""
        return tuple([self._signature(part) for part in Part])

    def _signature(self, part: Part) -> Signature | None:
        try:
            return signature(os.lstat(self._paths[part]))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal("look at", self.path(part), error) from error

    def _read(self, folder: Folder | None) -> Copy | None:
        """Read the files; ``None`` if what was read are not three files of one moment."""
        now = time.time_ns()
        blobs: dict[Part, Blob | None] = {part: folder.read(self._names[part]) if folder else None for part in Part}
        signatures = tuple([blob.signature if blob else None for blob in blobs.values()])
        if signatures != self._signatures():
            return None
        texts = {part: blob.data if blob else None for part, blob in blobs.items()}
        old = self._copy
        stored = old.stored if old and old.texts == texts else self._decode(texts)
        settled = all(one is None or abs(now - one[-1]) > SETTLED_NS for one in signatures)
        self._copy = Copy(texts, stored, signatures, settled)
        return self._copy

    def _read_locked(self, folder: Folder) -> Copy:
        for _ in range(10):
            copy = self._read(folder)
            if copy is not None:
                return copy
        raise StoreUnavailable(
            f"{self.path(Part.PAIRING)} or a file beside it is changed by a program that takes no lock", hint=DOCTOR
        )

    def _decode(self, texts: Mapping[Part, bytes | None]) -> Stored:
        try:
            return decode(texts, self._read_id)
        except Malformed as error:
            raise StoreCorrupt(f"{self.path(error.part)} is not what it must be: {error}", hint=DOCTOR) from error

    # --- writing -----------------------------------------------------------------------------------------------------

    def _decide(self, stored: Stored, decides: Sequence[Decide]) -> tuple[list[Outcome], Senders]:
        state = stored.senders
        outcomes: list[Outcome] = []
        for decide in decides:
            try:
                change = decide(state)
                if change.state is not state:
                    self._check(change.state, stored)
            except Exception as error:
                outcomes.append(error)
            else:
                outcomes.append(change)
                state = change.state
        return outcomes, state

    def _check(self, senders: Senders, stored: Stored) -> None:
        """Refuse what could not be written, before it can spoil what others decided."""
        for part, text in encode(disjoint(senders), stored, self._read_id).items():
            if len(text) > MAX_BYTES:
                raise StoreUnavailable(f"cannot write {self.path(part)}: it would grow beyond {MAX_BYTES} bytes")

    def _save(self, folder: Folder, held: Held, copy: Copy, state: Senders) -> None:
        """Save a state. What a crash left twice is put right first, so that no step of the change can bring it back."""
        texts, stored = copy.texts, copy.stored
        right = disjoint(stored.senders)
        for senders in (state,) if right is stored.senders else (right, state):
            changed = encode(disjoint(senders), stored, self._read_id)
            steps = [
                [Replacement(self._names[part], texts[part], changed[part]) for part in step if part in changed]
                for step in STEPS
            ]
            commit(folder, [step for step in steps if step], held.confirm)
            texts = {**texts, **changed}
            stored = self._decode(texts)
