"""How a request to the Bot API is spelled: in the URL, as a form or as JSON; and how it is refused."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code, self.description = code, description


async def asked_of(request: web.Request) -> Mapping[str, Any]:
    """The parameters of a request. In a form, numbers are strings and lists are JSON in strings."""
    if request.content_type == "application/json":
        body = await request.json()
        return {**request.query, **(body if isinstance(body, dict) else {})}
    return {**request.query, **(await request.post())}


def integer(asked: Mapping[str, Any], name: str, default: int) -> int:
    value = asked.get(name, default)
    if isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Refusal(400, f"Bad Request: {name} must be an integer")


def strings(asked: Mapping[str, Any], name: str) -> list[str]:
    value = asked.get(name, [])
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise Refusal(400, f"Bad Request: {name} must be a list of strings")
    return found


def keyboard_of(asked: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """The rows of ``reply_markup``, an inline keyboard whose buttons send data; none, if it is not said."""
    value = asked.get("reply_markup") or {}
    try:
        markup = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise Refusal(400, "Bad Request: can't parse reply keyboard markup JSON object") from None
    rows = markup.get("inline_keyboard", []) if isinstance(markup, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refusal(400, "Bad Request: object expected as reply markup")
    return [[_button(button) for button in row] for row in rows if row]


def _button(button: object) -> dict[str, str]:
    if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"].strip():
        raise Refusal(400, "Bad Request: can't parse inline keyboard button: text buttons are unallowed")
    data = button.get("callback_data")
    if set(button) != {"text", "callback_data"} or not isinstance(data, str):
        raise Refusal(400, "Bad Request: can't parse inline keyboard button: text buttons are unallowed")
    if not 1 <= len(data.encode()) <= 64:
        raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return {"text": button["text"], "callback_data": data}
