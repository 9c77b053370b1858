"""How far the rows of a Messages database are done with, in ``<state>/imessage/progress-<account>.json``.

Rows are numbered as they come; imsg tells those above a number. At a start we ask for those above the lowest that is
not done with, so whatever a crash cuts off comes again, and the file remembers what was done above that one.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from clawdbot.channels import small_file
from clawdbot.channels.progress import Progress
from clawdbot.domain.names import ChannelAccount, Instant

_log = logging.getLogger(__name__)

_Number = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Document(msgspec.Struct, rename="camel"):
    version: Literal[1]
    last_rowid: _Number | None
    newest_at: _Number = 0
    db_path: str = ""
    processed: list[_Number] = []


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest message of a database: its row, and when it was sent."""

    row: int
    sent_at: Instant


class Rows:
    """The progress of one account, kept in its file.

    Args:
        db_path: whose numbering this is; what the file says of another database is not ours.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount, *, db_path: str = "") -> None:
        self.path = state_dir / "imessage" / f"progress-{account.account}.json"
        self._account = account
        self._db_path = db_path
        self._progress = Progress()
        self._newest_at: Instant = 0

    def load(self) -> None:
        """Read the file, if there is one. What is no such file is put aside.

        Raises:
            ChannelFailed: it cannot be read; unreadable is not empty.
        """
        document = small_file.load(self.path, _Document, without="what came while nothing ran is passed over")
        if document is None or document.db_path != self._db_path:
            return
        last = document.last_rowid
        self._progress = Progress(last, {each for each in document.processed if last is None or each > last})
        self._newest_at = document.newest_at

    def since(self, newest: Newest | None) -> int:
        """The row above which to ask; 0 for all of them.

        At the first start ever, nothing from before counts. Nor does it in another database, as after a move to a new
        Mac: there, a message newer than all that we saw has a number below those that we saw.

        Args:
            newest: what the database has now; ``None`` if it is empty.
        """
        reached = self._progress.last if self._progress.reached is None else self._progress.reached
        found = newest or Newest(0, 0)
        if reached is not None and (found.row >= reached or found.sent_at <= self._newest_at):
            return reached
        if reached is not None:
            _log.warning("%s: the Messages database is another one; beginning anew with it", self._account)
        self._progress = Progress(found.row)
        self._newest_at = found.sent_at
        self._save()
        return found.row

    def take(self, row: int, sent_at: Instant | None) -> bool:
        """Take note of a row; ``False`` if it is under way or done with."""
        self._newest_at = max(self._newest_at, sent_at or 0)
        return self._progress.take(row)

    def finish(self, row: int) -> None:
        """Remember that a row is done with; a failure to save is logged, since nothing better can be done."""
        self._progress.finish(row)
        self._save()

    def _save(self) -> None:
        document = _Document(
            1, self._progress.last, self._newest_at, self._db_path, processed=sorted(self._progress.processed)
        )
        content = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        small_file.save(self.path, content, unsaved="messages may be processed twice")
