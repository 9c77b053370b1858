"""The three files of one channel account, as one aggregate. Blocking; no event loop here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.sender_records import Senders
from clawdbot.errors import StoreUnavailable
from clawdbot.store.commit import Replacement, commit
from clawdbot.store.disk import MAX_BYTES, Folder
from clawdbot.store.documents import Stored
from clawdbot.store.entries import ReadId
from clawdbot.store.file_set import Decide, FileSet, Outcome, decided
from clawdbot.store.layout import Part
from clawdbot.store.locks import Held, Patience
from clawdbot.store.onlooker import SendersForm
from clawdbot.store.rewriting import disjoint, encode, lends, with_closed, with_spent, with_welcomed, without_ended
from clawdbot.store.sight import Copy, Texts

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
        self._form = SendersForm(account, read_id)
        self._read_id = read_id
        self._names = self._form.names
        self._locks = dict(zip((Part.PAIRING, Part.ALLOW_FROM), self._form.layout.lock_directories, strict=True))
        super().__init__(state_dir, self._form.layout, patience)

    def decode(self, texts: Texts, old: Copy[Stored] | None) -> Stored:
        return self._form.decode(texts)

    def notes(self, stored: Stored) -> Iterator[tuple[str, str]]:
        return self._form.notes(stored)

    def transact(
        self, decides: Sequence[Decide[Senders]], wanted: Callable[[], bool] = lambda: True
    ) -> list[Outcome[Senders]]:
        """Apply decisions one after another to what the files say under the locks, and save the last state once.

        A decision that raises, or whose state cannot be written, is answered with the exception and changes nothing.
        Waiting for the locks ends when ``wanted`` says that nobody waits for the answers any more.
        """
        with self.locked(wanted, self._locks[Part.PAIRING]) as (folder, held):
            copy = self.read_locked(folder)
            outcomes, plan = self._decided(copy, decides)
            allow_from = self._names[Part.ALLOW_FROM]
            if plan.texts[allow_from] is not copy.texts[allow_from] and held.take(self._locks[Part.ALLOW_FROM]):
                before, copy = copy, self.read_locked(folder)
                if copy.stored is not before.stored:
                    outcomes, plan = self._decided(copy, decides)
            self._save(folder, held, copy, plan)
            return outcomes

    def _decided(
        self, copy: Copy[Stored], decides: Sequence[Decide[Senders]]
    ) -> tuple[list[Outcome[Senders]], "_Plan"]:
        """Decide, and refuse what could not be written, before it can spoil what others decided.

        Whose decision that is, is looked for only if there is one: to spell the files takes longer than to decide.
        """
        outcomes, state = decided(copy.stored.senders, decides)
        try:
            return outcomes, self._plan(copy, state)
        except (StoreUnavailable, ValueError):
            outcomes, state = decided(copy.stored.senders, decides, lambda senders: self._plan(copy, senders))
            return outcomes, self._plan(copy, state)

    def _plan(self, copy: Copy[Stored], state: Senders) -> "_Plan":
        """How a state is reached. What a crash left twice is put right first, so that no step can bring it back.

        Raises:
            StoreUnavailable: a file would grow too large.
            ValueError: it would not be read back as what it means.
        """
        commits, texts, stored = [], copy.texts, copy.stored
        for senders, order in _way(stored.senders, disjoint(state)) if state is not stored.senders else ():
            rewritten = encode(senders, stored, self._read_id)
            new = {self._names[part]: text for part, text in rewritten.texts.items()}
            for name, text in new.items():
                if len(text) > MAX_BYTES:
                    raise StoreUnavailable(f"cannot write {self.folder / name}: it would grow beyond {MAX_BYTES} bytes")
            steps = [[self._names[part] for part in step if part in rewritten.texts] for step in order]
            commits.append([[Replacement(name, texts[name], new[name]) for name in step] for step in steps if step])
            texts, stored = {**texts, **new}, rewritten.stored
        return _Plan(commits, texts, stored)

    def _save(self, folder: Folder, held: Held, copy: Copy[Stored], plan: "_Plan") -> None:
        for steps in plan.commits:
            commit(folder, steps, held.confirm)
        if plan.commits:
            self.written(folder, copy, plan.texts, plan.stored)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The commits by which a state is reached, what the files hold after them, and what they say."""

    commits: Sequence[Sequence[Sequence[Replacement]]]
    texts: Texts
    stored: Stored


def _way(old: Senders, new: Senders) -> Iterator[tuple[Senders, Steps]]:
    """By which states, each saved by itself and in which order of files, the new one is reached."""
    right = disjoint(old)
    if right is not old:
        yield right, STEPS
    ended = without_ended(right, new)
    if ended is not right:
        closed = with_closed(right, new)
        if closed is not right:
            yield closed, STEPS
        ended = without_ended(closed, new)
        yield ended, STEPS_TO_END
    spent = with_spent(ended, new)
    if spent is not ended:
        yield spent, STEPS
    welcomed = with_welcomed(spent, new)
    if welcomed is not spent:
        yield welcomed, STEPS_TO_END
    yield new, STEPS_TO_LEND if lends(welcomed, new) else STEPS
