"""JSON-RPC 2.0 with ``imsg rpc``: requests and notifications."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from clawdbot.channels.child import Ended, JsonLines, Object
from clawdbot.channels.imessage import failures, parse
from clawdbot.channels.imessage.failures import Rejected
from clawdbot.channels.imessage.progress import Newest
from clawdbot.channels.settings import ImessageSettings
from clawdbot.errors import ChannelFailed

_log = logging.getLogger(__name__)

Hear = Callable[[str, Mapping[str, object]], None]
"""Takes a notification: its method and its params."""


class ImsgRpc:
    """One running ``imsg rpc``. Answers come only while :meth:`read` runs, which :func:`connect` sees to."""

    def __init__(self, child: JsonLines, *, answer_s: float) -> None:
        self._child = child
        self._answer_s = answer_s

    async def call(self, method: str, **params: object) -> Mapping[str, object]:
        """Ask for something.

        Raises:
            Rejected: the answer is an error.
            NoAnswer: there is none in time.
            Ended: imsg has.
        """
        request = {"jsonrpc": "2.0", "method": method, "params": params}
        answer = await self._child.request(request, within=self._answer_s)
        result = answer.get("result")
        if "error" in answer or not isinstance(result, dict):
            raise Rejected(method, answer.get("error"))
        return result

    async def newest(self) -> Newest | None:
        """The newest message there is, whoever wrote it; ``None`` in an empty database. Raises as :meth:`call`."""
        chats = (await self.call("chats.list", limit=1)).get("chats")
        chat = parse.row_id(chats[0]) if isinstance(chats, list) and chats else None
        if chat is None:
            return None
        history = (await self.call("messages.history", chat_id=chat, limit=1, attachments=False)).get("messages")
        rows = [parse.row(message) for message in history] if isinstance(history, list) else []
        found = [Newest(row.id, row.sent_at or 0) for row in rows if row]
        return max(found, key=lambda newest: newest.row, default=None)

    async def read(self, hear: Hear, over: Callable[[ChannelFailed], None]) -> ChannelFailed:
        """Pass on what imsg says until it ends; why it did."""
        async for message in self._child:
            self._notify(message, hear)
        ended = await self._child.ending()
        failure = failures.of_ending(ended, self._child.returncode, self._child.noise)
        over(failure)
        return failure

    def _notify(self, message: Object, hear: Hear) -> None:
        method, params = message.get("method"), message.get("params")
        if isinstance(method, str) and isinstance(params, dict):
            hear(method, params)
        else:
            _log.debug("imsg said what is neither an answer nor a notification")


@asynccontextmanager
async def connect(
    settings: ImessageSettings,
    *,
    hear: Hear,
    over: Callable[[ChannelFailed], None],
    answer_s: float,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[ImsgRpc]:
    """Start ``imsg rpc``, for as long as the context lasts.

    Args:
        hear: takes each notification, in order.
        over: is told why imsg ended, should it end before the context does.
        environ: what imsg gets for an environment; ours without secrets, if not said.

    An :class:`~clawdbot.channels.child.Ended` within becomes what it ended for.

    Raises:
        ChannelRefused: there is no such program.
        ChannelFailed: it cannot be started now.
    """
    argv = [settings.cli_path, "rpc", *(["--db", settings.db_path] if settings.db_path else [])]
    async with JsonLines.start(argv, environ, hint=failures.INSTALL) as child:
        rpc = ImsgRpc(child, answer_s=answer_s)
        reading = asyncio.create_task(rpc.read(hear, over))
        try:
            yield rpc
        except Ended:
            failure = await reading
        else:
            return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        raise failure
