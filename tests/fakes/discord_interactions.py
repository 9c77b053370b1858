"""Buttons on Discord, for :mod:`tests.fakes.discord`: what a message may have, and what becomes of a press.

It follows https://discord.com/developers/docs/components/reference and …/interactions/receiving-and-responding:

- five rows at most, of five buttons; a label of 80 characters, an id of 100 that is its own in the message;
- an interaction is answered once, within three seconds, by its id and token; more is said by way of a webhook that is
  there only from then on.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

EPHEMERAL = 1 << 6


class Refusal(Exception):
    """An error as Discord answers it."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message, "code": code}


class InteractionFailed(Exception):
    """What somebody sees who pressed a button that was not answered in time."""


@dataclass
class Interaction:
    """A press; ``said`` is what who pressed gets to see."""

    id: int
    token: str
    message: dict[str, Any]
    begun: float
    answered: bool = False
    said: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Interactions:
    """The presses of one application.

    Args:
        reply_s: how long it may take to answer.
    """

    def __init__(self, application: str, *, reply_s: float = 3.0) -> None:
        self.reply_s = reply_s
        self._application = application
        self._all: dict[int, Interaction] = {}
        self._tokens = count(1)

    def begin(self, id: int, message: dict[str, Any]) -> Interaction:
        now = asyncio.get_running_loop().time()
        made = self._all[id] = Interaction(id, f"aW50ZXJhY3Rpb24_{next(self._tokens)}-x==", message, now)
        return made

    async def wait(self, made: Interaction) -> str:
        """What is said. Raises InteractionFailed if nobody answers in time."""
        failing = asyncio.get_running_loop().call_later(self.reply_s, self._fail, made)
        try:
            return await made.said
        finally:
            failing.cancel()

    def _fail(self, made: Interaction) -> None:
        if not made.answered and not made.said.done():
            made.said.set_exception(InteractionFailed())

    def callback(self, asked: Mapping[str, Any], id: int, token: str) -> object:
        """``POST /interactions/{id}/{token}/callback``: what became of it if that is asked for, else nothing."""
        made = self._all.get(id)
        late = made is None or asyncio.get_running_loop().time() - made.begun >= self.reply_s
        if made is None or made.token != token or (late and not made.answered):
            raise Refusal(404, 10062, "Unknown interaction")
        if made.answered:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        match asked:
            case {"type": 5 | 6}:
                pass
            case {"type": 4, "data": {"content": str(text)}}:
                made.said.set_result(text)
            case {"type": 7, "data": dict(data)}:
                change(made.message, data)
                made.said.set_result(str(made.message["content"]))
            case _:
                raise Refusal(400, 50035, "Invalid Form Body")
        made.answered = True
        return {"interaction": {"id": str(id), "type": 3}} if asked.get("with_response") in ("1", "true") else None

    def follow_up(self, asked: Mapping[str, Any], application: int, token: str) -> object:
        """``POST /webhooks/{application}/{token}``"""
        made = next((each for each in self._all.values() if each.token == token and each.answered), None)
        if made is None or str(application) != self._application:
            raise Refusal(404, 10015, "Unknown Webhook")
        text = asked.get("content", "")
        check_text(text)
        if asked.get("flags", 0) & ~EPHEMERAL:
            raise Refusal(400, 50035, "Invalid Form Body")
        if not made.said.done():
            made.said.set_result(text)
        return made.message | {
            "id": str(made.id + 1),
            "content": text,
            "components": [],
            "flags": asked.get("flags", 0),
        }


def change(message: dict[str, Any], asked: Mapping[str, Any]) -> None:
    """Give a message what is said of it, and leave the rest."""
    if "content" in asked:
        check_text(asked["content"])
        message["content"] = asked["content"].strip()
    if "components" in asked:
        check_components(asked["components"])
        message["components"] = asked["components"]
    message["edited_timestamp"] = "2026-11-22T10:00:05.000000+00:00"


def check_text(text: object) -> None:
    if not isinstance(text, str) or not text.strip():
        raise Refusal(400, 50006, "Cannot send an empty message")
    if len(text) > 2000:
        raise Refusal(400, 50035, "Invalid Form Body")


def check_components(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of buttons that Discord takes."""
    if len(rows) > 5 or any(row.get("type") != 1 or not 1 <= len(row.get("components", ())) <= 5 for row in rows):
        raise Refusal(400, 50035, "Invalid Form Body")
    buttons = [button for row in rows for button in row["components"]]
    for button in buttons:
        is_button = button.get("type") == 2 and button.get("style") in (1, 2, 3, 4)
        if not (is_button and 1 <= len(button.get("label", "")) <= 80 and 1 <= len(button.get("custom_id", "")) <= 100):
            raise Refusal(400, 50035, "Invalid Form Body")
    if len({button["custom_id"] for button in buttons}) < len(buttons):
        raise Refusal(400, 50035, "Component custom id cannot be duplicated")


def data_of(message: Mapping[str, Any]) -> list[list[str]]:
    """What the buttons under a message say when they are pressed."""
    return [[button["custom_id"] for button in row["components"]] for row in message["components"]]
