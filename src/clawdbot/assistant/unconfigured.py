"""The assistant of an owner who has not connected one yet."""

from clawdbot.assistant.base import Prompt

REPLY = (
    "No assistant is connected to this bot yet. "
    "Its owner can set assistant.command, assistant.url or assistant.python in clawdbot.json."
)


class Unconfigured:
    """Says honestly that nobody is there to answer, and what to set."""

    async def answer(self, prompt: Prompt) -> str:
        return REPLY

    async def close(self) -> None:
        pass
