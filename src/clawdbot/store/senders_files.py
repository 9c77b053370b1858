"""The three files of one channel account, as one aggregate. Blocking; no event loop here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.senders import Senders
from clawdbot.errors import StoreUnavailable
from clawdbot.store.commit import Replacement, commit
from clawdbot.store.disk import MAX_BYTES, Folder
from clawdbot.store.documents import Malformed, Stored, decode
from clawdbot.store.entries import ReadId
from clawdbot.store.file_set import Broken, Copy, Decide, FileSet, Layout, Outcome, Texts, decided
from clawdbot.store.layout import FOLDER, Part, base, file_name
from clawdbot.store.locks import Held, Patience
from clawdbot.store.rewriting import disjoint, encode, lends, with_spent, with_welcomed, without_ended

Steps = tuple[tuple[Part, ...], ...]

STEPS = ((Part.SENDERS, Part.ALLOW_FROM), (Part.PAIRING,))
"""What is durable before what is begun: the grant before its request goes."""

STEPS_TO_LEND = ((Part.SENDERS,), (Part.ALLOW_FROM,), (Part.PAIRING,))
"""The end of an approval before the approval: what stands in the allowlist alone grants for good."""

STEPS_TO_END = ((Part.ALLOW_FROM,), (Part.SENDERS,), (Part.PAIRING,))
"""The approval before its end, for the same reason; and before the announcement by which somebody is let in."""


class SendersFiles(FileSet[Stored]):
    """One channel account's files."""

    def __init__(self, state_dir: Path, account: ChannelAccount, read_id: ReadId, patience: Patience) -> None:
        self.account = account
        self._read_id = read_id
        self._names = {part: file_name(account, part) for part in Part}
        layout = Layout(
            folder=FOLDER,
            files=tuple(self._names.values()),
            flock=f"{base(account)}-pairing.flock",
            lock_directories=tuple(f"{self._names[part]}.lock" for part in (Part.PAIRING, Part.ALLOW_FROM)),
        )
        super().__init__(state_dir, layout, patience)

    def path(self, part: Part) -> Path:
        return self.folder / self._names[part]

    def decode(self, texts: Texts, old: Copy[Stored] | None) -> Stored:
        try:
            return decode({part: texts[name] for part, name in self._names.items()}, self._read_id)
        except Malformed as error:
            raise Broken(self._names[error.part], str(error)) from None

    def notes(self, stored: Stored) -> Iterator[tuple[str, str]]:
        return ((self._names[note.part], note.text) for note in stored.notes)

    def transact(
        self, decides: Sequence[Decide[Senders]], wanted: Callable[[], bool] = lambda: True
    ) -> list[Outcome[Senders]]:
        """Apply decisions one after another to what the files say under the locks, and save the last state once.

        A decision that raises, or whose state cannot be written, is answered with the exception and changes nothing.
        Waiting for the locks ends when ``wanted`` says that nobody waits for the answers any more.
        """
        with self.locked(wanted) as (folder, held):
            copy = self.read_locked(folder)
            stored = copy.stored
            outcomes, state = decided(stored.senders, decides, lambda senders: self._check(senders, stored))
            if state is not stored.senders:
                self._save(folder, held, copy, state)
            return outcomes

    def _check(self, senders: Senders, stored: Stored) -> None:
        """Refuse what could not be written, before it can spoil what others decided."""
        for part, text in encode(disjoint(senders), stored, self._read_id).items():
            if len(text) > MAX_BYTES:
                raise StoreUnavailable(f"cannot write {self.path(part)}: it would grow beyond {MAX_BYTES} bytes")

    def _save(self, folder: Folder, held: Held, copy: Copy[Stored], state: Senders) -> None:
        """Save a state. What a crash left twice is put right first, so that no step of the change can bring it back."""
        texts, stored = copy.texts, copy.stored
        for senders, steps in _way(stored.senders, disjoint(state)):
            changed = encode(senders, stored, self._read_id)
            commit(folder, self._steps(steps, texts, changed), held.confirm)
            texts = {**texts, **{self._names[part]: text for part, text in changed.items()}}
            stored = self.parsed(texts, None)
        self.written(folder, copy, texts, stored)

    def _steps(self, order: Steps, texts: Texts, changed: Mapping[Part, bytes]) -> list[list[Replacement]]:
        steps = [[(self._names[part], changed[part]) for part in step if part in changed] for step in order]
        return [[Replacement(name, texts[name], text) for name, text in step] for step in steps if step]


def _way(old: Senders, new: Senders) -> Iterator[tuple[Senders, Steps]]:
    """By which states, each saved by itself and in which order of files, the new one is reached."""
    right = disjoint(old)
    if right is not old:
        yield right, STEPS
    ended = without_ended(right, new)
    if ended is not right:
        yield ended, STEPS_TO_END
    spent = with_spent(ended, new)
    if spent is not ended:
        yield spent, STEPS
    welcomed = with_welcomed(spent, new)
    if welcomed is not spent:
        yield welcomed, STEPS_TO_END
    yield new, STEPS_TO_LEND if lends(welcomed, new) else STEPS
