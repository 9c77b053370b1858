"""The server behind ``imsg rpc``: one session for each program that runs."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.imessage import FakeChat, FakeImessage

NO_ACCESS = """authorization denied (code: 23)

⚠️  Permission Error: Cannot access Messages database

The Messages database at /Users/me/Library/Messages/chat.db requires Full Disk Access permission."""

BATCH = 100
"""The most rows that a watch reads for one change."""

_HANDLE = re.compile(r"\+?[0-9]{3,15}|[^@\s]+@[^@\s]+")


class RpcError(Exception):
    """An error as JSON-RPC has it; the detail is its ``data``."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        words = {-32700: "Parse error", -32600: "Invalid Request", -32601: "Method not found", -32602: "Invalid params"}
        self.shown = {"code": code, "message": words.get(code, "Internal error"), "data": detail}


def fails(code: int, detail: str) -> Callable[["Session", object], bool]:
    """A request is answered with an error."""

    def fault(session: "Session", number: object) -> bool:
        session.say({"jsonrpc": "2.0", "id": number, "error": RpcError(code, detail).shown})
        return True

    return fault


def says(result: object) -> Callable[["Session", object], bool]:
    """A request is answered with anything."""

    def fault(session: "Session", number: object) -> bool:
        session.say({"jsonrpc": "2.0", "id": number, "result": result})
        return True

    return fault


def silent(session: "Session", number: object) -> bool:
    """A request is not answered."""
    return True


def hangs(session: "Session", number: object) -> bool:
    """imsg answers nothing any more, as when Messages does not answer it."""
    session.is_hung = True
    return True


def crashes(session: "Session", number: object) -> bool:
    """imsg ends instead of answering."""
    session.writer.close()
    return True


class Session:
    """One imsg; ``cursors`` are its watches, by number: the row up to which each has told."""

    def __init__(self, mac: "FakeImessage", writer: asyncio.StreamWriter) -> None:
        self.mac = mac
        self.writer = writer
        self.over = asyncio.Event()
        self.is_hung = False
        self.cursors: dict[int, int] = {}
        self._watches = 0
        self._methods: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "chats.list": self._chats,
            "messages.history": self._history,
            "watch.subscribe": self._subscribe,
            "watch.unsubscribe": self._unsubscribe,
            "send": self._send,
        }

    def raw(self, line: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(line + b"\n")

    def say(self, message: Mapping[str, Any]) -> None:
        self.raw(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))

    def notify(self, method: str, params: Mapping[str, Any]) -> None:
        self.say({"jsonrpc": "2.0", "method": method, "params": params})

    def handle(self, line: bytes) -> None:
        """Answer one line, as the server does: one after the other."""
        if self.is_hung:
            return
        number: object = None
        try:
            request = self._parsed(line)
            number, method, params = request.get("id"), request["method"], request.get("params") or {}
            self.mac.calls.append((method, params))
            if not self.mac.has_access:
                raise RpcError(-32603, NO_ACCESS)
            faults = self.mac.faults[method]
            if faults and faults.popleft()(self, number):
                return
            if method not in self._methods:
                raise RpcError(-32601, method)
            result = self._methods[method](params)
        except RpcError as error:
            self.say({"jsonrpc": "2.0", "id": number, "error": error.shown})
        else:
            self.say({"jsonrpc": "2.0", "id": number, "result": result})

    def poll(self, number: int) -> None:
        """Tell a watch what is new, a batch at most."""
        news = [row for row in self.mac.rows if row["id"] > self.cursors[number]][:BATCH]
        for row in news:
            shown = self.mac.disguises.get(row["id"], row)
            self.notify("message", {"subscription": number, "message": shown})
            self.cursors[number] = row["id"]

    @staticmethod
    def _parsed(line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except ValueError as error:
            raise RpcError(-32700, str(error)) from None
        if not isinstance(request, dict):
            raise RpcError(-32600, "request must be an object")
        if request.get("jsonrpc", "2.0") != "2.0":
            raise RpcError(-32600, "jsonrpc must be 2.0")
        if not isinstance(request.get("method"), str):
            raise RpcError(-32600, "method is required")
        return request

    def _chats(self, params: Mapping[str, Any]) -> object:
        newest = {row["chat_id"]: row["created_at"] for row in sorted(self.mac.rows, key=lambda row: row["created_at"])}
        order = sorted((chat for chat in self.mac.chats if chat in newest), key=lambda chat: newest[chat], reverse=True)
        return {"chats": [{"id": chat, "name": "", "service": "iMessage"} for chat in order[: params.get("limit", 20)]]}

    def _history(self, params: Mapping[str, Any]) -> object:
        if "chat_id" not in params:
            raise RpcError(-32602, "chat_id is required")
        rows = [row for row in self.mac.rows if row["chat_id"] == params["chat_id"]]
        rows.sort(key=lambda row: row["created_at"], reverse=True)
        return {"messages": rows[: params.get("limit", 50)]}

    def _subscribe(self, params: Mapping[str, Any]) -> object:
        self._watches += 1
        since = params.get("since_rowid") or max((row["id"] for row in self.mac.rows), default=0)
        self.cursors[self._watches] = since
        number = self._watches
        asyncio.get_running_loop().call_soon(lambda: self.poll(number) if number in self.cursors else None)
        return {"subscription": number}

    def _unsubscribe(self, params: Mapping[str, Any]) -> object:
        if "subscription" not in params:
            raise RpcError(-32602, "subscription is required")
        self.cursors.pop(params["subscription"], None)
        return {"ok": True}

    def _send(self, params: Mapping[str, Any]) -> object:
        if params.get("service", "auto") not in ("auto", "imessage", "sms"):
            raise RpcError(-32602, "invalid service")
        chat = self._target(params)
        text = params.get("text") or ""
        if not text:
            raise RpcError(-32602, "text or file is required")
        if self.mac.is_unreachable(chat):
            raise RpcError(-32603, "AppleScript failed: Messages got an error: Can’t send.")
        row = self.mac.sent(chat, text)
        told = {"id": row["id"], "guid": row["guid"]} if row and self.mac.tells_guid else {}
        return {"ok": True, "transport": "applescript", **told}

    def _target(self, params: Mapping[str, Any]) -> "FakeChat":
        to, chat = params.get("to") or "", params.get("chat_id")
        if to and chat is not None:
            raise RpcError(-32602, "use to or chat_*; not both")
        if chat is not None:
            if chat not in self.mac.chats:
                raise RpcError(-32602, f"unknown chat_id {chat}")
            return self.mac.chats[chat]
        if not to:
            raise RpcError(-32602, "to is required for direct sends")
        if not _HANDLE.fullmatch(to):
            raise RpcError(-32603, f"AppleScript failed: Can’t get buddy id {to}.")
        return self.mac.direct_chat(to)
