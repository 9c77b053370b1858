"""neonize without a network: its own protobuf messages, sent through its own callbacks, as if Go had called."""

import asyncio
import ctypes
import io
import logging
import os
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any
from unittest.mock import patch

from clawdbot.channels.whatsapp import library


def _load() -> None:
    """Load it without its traces: it runs ``uname`` and leaves the pipe open, and sets a handler for all logs."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    with patch("os.popen", lambda _: io.StringIO(os.uname().sysname)):
        library.load()
    root.handlers[:] = before
    root.setLevel(level)


_load()
PROTO: Any = import_module("neonize.proto.Neonize_pb2")
E2E: Any = import_module("neonize.proto.waE2E.WAWebProtobufsE2E_pb2")
EVENTS: Any = import_module("neonize.aioze.events")


def jid(text: str) -> Any:
    """``1555:3@s.whatsapp.net`` as the library spells it; ``""`` for none."""
    user, _, server = text.partition("@")
    user, _, device = user.partition(":")
    return PROTO.JID(User=user, Server=server, Device=int(device or 0), RawAgent=0, Integrator=0, IsEmpty=not text)


def message_event(content: Any, *, chat: str, sender: str, alt: str = "", **more: Any) -> Any:
    """A ``MessageEv`` with all that the library says about one; ``more`` are fields of its info and source."""
    source = {key: more.pop(key) for key in ("IsFromMe", "IsGroup") if key in more}
    flags = {key: more.pop(key) for key in ("IsEdit",) if key in more}
    info: dict[str, Any] = {
        "ID": "3EB01",
        "ServerID": 0,
        "Type": "text",
        "Pushname": "Alice",
        "Timestamp": 1_790_000_000_000,
        "Category": "",
        "Multicast": False,
        "MediaType": "",
        "Edit": "",
    }
    return PROTO.Message(
        Info=PROTO.MessageInfo(
            MessageSource=PROTO.MessageSource(
                **{"IsFromMe": False, "IsGroup": False} | source,
                Chat=jid(chat),
                Sender=jid(sender),
                SenderAlt=jid(alt),
                RecipientAlt=jid(""),
                BroadcastListOwner=jid(""),
            ),
            **info | more,
        ),
        Message=content,
        IsEphemeral=False,
        IsViewOnce=False,
        IsViewOnceV2=False,
        IsViewOnceV2Extension=False,
        IsDocumentWithCaption=False,
        IsLottieSticker=False,
        IsEdit=flags.get("IsEdit", False),
        UnavailableRequestID="",
        RetryCount=0,
    )


class Go:
    """What the library calls instead of its native half: answers as bytes, and what it was asked."""

    def __init__(self, me: str, lid: str, pairs: dict[str, str] | None = None) -> None:
        self.me, self.lid, self.pairs = me, lid, pairs or {}
        self.sent: list[tuple[str, Any]] = []
        self.error = ""

    async def SendMessage(self, _: bytes, to: bytes, __: int, message: bytes, ___: int) -> bytes:
        if self.error:
            return bytes(PROTO.SendMessageReturnFunction(Error=self.error).SerializePartialToString())
        chat = PROTO.JID.FromString(to)
        self.sent.append((f"{chat.User}@{chat.Server}", E2E.Message.FromString(message)))
        timings = {field.name: 0 for field in PROTO.MessageDebugTimings.DESCRIPTOR.fields}
        response = PROTO.SendResponse(
            ID="3EB0SENT", Timestamp=1, ServerID=0, DebugTimings=PROTO.MessageDebugTimings(**timings)
        )
        return bytes(PROTO.SendMessageReturnFunction(SendResponse=response).SerializePartialToString())

    async def GetMe(self, _: bytes) -> bytes:
        device = PROTO.Device(
            JID=jid(self.me), LID=jid(self.lid), Platform="", BussinessName="", PushName="Clawd", Initialized=True
        )
        return bytes(device.SerializePartialToString())

    async def GetPNFromLID(self, _: bytes, asked: bytes, __: int) -> bytes:
        known = PROTO.JID.FromString(asked)
        found = self.pairs.get(f"{known.User}@{known.Server}", "")
        return bytes(PROTO.GetJIDFromStoreReturnFunction(Jid=jid(found)).SerializePartialToString())

    GetLIDFromPN = GetPNFromLID

    async def PairPhone(self, _: bytes, params: bytes, __: int) -> bytes:
        self.asked = PROTO.PairPhoneParams.FromString(params)
        return bytes(PROTO.PairPhoneReturnFunction(Code="ABCD-1234").SerializePartialToString())

    async def Stop(self, _: bytes) -> None:
        self.stopped = True


def give(library_: library.Library, go: Go) -> None:
    """Put the library on another native half."""
    client = library_._client
    client._NewAClient__client = go
    EVENTS.event_global_loop = asyncio.get_running_loop()


async def happens(library_: library.Library, *events: Any) -> None:
    """Call back from another thread, as Go does, with one event after the other."""
    client = library_._client

    def call() -> None:
        for event in events:
            data = event.SerializeToString()
            buffer = ctypes.create_string_buffer(data, len(data))
            client.event.execute(0, ctypes.addressof(buffer), len(data), EVENTS.EVENT_TO_INT[type(event)])

    await asyncio.to_thread(call)


async def first(count: int, ask: Callable[[], Awaitable[Any]]) -> list[Any]:
    """The first of what is asked for, one after the other."""
    return [await asyncio.wait_for(ask(), 10) for _ in range(count)]
