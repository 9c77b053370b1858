"""neonize, as far as our bridge needs it: the one module that uses it, and only in the bridge's process.

neonize is whatsmeow, in Go. Its handlers are called one after the other in the event loop; what they raise nobody
looks at. It reconnects by itself, but does not repeat a first try that failed.
"""

import asyncio
import importlib
import importlib.util
import os
import sys
import time
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from clawdbot.channels.whatsapp import events
from clawdbot.channels.whatsapp.protocol import (
    Answer,
    Connected,
    Disconnected,
    Event,
    Fatal,
    Incoming,
    LoggedOut,
    Outcome,
    Outdated,
    PairCode,
    QrCode,
    Replaced,
    Send,
    Unreachable,
)

INSTALL = 'run: pip install "neonize==0.5.2"'
_SHOWN_AS = "Clawdbot"
"""The name of this device on the phone, under Linked devices."""

_LOOKUP_S = 5.0
"""For what the library knows in its own store."""

Tell = Callable[[Event], None]


class Unusable(Exception):
    """The library cannot be used here; ``hint`` is what the owner does about it."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


def load() -> None:
    """Load the library, which takes a moment. Raises Unusable."""
    os.environ["NEONIZE_BOT_TAG"] = "off"  # or it marks every message as one of a business's bot
    found = importlib.util.find_spec("neonize")
    if found is None or found.origin is None:
        raise Unusable("the package neonize is not installed", INSTALL)
    if not any(Path(found.origin).parent.glob("neonize-*")):  # it would fetch one from the internet
        raise Unusable(
            "neonize brings no native library for this machine", "use a machine that neonize has a wheel for"
        )
    try:
        importlib.import_module("magic")
    except ImportError:  # of a library of the system's, which only files need, and we send none
        sys.modules["magic"] = ModuleType("magic")
    try:
        importlib.import_module("neonize.aioze.client")
    except Exception as error:  # of any kind: it loads native code
        raise Unusable(f"neonize cannot be loaded: {type(error).__name__}: {error}", INSTALL) from None


class Library:
    """One account, and what happens on it. Loaded before (:func:`load`).

    Args:
        phone: the number to link with a code to type; empty to link by QR code.
        say: told what does not wait for messages: codes to link with.
        end: told what nothing comes after.

    Attributes:
        is_up: messages can be sent.
    """

    def __init__(self, database: Path, *, phone: str, say: Tell, end: Tell) -> None:
        self.is_up = False
        self._phone = phone
        self._has_asked = False
        self._say = say
        self._end = end
        self._happened: deque[Any] = deque()
        self._news = asyncio.Event()
        props = _proto("waCompanionReg.WAWebProtobufsCompanionReg_pb2").DeviceProps
        client = importlib.import_module("neonize.aioze.client").NewAClient
        self._client: Any = client(str(database), props=props(os=_SHOWN_AS, platformType=props.CHROME), uuid="clawdbot")
        self._listen()

    def _listen(self) -> None:
        of = importlib.import_module("neonize.aioze.events")
        self._client.event.qr(self._on_qr)
        self._on(of.MessageEv, self._happens)
        self._on(of.ConnectedEv, self._happens)
        self._on(of.KeepAliveRestoredEv, lambda _: self._happens(of.ConnectedEv()))
        self._on(of.KeepAliveTimeoutEv, lambda _: self._happens(Disconnected()))
        self._on(of.DisconnectedEv, lambda _: self._happens(Disconnected()))
        self._on(of.LoggedOutEv, lambda _: self._end(LoggedOut()))
        self._on(of.StreamReplacedEv, lambda _: self._end(Replaced()))
        self._on(of.ClientOutdatedEv, lambda _: self._end(Outdated()))
        self._on(of.TemporaryBanEv, lambda event: self._end(events.ban(event.Code, event.Expire, _now())))
        self._on(of.ConnectFailureEv, self._on_connect_failure)
        self._on(of.PairStatusEv, self._on_pair_status)

    def _on(self, kind: Any, act: Callable[[Any], None]) -> None:
        async def handler(_: object, event: Any) -> None:
            try:
                act(event)
            except Exception as error:
                self._end(defect(error))

        self._client.event(kind)(handler)

    def _happens(self, event: Any) -> None:
        self._happened.append(event)
        self._news.set()

    async def connect(self) -> None:
        """Connect, and stay so until stopped."""
        failed = importlib.import_module("neonize.exc").NeonizeError
        try:
            await (await self._client.connect())
        except failed as error:
            self._end(Unreachable(last_words(error)))
        else:
            self._end(Unreachable("the library has stopped"))

    async def stop(self) -> None:
        await self._client.stop()

    async def happenings(self) -> AsyncIterator[Event | Incoming]:
        """What happens, in order. What was not asked for any more is still there, as :meth:`untold`."""
        connected = importlib.import_module("neonize.aioze.events").ConnectedEv
        while True:
            while self._happened:
                event = self._happened[0]
                if isinstance(event, Disconnected):
                    self.is_up = False
                    told: Event | Incoming = event
                elif isinstance(event, connected):
                    told = await self._who()
                    self.is_up = True
                else:
                    told = await self._incoming(event)
                self._happened.popleft()
                yield told
            self._news.clear()
            await self._news.wait()

    def untold(self) -> list[Incoming]:
        """The messages among what was not asked for."""
        return [events.incoming(each) for each in self._happened if hasattr(each, "Info")]

    async def send(self, order: Send) -> Answer:
        """Send plain words: given a string, the library would read ``@1555…`` in it as a mention."""
        message = _proto("waE2E.WAWebProtobufsE2E_pb2").Message
        try:
            sent = await self._client.send_message(order.to, message(conversation=order.text))
        except Exception as error:
            return Answer(order.number, events.outcome(str(error)), why=last_words(error))
        return Answer(order.number, Outcome.SENT, message_id=sent.ID)

    async def _who(self) -> Connected:
        me = await self._client.get_me()
        return Connected(events.jid(me.JID), events.jid(me.LID), me.PushName)

    async def _incoming(self, event: Any) -> Incoming:
        source = event.Info.MessageSource
        alt = events.jid(source.SenderAlt)
        if not (alt or source.IsGroup or source.IsFromMe):
            alt = await self._other(source.Sender)
        return events.incoming(event, alt)

    async def _other(self, jid: Any) -> str:
        """The number of a LID, or the LID of a number; empty if the library has not met both together."""
        asks = {"lid": self._client.get_pn_from_lid, "s.whatsapp.net": self._client.get_lid_from_pn}
        plain = type(jid)(User=jid.User, Server=jid.Server, Device=0, RawAgent=0, Integrator=0, IsEmpty=False)
        found = ""
        with suppress(Exception):
            async with asyncio.timeout(_LOOKUP_S):
                found = events.jid(await asks[jid.Server](plain))
        return found

    async def _on_qr(self, _: object, code: bytes) -> None:
        """A first code to scan also says that a code to type can be had; whoever asked for one sees no others."""
        if not self._phone:
            self._say(QrCode(code.decode("ascii", "replace")))
            return
        if self._has_asked:
            return
        self._has_asked = True
        browser = importlib.import_module("neonize.utils.enum").ClientType.CHROME
        try:
            pair_code = await self._client.PairPhone(self._phone.lstrip("+"), True, client_type=browser)
        except Exception as error:
            self._end(Unreachable(f"whatsapp gives no code for this number: {last_words(error)}"))
        else:
            self._say(PairCode(pair_code))

    def _on_pair_status(self, status: Any) -> None:
        if status.Status == type(status).ERROR:
            self._end(Unreachable(f"whatsapp did not link this device: {status.Error}"))

    def _on_connect_failure(self, failure: Any) -> None:
        self._end(events.refused_connection(failure.Reason))


def defect(error: BaseException) -> Fatal:
    """What is nobody's fault but ours, by its place; its words may quote a message (threats.md S7)."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Fatal(f"a defect of the bridge: {type(error).__name__}{place}")


def last_words(error: Exception) -> str:
    """The innermost reason, which Go puts last; what is before it names addresses and people."""
    return str(error).rpartition(": ")[2].strip()[:200] or type(error).__name__


def _proto(name: str) -> ModuleType:
    return importlib.import_module(f"neonize.proto.{name}")


def _now() -> int:
    return time.time_ns() // 1_000_000
