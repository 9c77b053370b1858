"""Senders for whoever only looks: no event loop, no thread, no lock, nothing that decides or writes.

Commands that show or complete something start in half the time for it. They see what the store sees: the files are laid
out, read and believed in one way (:mod:`clawdbot.store.sight`), whoever asks.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from clawdbot.domain import sender_ids
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_records import Senders
from clawdbot.store.disk import existing
from clawdbot.store.documents import Malformed, Stored, decode
from clawdbot.store.entries import ReadId
from clawdbot.store.layout import FOLDER, Part, base, file_name, owner
from clawdbot.store.sight import Broken, Copy, Layout, Sight, Texts, looked

Normalise = Callable[[Channel, str], SenderId]


class SendersForm:
    """How the three files of one channel account are called, and what they say."""

    def __init__(self, account: ChannelAccount, read_id: ReadId) -> None:
        self.read_id = read_id
        self.names = {part: file_name(account, part) for part in Part}
        self.layout = Layout(
            folder=FOLDER,
            files=tuple(self.names.values()),
            flock=f"{base(account)}-pairing.flock",
            lock_directories=tuple(f"{self.names[part]}.lock" for part in (Part.PAIRING, Part.ALLOW_FROM)),
        )

    def decode(self, texts: Texts) -> Stored:
        """Read the files. Raises Broken."""
        try:
            return decode({part: texts[name] for part, name in self.names.items()}, self.read_id)
        except Malformed as error:
            raise Broken(self.names[error.part], str(error)) from None

    def notes(self, stored: Stored) -> Iterator[tuple[str, str]]:
        return ((self.names[note.part], note.text) for note in stored.notes)


class Onlooker:
    """Looks at the senders of a state directory; the folder need not be there.

    Raises (every method):
        StoreCorrupt: a file does not hold what it must (threats.md S4).
        StoreUnavailable: it cannot be read now.
    """

    def __init__(self, state_dir: Path, *, normalise: Normalise = sender_ids.normalise) -> None:
        self._state_dir = state_dir
        self._normalise = normalise

    def accounts(self) -> list[ChannelAccount]:
        """The channel accounts that anything is stored for."""
        return accounts_in(self._state_dir)

    def read(self, account: ChannelAccount) -> Senders:
        """Who is in, who waits, who is blocked."""
        return looked(
            _SendersSight(self._state_dir, SendersForm(account, partial(self._normalise, account.channel)))
        ).senders


def accounts_in(state_dir: Path, *, mend: bool = True) -> list[ChannelAccount]:
    """The channel accounts that have a file."""
    with existing(state_dir, mend=mend) as folder:
        owners = {owner(name) for name in folder.names()} if folder else set()
    return sorted(found for found in owners if found)


class _SendersSight(Sight[Stored]):
    def __init__(self, state_dir: Path, form: SendersForm) -> None:
        super().__init__(state_dir, form.layout)
        self._form = form

    def decode(self, texts: Texts, old: Copy[Stored] | None) -> Stored:
        return self._form.decode(texts)

    def notes(self, stored: Stored) -> Iterator[tuple[str, str]]:
        return self._form.notes(stored)
