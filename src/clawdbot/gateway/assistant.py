"""The assistant that the configuration names now, whatever it named when the gateway started."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from clawdbot.assistant.base import Assistant, Prompt
from clawdbot.config import AssistantSettings, Config
from clawdbot.errors import AssistantFailed, ConfigError

log = logging.getLogger("clawdbot")


@dataclass(eq=False, slots=True)
class _Opened:
    """An assistant that was opened, and how many answers it is at."""

    settings: AssistantSettings | None
    assistant: Assistant
    answering: int = 0


class ConfiguredAssistant:
    """An :class:`~clawdbot.assistant.base.Assistant` that changes with the configuration, from one message to the next.

    An answer that is under way when the configuration changes is finished by the assistant that began it.

    Args:
        config: the configuration as it is now; may raise ConfigError.
        open_assistant: makes the assistant that it names; may raise ConfigError.

    Raises:
        ConfigError: the assistant that is configured now cannot be loaded.
    """

    def __init__(self, config: Callable[[], Config], open_assistant: Callable[[Config], Assistant]) -> None:
        self._config = config
        self._open = open_assistant
        now = config()
        self._current = _Opened(now.assistant, open_assistant(now))
        self._opened = [self._current]

    async def answer(self, prompt: Prompt) -> str:
        used = await self._configured()
        used.answering += 1
        try:
            return await used.assistant.answer(prompt)
        finally:
            used.answering -= 1
            await self._close_idle()

    async def close(self) -> None:
        for opened in self._opened:
            await opened.assistant.close()

    async def _configured(self) -> _Opened:
        now = self._config()
        if now.assistant != self._current.settings:
            try:
                self._current = _Opened(now.assistant, self._open(now))
            except ConfigError as error:
                raise AssistantFailed(error.message, hint=error.hint) from None
            self._opened.append(self._current)
            log.info("the assistant is another one now, as the configuration says")
            await self._close_idle()
        return self._current

    async def _close_idle(self) -> None:
        """Close those that are not the configured one any more, and have nothing left to answer."""
        idle = [opened for opened in self._opened if opened is not self._current and not opened.answering]
        self._opened = [opened for opened in self._opened if opened not in idle]
        for opened in idle:
            await opened.assistant.close()
