"""Our own WhatsApp bridge, a process of its own: ``python -m clawdbot.channels.whatsapp.bridge``.

It speaks the line protocol (docs/whatsapp-bridge.md) and keeps the session. In a process of its own neither a crash nor
a blocked call of the library reaches the gateway. What the library prints goes to ``bridge.log`` in the session's
folder; its log, which quotes messages, goes nowhere (threats.md S7).
"""

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NoReturn

import msgspec

from clawdbot.channels.whatsapp.library import INSTALL, Library, Unusable, defect, load
from clawdbot.channels.whatsapp.protocol import (
    VERSION,
    WINDOW,
    Account,
    Answer,
    Close,
    Connected,
    Event,
    Fatal,
    Handed,
    Incoming,
    Mode,
    NeedsLogin,
    Open,
    Outcome,
    Send,
    Took,
    Unreachable,
    command,
)
from clawdbot.channels.whatsapp.session import InUse, Session

_LINE_LIMIT = 4 * 1024 * 1024
_LINGER_S = 1.0
"""For the last messages to be taken, and once more for the library to stop; then the process ends as it is."""


def main() -> None:
    """Speak the line protocol on standard input and output until told to end."""
    os.umask(0o077)
    logging.disable(logging.CRITICAL)
    bridge = Bridge(os.fdopen(os.dup(1), "wb", buffering=0))
    os.dup2(2, 1)  # the output is the protocol's, and others print, too
    asyncio.run(_end_with(bridge))


async def _end_with(bridge: "Bridge") -> NoReturn:
    """End the process at once: the library's threads, which Python would wait for, may never end."""
    os._exit(await bridge.run())


class Bridge:
    """Commands in, events out, and the messages that were handed over and not taken yet."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._handed: dict[int, Incoming] = {}
        self._last_number = 0
        self._room = asyncio.Semaphore(WINDOW)
        self._sending: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._all_taken = asyncio.Event()
        """Or nobody is there any more to take them."""
        self._last_word: Event | None = None

    async def run(self) -> int:
        """Serve one session; the exit code of the process."""
        try:
            await self._serve(await _standard_input())
        except Unusable as error:
            self._say(Fatal(str(error), error.hint))
        except InUse:
            self._say(Unreachable("another bridge is still at work in this session"))
        except OSError as error:
            self._say(Fatal(f"{error.filename or 'a file'}: {error.strerror or type(error).__name__}"))
        except Exception as error:  # whatever it is, somebody must hear of it
            self._say(defect(error))
        else:
            return 0
        return 1

    async def _serve(self, commands: asyncio.StreamReader) -> None:
        opened = command(await _line(commands) or b"")
        if not isinstance(opened, Open) or opened.version != VERSION:
            raise Unusable("the gateway and the bridge do not speak the same protocol", INSTALL)
        session = Session(Path(opened.session))
        with session.held():
            prints = session.open_log()
            os.dup2(prints, 1)
            os.dup2(prints, 2)
            load()
            linked = _linked(session)
            if opened.mode is Mode.LOOK or (opened.mode is Mode.LOGIN and linked):
                self._say(linked or NeedsLogin())
            elif opened.mode is Mode.RUN and not linked:
                self._say(NeedsLogin())
            else:
                await self._work(session, opened, commands)

    async def _work(self, session: Session, opened: Open, commands: asyncio.StreamReader) -> None:
        library = Library(session.database, phone=opened.phone, say=self._say, end=self._end)
        kept = session.kept()
        telling = self._begin(self._tell(library, kept))
        tasks = [telling, self._begin(self._obey(commands, library)), self._begin(library.connect())]
        await self._over.wait()
        telling.cancel()
        await asyncio.wait([telling])
        if self._handed:
            await _at_most(_LINGER_S, self._all_taken.wait())
        session.keep([*self._handed.values(), *kept, *library.untold()])
        if self._last_word is not None:
            self._say(self._last_word)
        await _at_most(_LINGER_S, library.stop())
        for task in (*tasks, *self._sending):
            task.cancel()

    async def _obey(self, commands: asyncio.StreamReader, library: Library) -> None:
        while (line := await _line(commands)) is not None:
            match command(line):
                case Took(number=number):
                    self._took(number)
                case Send() as order:
                    task = self._begin(self._send(order, library))
                    self._sending.add(task)
                    task.add_done_callback(self._sending.discard)
                case Close():
                    self._over.set()
                case _:
                    pass
        self._hang_up()

    async def _send(self, order: Send, library: Library) -> None:
        if library.is_up:
            self._say(await library.send(order))
        else:
            self._say(Answer(order.number, Outcome.NOT_NOW, why="not connected"))

    async def _tell(self, library: Library, kept: list[Incoming]) -> None:
        """Tell what happens, in order, beginning with what was kept; messages as long as there is room for them."""
        async for event in library.happenings():
            if isinstance(event, Incoming):
                await self._hand_over(event)
                continue
            self._say(event)
            while kept and isinstance(event, Connected):
                await self._hand_over(kept.pop(0))

    async def _hand_over(self, message: Incoming) -> None:
        self._last_number += 1
        number = self._last_number
        self._handed[number] = message
        self._all_taken.clear()
        await self._room.acquire()
        self._say(Handed(number, msgspec.to_builtins(message)))

    def _took(self, number: int) -> None:
        if self._handed.pop(number, None) is not None:
            self._room.release()
        if not self._handed:
            self._all_taken.set()

    def _end(self, last_word: Event) -> None:
        """Nothing happens after this."""
        self._last_word = self._last_word or last_word
        self._over.set()

    def _hang_up(self) -> None:
        self._over.set()
        self._all_taken.set()

    def _begin(self, work: Awaitable[None]) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                self._end(defect(error))

        return asyncio.create_task(guarded())

    def _say(self, word: Event | Answer) -> None:
        try:
            self._output.write(msgspec.json.encode(word) + b"\n")
        except OSError:
            self._hang_up()


def _linked(session: Session) -> Account | None:
    try:
        return session.linked()
    except sqlite3.Error as error:
        why = f"{session.database} cannot be read: {error}"
        raise Unusable(why, "move the folder away, and log in again") from None


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _line(commands: asyncio.StreamReader) -> bytes | None:
    """The next line; ``None`` at the end, or where it is none of ours."""
    try:
        return await commands.readline() or None
    except (ValueError, OSError):
        return None


async def _at_most(seconds: float, work: Awaitable[object]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await work


if __name__ == "__main__":
    main()
