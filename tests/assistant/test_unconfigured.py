"""The assistant of an owner who has not connected one yet."""

from clawdbot.assistant.base import Assistant
from clawdbot.assistant.unconfigured import Unconfigured
from tests.support.assistants import prompt


async def test_it_says_in_one_line_what_the_owner_can_set() -> None:
    """The reply is honest about there being no assistant, names the three settings, and repeats nothing."""
    assistant: Assistant = Unconfigured()
    reply = await assistant.answer(prompt("a secret of mine"))
    assert "\n" not in reply
    assert all(key in reply for key in ("assistant.command", "assistant.url", "assistant.python", "clawdbot.json"))
    assert "secret" not in reply
    await assistant.close()
