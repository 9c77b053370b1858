"""Blocks of messages on Slack, for :mod:`tests.fakes.slack`: what one may have, and how it looks.

It follows https://docs.slack.dev/reference/block-kit: fifty blocks at most; a section has 3000 characters; a block
of actions has 25 buttons, each with 75 characters on it, 2000 in its value, and an id that is its own in the message.
"""

import html
import json
from collections.abc import Mapping
from typing import Any

Blocks = list[dict[str, Any]]


class InvalidBlocks(Exception):
    """Blocks that Slack does not take."""


def read(asked: Mapping[str, Any]) -> Blocks | None:
    """The blocks of a call, as JSON or as a form has them; ``None`` if it has none. Raises InvalidBlocks."""
    blocks = asked.get("blocks")
    if blocks is None:
        return None
    found = json.loads(blocks) if isinstance(blocks, str) else blocks
    if not isinstance(found, list) or len(found) > 50:
        raise InvalidBlocks
    for block in found:
        _check(block)
    ids = [button["action_id"] for button in _buttons(found)]
    if len(set(ids)) < len(ids):
        raise InvalidBlocks
    return found


def _check(block: Mapping[str, Any]) -> None:
    match block:
        case {"type": "section", "text": {"type": "plain_text" | "mrkdwn", "text": str(text)}}:
            is_good = 1 <= len(text) <= 3000
        case {"type": "actions", "elements": list(elements)}:
            is_good = 1 <= len(elements) <= 25 and all(_is_button(each) for each in elements)
        case _:
            is_good = False
    if not is_good or len(str(block.get("block_id", ""))) > 255:
        raise InvalidBlocks


def _is_button(element: Mapping[str, Any]) -> bool:
    match element:
        case {"type": "button", "text": {"type": "plain_text", "text": str(text)}, "action_id": str(id)}:
            return 1 <= len(text) <= 75 and 1 <= len(id) <= 255 and len(element.get("value", "")) <= 2000
        case _:
            return False


def _buttons(blocks: Blocks) -> list[dict[str, Any]]:
    return [each for block in blocks if block["type"] == "actions" for each in block["elements"]]


def data_of(blocks: Blocks) -> list[list[str]]:
    """What the buttons say when they are pressed, a row for each block of them."""
    return [[each["value"] for each in block["elements"]] for block in blocks if block["type"] == "actions"]


def shown(text: str, blocks: Blocks) -> str:
    """What people see of a message: its blocks, or its text where it has none."""
    sections = [block["text"]["text"] for block in blocks if block["type"] == "section"]
    return html.unescape("\n".join(sections) if blocks else text)
