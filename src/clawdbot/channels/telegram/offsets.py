"""How far Telegram's updates are done with, in memory and in ``<state>/telegram/update-offset-<account>.json``.

Telegram keeps an update until a ``getUpdates`` asks for a higher one, at most 24 hours. We ask for the lowest one that
is not done with, so whatever a crash cuts off comes again, and the file remembers what was done above that one.

The file is what the reference writes, with more beside it: ``processed`` (done with above ``lastUpdateId``), and
``botId`` and ``apiBase``, whose numbering this is: another bot or another Bot API server counts differently.
"""

import json
import logging
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from clawdbot.channels import small_file
from clawdbot.channels.progress import Progress
from clawdbot.domain.names import ChannelAccount

_log = logging.getLogger(__name__)

BATCH = 100
"""The most updates that one ``getUpdates`` brings.

Telegram answers with updates below the offset only when the offset makes no sense to it, as after a quiet week, when it
begins to count somewhere else. So what is further below than one batch, which might be a repetition, is news from a new
numbering (tdlib's ``TQueue::get`` and ``Client::do_get_updates``).
"""

_UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Document(msgspec.Struct, rename="camel"):
    version: Literal[1]
    last_update_id: _UpdateId | None
    processed: list[_UpdateId] = []
    bot_id: str | None = None
    api_base: str | None = None


class Offsets:
    """The progress of one account, kept in its file.

    Args:
        bot_id, api_base: whose numbering this is; what the file says of another one is not ours.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount, *, bot_id: str, api_base: str) -> None:
        self.path = state_dir / "telegram" / f"update-offset-{account.account}.json"
        self._bot_id = bot_id
        self._api_base = api_base
        self._progress = Progress(window=BATCH)

    def load(self) -> None:
        """Read the file, if there is one. What is no such file is put aside, and everything is news again.

        Raises:
            ChannelFailed: it cannot be read; unreadable is not empty.
        """
        document = small_file.load(self.path, _Document, without="updates of the last day may be processed twice")
        if document is None:
            return
        if (document.bot_id or self._bot_id, document.api_base or self._api_base) != (self._bot_id, self._api_base):
            _log.info("%s is of another bot or server; beginning anew", self.path)
            return
        last = document.last_update_id
        above = {each for each in document.processed if last is None or each > last}
        self._progress = Progress(last, above, window=BATCH)

    @property
    def next(self) -> int | None:
        """The ``offset`` for ``getUpdates``: the lowest to ask for, which confirms all below."""
        return self._progress.offset

    def take(self, update_id: int) -> bool:
        """As :meth:`Progress.take`."""
        return self._progress.take(update_id)

    def finish(self, update_id: int) -> None:
        """Remember that an update is done with; a failure to save is logged, since nothing better can be done.

        What a power cut may take back is what was done since the last poll, for Telegram itself forgets what lies below
        the offset of each poll.
        """
        self._progress.finish(update_id)
        small_file.save(self.path, self._document(), unsaved="updates may be processed twice")

    def _document(self) -> bytes:
        document: dict[str, object] = {"version": 1, "lastUpdateId": self._progress.last}
        if self._progress.processed:
            document["processed"] = sorted(self._progress.processed)
        document |= {"botId": self._bot_id, "apiBase": self._api_base}
        return (json.dumps(document, indent=2) + "\n").encode()
