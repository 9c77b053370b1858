"""A bridge at work: what it tells us, and what we ask of it."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from clawdbot.channels import patience
from clawdbot.channels.base import BotIdentity, Report
from clawdbot.channels.child import Ended, JsonLines
from clawdbot.channels.inbox import Seen
from clawdbot.channels.whatsapp import failures, parse, protocol, session
from clawdbot.channels.whatsapp.protocol import Answer, Mode, Open, Outcome, Send, Took
from clawdbot.domain.names import ChannelAccount, Instant
from clawdbot.errors import ChannelFailed, ChannelRefused

_log = logging.getLogger(__name__)

OUR_BRIDGE = (sys.executable, "-m", "clawdbot.channels.whatsapp.bridge")


@dataclass(frozen=True, slots=True)
class Timing(patience.Timing):
    """How long things take with WhatsApp, in seconds.

    Attributes:
        answer: until WhatsApp must have taken a message; its library gives up after 75.
        connect: until WhatsApp must have answered; its library can hang.
        away: how long the bridge may go without a connection before it is started anew.
        stop: what the bridge gets to hand over the rest.
        login: how long somebody may take to scan the code.
        settle: how long a device that was just linked stays connected, to receive its keys.
    """

    answer: float = 90.0
    flood: float = 30.0
    connect: float = 60.0
    away: float = 600.0
    stop: float = 3.0
    login: float = 180.0
    settle: float = 8.0


@dataclass(frozen=True, slots=True)
class Place:
    """Which account, by which bridge, in which folder.

    Attributes:
        root: the state directory; the folders up to there are ours as well.
        environ: what the bridge gets for an environment; ours without secrets, if not said.
    """

    account: ChannelAccount
    argv: tuple[str, ...]
    folder: Path
    root: Path
    environ: Mapping[str, str] | None = None


class Connection:
    """A bridge that was told to open a session.

    Attributes:
        own: who we are, once connected.
        since: when we were connected last.
        arrived: messages handed over, in order; each wants a :meth:`took`.
    """

    def __init__(self, child: JsonLines, place: Place, timing: Timing) -> None:
        self.own: parse.Self | None = None
        self.since: Instant = 0
        self.up = asyncio.Event()
        self.arrived: asyncio.Queue[protocol.Handed] = asyncio.Queue()
        self._child = child
        self._place = place
        self._timing = timing
        self._sent = Seen()
        self._going: list[str] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, place: Place, timing: Timing, mode: Mode, phone: str = "") -> AsyncIterator[Self]:
        """Start the bridge, for as long as the context lasts.

        Raises:
            ChannelRefused: there is no such program, or the session's folder cannot be had.
            ChannelFailed: it does not start now.
        """
        try:
            session.prepare(place.folder, place.root)
        except OSError as error:
            why = f"cannot use {error.filename or place.folder}: {error.strerror}"
            raise ChannelRefused(
                why, hint="it holds the keys of the linked device; make it a folder of yours"
            ) from None
        async with JsonLines.start(place.argv, place.environ, hint="see channels.whatsapp.bridgeCommand") as child:
            with suppress(Ended):  # one that has fallen by now has said why
                await child.send(Open(protocol.VERSION, mode, str(place.folder), phone).line())
            yield cls(child, place, timing)

    async def events(self) -> AsyncGenerator[protocol.Event, None]:
        """What the bridge tells; raises ChannelFailed where it says that nothing comes any more, or ends."""
        async for line in self._child:
            event = protocol.event(line)
            if event is None:
                _log.debug("%s: the bridge said what we do not know", self._place.account)
            elif (failure := failures.of_event(event, self._place.account, self._place.folder)) is not None:
                raise failure
            else:
                yield event
        ending = await self._child.ending()
        raise ChannelFailed(f"the whatsapp bridge is gone: {ending}", hint=f"see {self._place.folder / 'bridge.log'}")

    async def look(self) -> parse.Self:
        """Who is linked, as a bridge says that only looks. Raises ChannelFailed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.connect), aclosing(self.events()) as events:
                async for event in events:
                    if isinstance(event, protocol.Account):
                        return self.known(event)
        raise ChannelFailed("the whatsapp bridge does not say whom it is linked to")

    async def listen(self, report: Report) -> None:
        """Take what the bridge tells, until that ends: raises ChannelFailed."""
        now = asyncio.get_running_loop().time
        try:
            async with asyncio.timeout(self._timing.connect) as limit:
                async for event in self.events():
                    match event:
                        case protocol.Connected():
                            self._connected(event, report)
                            limit.reschedule(None)
                        case protocol.Disconnected():
                            self.up.clear()
                            report.trouble(ChannelFailed("the connection to whatsapp is lost", hint=failures.NETWORK))
                            limit.reschedule(now() + self._timing.away)
                        case protocol.Handed():
                            self.arrived.put_nowait(event)
                        case _:
                            pass
        except TimeoutError:
            pass
        finally:
            self.up.clear()
        raise ChannelFailed("whatsapp does not answer", hint=failures.NETWORK)

    @staticmethod
    def known(shown: protocol.Account | protocol.Connected) -> parse.Self:
        """Who we are, as a bridge says it. Raises ChannelFailed if that is nobody."""
        own = parse.who_we_are(shown)
        if own is None:
            raise ChannelFailed("the whatsapp bridge does not say whom it is linked to")
        return own

    def _connected(self, event: protocol.Connected, report: Report) -> None:
        self.own = self.known(event)
        self.since = self._timing.now()
        self.up.set()
        report.ready(identity(self.own))

    async def took(self, number: int) -> None:
        """Say that a message is ours now; one that is not heard comes again."""
        with suppress(ChannelFailed):
            await self._child.send(Took(number).line())

    async def send(self, chat: str, text: str) -> Answer:
        """Send one message; what became of it. Waits for a connection, but not for ever."""
        try:
            async with asyncio.timeout(self._timing.flood):
                await self.up.wait()
        except TimeoutError:
            return Answer(0, Outcome.NOT_NOW, why="not connected")
        self._going.append(text)
        try:
            line = await self._child.request(Send(0, chat, text).line(), within=self._timing.answer)
        except ChannelFailed as error:
            return Answer(0, Outcome.UNKNOWN, why=str(error))
        finally:
            self._going.remove(text)
        answer = protocol.answer(line)
        self._sent.add(("", answer.message_id))
        return answer

    def is_echo(self, message: protocol.Incoming) -> bool:
        """Whether a message of ours was sent from here; one that is under way has no id yet."""
        return message.from_me and (("", message.id) in self._sent or message.text in self._going)

    async def finish(self, listening: asyncio.Task[None]) -> None:
        """Let the bridge end in peace: what it still hands over is taken."""
        with suppress(ChannelFailed):
            await self._child.send(protocol.Close().line())
        await asyncio.wait([listening], timeout=self._timing.stop)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timing.stop):
                await self.arrived.join()


def identity(own: parse.Self) -> BotIdentity:
    """How the account is shown."""
    return BotIdentity(id=own.number, name=own.name or own.number)
