"""Messages with buttons, as Slack's own library writes them and a strict Slack reads them."""

from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.base import Button
from clawdbot.channels.slack.blocks import ROOM, blocks
from clawdbot.channels.slack.markup import escaped
from clawdbot.channels.text import shortened
from tests.fakes import slack_blocks

ROWS = [[Button(f"✅ Approve AAAA{y}", f"approve AAAA{y}"), Button("Reject", f"reject AAAA{y}")] for y in range(8)]


def test_a_message_has_its_text_and_a_row_of_buttons_for_each_request() -> None:
    """Each with an id of its own, and with what it says as its value; no markup is read in either."""
    assert [block.to_dict() for block in blocks("Eve <!here> waits", ROWS[:1])] == [
        {"type": "section", "text": {"type": "plain_text", "text": "Eve &lt;!here&gt; waits", "emoji": False}},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "✅ Approve AAAA0", "emoji": False},
                    "action_id": "0-0",
                    "value": "approve AAAA0",
                },
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Reject", "emoji": False},
                    "action_id": "0-1",
                    "value": "reject AAAA0",
                },
            ],
        },
    ]


@given(text=st.text(st.sampled_from("&<>a \n😀"), min_size=1, max_size=2 * ROOM).filter(str.strip))
def test_whatever_the_text_slack_takes_it(text: str) -> None:
    """Within what is sent of a text, and however much of it has to be escaped."""
    shown = shortened(text, ROOM)
    made = [block.to_dict() for block in blocks(shown, ROWS)]
    assert slack_blocks.read({"blocks": made}) == made
    assert slack_blocks.data_of(made) == [[button.data for button in row] for row in ROWS]
    assert "".join(slack_blocks.shown(escaped(shown), made).split()) == "".join(shown.split())
