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
