"""One connection to a Slack of our own, over a real WebSocket."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from clawdbot.channels.patience import Unreachable
from clawdbot.channels.slack.api import Rejected, WebApi
from clawdbot.channels.slack.connection import Connection, End
from clawdbot.channels.slack.parse import Bot, Envelope
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.secret import Secret
from tests.fakes.slack import FakeSlack
from tests.support.waiting import eventually


class Line:
    """A connection, and what came over it."""

    def __init__(self, slack: FakeSlack, hello_s: float = 5.0, ping_s: float = 0.2) -> None:
        self.slack = slack
        self.envelopes: list[Envelope] = []
        self.api = WebApi(Secret(slack.token), Secret(slack.app_token), slack.api_base)
        self.connection = Connection(
            *(ChannelAccount(Channel.SLACK), Bot("T0TEAM", "U0CLAWD"), self.take), ping_s=ping_s, hello_s=hello_s
        )

    def take(self, _: Connection, envelope: Envelope) -> None:
        self.envelopes.append(envelope)

    async def open(self) -> None:
        await self.connection.open(await self.api.open_connection())


@pytest.fixture
async def line(slack: FakeSlack) -> AsyncIterator[Line]:
    made = Line(slack)
    yield made
    await made.connection.close()


async def ended(line: Line) -> End:
    async with asyncio.timeout(20):
        return await line.connection.ended()


async def test_it_is_open_when_slack_has_greeted_us_and_knows_for_which_app(slack: FakeSlack, line: Line) -> None:
    await line.open()
    assert line.connection.bot == Bot("T0TEAM", "U0CLAWD", "A0CLAWD")


async def test_envelopes_come_in_order(slack: FakeSlack, line: Line) -> None:
    await line.open()
    sent = [slack.person(1, "Alice").write(f"{n}") for n in range(100)]
    await eventually(lambda: len(line.envelopes) == 100)
    assert [each.id for each in line.envelopes] == [each.envelope["envelope_id"] for each in sent]


async def test_what_is_acknowledged_does_not_come_again(slack: FakeSlack, line: Line) -> None:
    slack.ack_s = 0.2
    await line.open()
    sent = slack.person(1, "Alice").write("hi")
    await eventually(lambda: line.envelopes)
    await line.connection.acknowledge(line.envelopes[0])
    await eventually(lambda: sent.acknowledged)
    assert sent.attempts == 1


async def test_an_acknowledgement_that_cannot_be_sent_harms_nobody(slack: FakeSlack, line: Line) -> None:
    await line.open()
    slack.drop()
    assert await ended(line) is End.LOST
    await line.connection.acknowledge(Envelope("e", "events_api", None))


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("warning", End.REPLACE),
        ("refresh_requested", End.REPLACE),
        ("too_many_websockets", End.TOO_MANY),
        ("link_disabled", End.SWITCHED_OFF),
        ("a reason of next year", End.LOST),
    ],
)
async def test_slack_gives_notice_and_says_why(slack: FakeSlack, line: Line, reason: str, end: End) -> None:
    await line.open()
    slack.disconnect(reason)
    assert await ended(line) is end


async def test_envelopes_come_until_the_very_end(slack: FakeSlack, line: Line) -> None:
    await line.open()
    slack.disconnect("warning")
    slack.person(1, "Alice").write("hi")
    assert await ended(line) is End.REPLACE
    await eventually(lambda: line.envelopes)


async def test_a_connection_that_answers_no_pings_is_lost(slack: FakeSlack, line: Line) -> None:
    await line.open()
    slack.deaf = True
    assert await ended(line) is End.LOST


async def test_a_connection_that_answers_pings_is_kept(slack: FakeSlack, line: Line) -> None:
    await line.open()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.5):
            await line.connection.ended()


async def test_without_a_greeting_it_is_not_open(slack: FakeSlack) -> None:
    slack.mute = True
    line = Line(slack, hello_s=0.2)
    with pytest.raises(Unreachable, match="TimeoutError"):
        await line.open()
    await line.connection.close()


async def test_a_farewell_instead_of_a_greeting_is_told(slack: FakeSlack, line: Line) -> None:
    slack.socket_mode = False
    with pytest.raises(Rejected, match="link_disabled"):
        await line.open()


@pytest.mark.parametrize("url", ["https://example.invalid/", "", "ws://127.0.0.1:1/link?ticket=sesame", "ws://[::"])
async def test_S7_a_url_that_leads_nowhere_fails_at_once_and_is_not_quoted(line: Line, url: str) -> None:
    with pytest.raises(Unreachable) as caught:
        await line.connection.open(url)
    assert "sesame" not in str(caught.value)


async def test_S8_frames_that_are_none_do_no_harm(
    slack: FakeSlack, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    await line.open()
    for text in ("", "{", "sesame", "[]", '{"type": 5}', '{"type": "news"}', "[" * 5000, json.dumps({"type": "hello"})):
        slack.frame(text)
    slack.person(1, "Alice").write("hi")
    await eventually(lambda: line.envelopes)
    assert "malformed" in caplog.text
    assert "sesame" not in caplog.text


async def test_a_frame_that_is_too_big_ends_the_connection(slack: FakeSlack, line: Line) -> None:
    await line.open()
    slack.frame(json.dumps({"type": "events_api", "payload": "x" * 5 * 1024 * 1024}))
    assert await ended(line) is End.LOST
    assert line.envelopes == []


async def test_closing_leaves_nothing_behind(slack: FakeSlack) -> None:
    before = asyncio.all_tasks()
    line = Line(slack)
    await line.open()
    slack.deaf = True
    await line.connection.close()
    await line.connection.close()
    assert not [task for task in asyncio.all_tasks() - before if "slack_sdk" in repr(task)]
    await eventually(lambda: not slack.sockets)
