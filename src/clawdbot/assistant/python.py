"""``assistant.python``: a function of the owner's, in this process (``docs/assistant.md#a-python-function``)."""

import asyncio
import contextvars
import importlib
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress

from clawdbot.assistant.base import Prompt
from clawdbot.assistant.limits import DEFAULT_CONCURRENCY, DEFAULT_TIMEOUT, Slots
from clawdbot.assistant.text import as_reply
from clawdbot.errors import AssistantFailed, ConfigError

Outcome = tuple[object, BaseException | None]
"""What a function returned, or what it raised."""


class PythonAssistant:
    """Calls a function for each message: a :class:`~clawdbot.assistant.base.Prompt` in, text or ``None`` out.

    A coroutine function runs in the gateway's event loop; any other runs in a thread. A thread cannot be ended: one
    whose time is up runs on, and keeps its place among the ``concurrency`` threads until its function returns. The
    threads do not keep the gateway from stopping.

    Args:
        target: ``"module:callable"``; the callable's name may have dots.
        timeout: seconds for one answer.
        concurrency: how many calls may run at once.

    Raises:
        ConfigError: there is no such callable.
    """

    def __init__(
        self, target: str, *, timeout: float = DEFAULT_TIMEOUT, concurrency: int = DEFAULT_CONCURRENCY
    ) -> None:
        self._function = _load(target)
        self._target = target
        self._slots = Slots(concurrency=concurrency, timeout=timeout)
        self._threads = asyncio.Semaphore(concurrency)

    async def answer(self, prompt: Prompt) -> str:
        return await self._slots.run(lambda: self._run(prompt))

    async def close(self) -> None:
        await self._slots.close()

    async def _run(self, prompt: Prompt) -> str:
        try:
            result = await self._call(prompt)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # KeyboardInterrupt and the like would end the gateway, or the conversation
            # Only the type, and no chain: what it says may hold what the sender wrote (threats.md S7).
            raise AssistantFailed(
                f"assistant.python: {self._target} raised {type(error).__name__}",
                hint="catch it in your function and log it there to see more",
            ) from None
        if result is None:
            return ""
        if not isinstance(result, str):
            raise AssistantFailed(f"assistant.python: {self._target} returned {type(result).__name__}, not text")
        return as_reply(result)

    async def _call(self, prompt: Prompt) -> object:
        if _is_async(self._function):
            result = self._function(prompt)
        else:
            result, error = await self._in_thread(prompt)
            if error is not None:
                raise error
        return await result if inspect.isawaitable(result) else result

    async def _in_thread(self, prompt: Prompt) -> Outcome:
        """Call the function in a thread of its own, as ``asyncio.to_thread`` would, but in one that nobody joins."""
        await self._threads.acquire()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()

        def finish(value: Outcome) -> None:
            self._threads.release()
            if not outcome.done():
                outcome.set_result(value)

        def work() -> None:
            value = _outcome(self._function, prompt)
            with suppress(RuntimeError):  # the loop is closed: the gateway has stopped
                loop.call_soon_threadsafe(finish, value)

        run = contextvars.copy_context().run
        try:
            threading.Thread(target=run, args=(work,), name="clawdbot-assistant", daemon=True).start()
        except RuntimeError:  # the system has no thread to spare
            self._threads.release()
            raise
        return await outcome


def _outcome(function: Callable[[Prompt], object], prompt: Prompt) -> Outcome:
    try:
        return function(prompt), None
    except BaseException as error:
        return None, error


def _is_async(function: Callable[[Prompt], object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _load(target: str) -> Callable[[Prompt], object]:
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise ConfigError(f'assistant.python is not "module:callable": {target!r}', hint='for example "my_bot:answer"')
    try:
        found: object = importlib.import_module(module_name)
    except ImportError as error:
        raise ConfigError(
            f"assistant.python: cannot import {module_name}: {error}",
            hint="install it beside clawdbot, or put its directory into PYTHONPATH",
        ) from error
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"assistant.python: importing {module_name} raised {type(error).__name__}",
            hint=f"try it: python -c 'import {module_name}'",
        ) from error
    try:
        for name in path.split("."):
            found = getattr(found, name)
    except AttributeError:
        raise ConfigError(f"assistant.python: {module_name} has no {path}") from None
    if not callable(found):
        raise ConfigError(f"assistant.python: {target} is not a function")
    return found
