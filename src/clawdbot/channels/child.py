"""A program beside us that speaks in JSON lines: one object a line, on its standard input and output.

Some platforms are reached only through a program of theirs (``imsg rpc``, the WhatsApp bridge). How it is started and
ended: :mod:`clawdbot.channels.program`. It must end when its input ends.
"""

import asyncio
import errno
import itertools
import json
import logging
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NoReturn, Self

from clawdbot.channels.program import GRACE, OVERLONG, Program, start
from clawdbot.errors import ChannelFailed, ChannelRefused
from clawdbot.processes import at_most

_log = logging.getLogger(__name__)

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes in a line; a picture as base64 has room."""

ANSWER_S = 10.0
"""Seconds for an answer."""

_NOISE_KEPT = 4096

Object = dict[str, object]
"""A JSON object. Whole numbers are exact, whatever their length; there is no NaN and no Infinity (threats.md S8)."""


class NoAnswer(ChannelFailed):
    """A program did not answer in time; nobody knows whether it did what it was asked."""


class Ended(ChannelFailed):
    """A program has ended, and answers nobody any more; :meth:`JsonLines.ending` says why."""


class JsonLines:
    """A running program; one task iterates over what it says, any task may send and request.

        async with JsonLines.start(["imsg", "rpc"]) as child:
            await child.send({"method": "hello"})
            async for message in child:
                ...
            raise await child.ending()  # the iteration ends where the program's output does

    The end of the ``async with`` ends the program. Lines that hold no JSON object, or are too long, are passed over;
    the log says so once, without quoting them (threats.md S7).

    Attributes:
        name: the program's, for people.
        skipped: how many lines were passed over.
    """

    def __init__(self, name: str, program: Program) -> None:
        self.name = name
        self.skipped = 0
        self._program = program
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Object]] = {}
        self._is_over = False
        self._noise = b""

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        cwd: Path | None = None,
        limit: int = LINE_LIMIT,
        hint: str = "",
    ) -> AsyncIterator[Self]:
        """Start a program without a shell, for as long as the context lasts.

        Args:
            env: its environment; ours without secrets, if not said.
            limit: bytes in a line.
            hint: what the owner does if there is no such program.

        Raises:
            ChannelRefused: there is no such program, or it cannot be executed.
            ChannelFailed: the system starts no program now.
        """
        try:
            program = await start(argv, env, cwd, limit)
        except OSError as error:
            failure = _not_started(argv[0], error, hint)
        else:
            child = cls(Path(argv[0]).name, program)
            try:
                yield child
            finally:
                child._hang_up()
                await program.end()
            return
        raise failure

    @property
    def returncode(self) -> int | None:
        """How it ended; ``None`` while it runs. A negative one is the number of the signal that ended it."""
        return self._program.returncode

    @property
    def last_words(self) -> str:
        """The last line that it wrote to standard error, for people: printable, and not too long."""
        return self._program.last_words

    @property
    def noise(self) -> str:
        """The end of what it wrote beside its objects, to look for known words in; it may hold anything."""
        return self._noise.decode("utf-8", "replace") + self._program.errors

    async def send(self, message: Mapping[str, object]) -> None:
        """Write one object. Raises Ended if the program has, ChannelFailed if it does not read."""
        line = json.dumps(message, allow_nan=False, separators=(",", ":")) + "\n"
        try:
            await self._program.write(line.encode("ascii"))
        except TimeoutError:
            failure: ChannelFailed = ChannelFailed(f"{self.name} does not read what it is sent")
        except OSError:
            failure = self._gone()
        else:
            return
        raise failure

    async def request(self, message: Mapping[str, object], *, within: float = ANSWER_S) -> Object:
        """Send an object with an ``id`` of ours, and wait for the one that comes back with it.

        Answers arrive only while the program is iterated over, and are not part of the iteration; one that comes too
        late is dropped.

        Args:
            within: seconds for the answer.

        Raises:
            NoAnswer: none came in time; the program may have done what it was asked.
            Ended: the program has; it too may have done it.
            ChannelFailed: the program does not read.
        """
        if self._is_over:
            raise self._gone()
        number = next(self._numbers)
        answer: asyncio.Future[Object] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(within):
                await self.send({**message, "id": number})
                return await answer
        except TimeoutError:
            failure = NoAnswer(f"{self.name} does not answer")
        finally:
            del self._asked[number]
        raise failure

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Object:
        """The next object that is no answer."""
        while (line := await self._program.line()) is not None:
            message = _object(line)
            if message is None:
                self._skip(line)
            elif not self._take_answer(message):
                return message
        self._hang_up()
        raise StopAsyncIteration

    async def ending(self) -> ChannelFailed:
        """How it ended, as an error; for after the iteration."""
        await at_most(GRACE, self._program.exited)
        words = f": {self.last_words}" if self.last_words else ""
        return ChannelFailed(f"{self.name} {_how(self.returncode)}{words}")

    def _take_answer(self, message: Object) -> bool:
        number = message.get("id")
        if type(number) is not int or "method" in message:
            return False
        asked = self._asked.get(number)
        if asked is not None and not asked.done():
            asked.set_result(message)
        return True

    def _skip(self, line: bytes) -> None:
        level = logging.DEBUG if self.skipped else logging.WARNING
        what = "is too long" if line is OVERLONG else "is no JSON object"
        _log.log(level, "%s: a line of its output %s; it is passed over", self.name, what)
        self._noise = (self._noise + line)[-_NOISE_KEPT:]
        self.skipped += 1

    def _hang_up(self) -> None:
        """Nobody will be answered any more."""
        self._is_over = True
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(self._gone())

    def _gone(self) -> Ended:
        return Ended(f"{self.name} has ended")


def _not_started(path: str, error: OSError, hint: str) -> ChannelFailed:
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return ChannelRefused(f"there is no program {path}, or not the one that its #! line names", hint=hint)
        case PermissionError():
            return ChannelRefused(f"{path} may not be executed", hint=f"chmod +x {path}")
        case OSError(errno=errno.ENOEXEC):
            return ChannelRefused(f"{path} is no program", hint="a script needs a first line such as #!/bin/sh")
        case _:
            return ChannelFailed(f"{path} cannot be started: {error.strerror or type(error).__name__}")


def _object(line: bytes) -> Object | None:
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _how(returncode: int | None) -> str:
    if returncode is None:
        return "closed its output"
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"was ended by signal {-returncode}"
