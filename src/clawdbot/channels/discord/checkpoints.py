"""How far each conversation is done with, in memory and in ``<state>/discord/checkpoints-<account>.json``.

Discord tells of a message once, and shows it to whoever asks for a conversation's messages after a given one. So we
remember, for each conversation, up to which message all are done with, and which ones beyond it are.
"""

import logging
from collections import OrderedDict
from pathlib import Path
from typing import Literal

import msgspec

from clawdbot.channels import small_file
from clawdbot.channels.discord.parse import Snowflake
from clawdbot.channels.progress import Progress
from clawdbot.domain.names import ChannelAccount

_log = logging.getLogger(__name__)

MOST = 1000
"""How many conversations are remembered; those in which nothing happened for the longest time are forgotten first."""


class _Conversation(msgspec.Struct, omit_defaults=True):
    last: Snowflake
    processed: list[Snowflake] = []


class _Document(msgspec.Struct, rename="camel"):
    version: Literal[1]
    bot_id: Snowflake
    conversations: dict[Snowflake, _Conversation]


class Checkpoints:
    """The conversations of one account, kept in their file.

    Args:
        bot_id: whose conversations they are; what the file says of those of another bot is not ours.
        most: how many are remembered.
    """

    def __init__(self, state_dir: Path, account: ChannelAccount, *, bot_id: str, most: int = MOST) -> None:
        self.path = state_dir / "discord" / f"checkpoints-{account.account}.json"
        self._bot_id = bot_id
        self._most = most
        self._known: OrderedDict[str, Progress] = OrderedDict()

    def load(self) -> None:
        """Read the file, if there is one. What is no such file is put aside, and every conversation is new.

        Raises:
            ChannelFailed: it cannot be read; unreadable is not empty.
        """
        document = small_file.load(self.path, _Document, without="what people write while we are away is lost")
        if document is None:
            return
        if document.bot_id != self._bot_id:
            _log.info("%s is of another bot; beginning anew", self.path)
            return
        for name, kept in document.conversations.items():
            self._known[name] = Progress(int(kept.last), {int(each) for each in kept.processed})

    @property
    def conversations(self) -> list[str]:
        """Those that are known, the liveliest first."""
        return list(reversed(self._known))

    def last(self, conversation: str) -> int | None:
        """The message up to which all are done with; ``None`` for an unknown conversation."""
        known = self._known.get(conversation)
        return known.last if known else None

    def begin(self, conversation: str, message: int) -> bool:
        """Take note of a received message; ``False`` if it is done with, though one before it is not.

        One that comes after a later one was done with is still received: the gateway promises no order.
        """
        known = self._known.get(conversation)
        if known is None:
            known = self._known[conversation] = Progress(message - 1)
            self._forget_idle()
            self._save()
        is_done = message in known.processed
        known.take(message)
        return not is_done

    def finish(self, conversation: str, message: int) -> None:
        """Remember that a message is done with; a failure to save is logged, since nothing better can be done."""
        if (known := self._known.get(conversation)) is not None:
            known.finish(message)
            self._known.move_to_end(conversation)
            self._save()

    def drop(self, conversation: str) -> None:
        """Forget a conversation that is no more."""
        if self._known.pop(conversation, None) is not None:
            self._save()

    def _forget_idle(self) -> None:
        if len(self._known) > self._most:
            del self._known[next(name for name, each in self._known.items() if not each.under_way)]

    def _save(self) -> None:
        kept = {
            name: _Conversation(str(each.last), [str(message) for message in sorted(each.processed)])
            for name, each in self._known.items()
        }
        content = msgspec.json.encode(_Document(1, self._bot_id, kept)) + b"\n"
        small_file.save(self.path, content, unsaved="messages may be processed twice")
