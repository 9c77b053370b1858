"""Messages with buttons, as Slack's Block Kit has them (https://docs.slack.dev/reference/block-kit). Pure."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, PlainTextObject, SectionBlock

from clawdbot.channels.base import Rows
from clawdbot.channels.slack.markup import escaped
from clawdbot.channels.text import pieces

ROOM = 3000
"""Characters in one section, of a text that is escaped."""

_LONGEST_ESCAPE = len(escaped("&"))


def blocks(text: str, rows: Rows) -> Sequence[Block]:
    """A text that is shown as it is, and under it the rows of buttons; at most :data:`ROOM` characters."""
    parts = [text] if len(escaped(text)) <= ROOM else pieces(text, ROOM // _LONGEST_ESCAPE)
    return [*(SectionBlock(text=_plain(escaped(part))) for part in parts), *_actions(rows)]


def _actions(rows: Rows) -> list[Block]:
    """One block a row. What an action is called has to be its own in the message; what it says is its value."""
    return [
        ActionsBlock(
            elements=[
                ButtonElement(text=_plain(button.label), action_id=f"{y}-{x}", value=button.data)
                for x, button in enumerate(row)
            ]
        )
        for y, row in enumerate(rows)
    ]


def _plain(text: str) -> PlainTextObject:
    return PlainTextObject(text=text, emoji=False)
