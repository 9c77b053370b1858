"""The Slack of our own, as clients of another make see it: plain aiohttp, and slack_sdk."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, PlainTextObject, SectionBlock
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack, error, too_many
from tests.support.waiting import eventually


@pytest.fixture
async def fake() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(ack_s=0.05) as slack:
        yield slack


class Client:
    def __init__(self, fake: FakeSlack, session: aiohttp.ClientSession) -> None:
        self.fake, self.session = fake, session

    async def call(self, method: str, token: str | None = None, **arguments: object) -> Any:
        headers = {"Authorization": f"Bearer {self.fake.token if token is None else token}"}
        async with self.session.post(f"{self.fake.api_base}/{method}", json=arguments, headers=headers) as answer:
            return await answer.json()

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        opened = await self.call("apps.connections.open", self.fake.app_token)
        return await self.session.ws_connect(opened["url"])


@pytest.fixture
async def client(fake: FakeSlack) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(fake, session)


async def envelope(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return json.loads(await socket.receive_str(timeout=10))


async def test_an_event_comes_until_it_is_acknowledged_and_says_how_often(fake: FakeSlack, client: Client) -> None:
    sent = fake.person(1, "Alice").write("1 < 2")
    socket = await client.connect()
    assert (await envelope(socket))["type"] == "hello"

    first, second = await envelope(socket), await envelope(socket)
    await socket.send_json({"envelope_id": second["envelope_id"]})
    await eventually(lambda: sent.acknowledged)

    assert first["payload"]["event"]["text"] == "1 &lt; 2"
    assert first["payload"] == second["payload"]
    assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
    assert second["retry_reason"] == "timeout"


async def test_an_event_comes_four_times_at_most(fake: FakeSlack, client: Client) -> None:
    sent = fake.person(1, "Alice").write("hi")
    socket = await client.connect()
    assert [(await envelope(socket)).get("retry_attempt") for _ in range(5)] == [None, 0, 1, 2, 3]
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=0.2)

    assert not sent.acknowledged


async def test_what_a_lost_connection_left_comes_over_the_next_one(fake: FakeSlack, client: Client) -> None:
    fake.ack_s = 60
    first = await client.connect()
    await envelope(first)
    fake.person(1, "Alice").write("hi")
    await envelope(first)
    fake.drop()
    second = await client.connect()
    await envelope(second)

    assert (await envelope(second))["payload"]["event"]["text"] == "hi"


async def test_the_url_of_a_websocket_is_good_once(fake: FakeSlack, client: Client) -> None:
    opened = await client.call("apps.connections.open", fake.app_token)
    await client.session.ws_connect(opened["url"])

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await client.session.ws_connect(opened["url"])


async def test_there_are_ten_connections_at_most_and_none_without_socket_mode(fake: FakeSlack, client: Client) -> None:
    sockets = [await client.connect() for _ in range(10)]
    await eventually(lambda: len(fake.sockets) == len(sockets))
    assert (await envelope(await client.connect()))["reason"] == "too_many_websockets"
    fake.socket_mode = False
    assert (await envelope(await client.connect()))["reason"] == "link_disabled"


@pytest.mark.parametrize(
    ("method", "token", "word"),
    [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-other", "invalid_auth"),
        ("auth.test", "app", "not_allowed_token_type"),
        ("apps.connections.open", None, "not_allowed_token_type"),
        ("chat.delete", None, "unknown_method"),
    ],
)
async def test_each_method_wants_its_token(
    fake: FakeSlack, client: Client, method: str, token: str | None, word: str
) -> None:
    answer = await client.call(method, fake.app_token if token == "app" else token)
    assert answer == {"ok": False, "error": word}


async def test_each_method_wants_its_scope_and_says_which(fake: FakeSlack, client: Client) -> None:
    fake.scopes = ("chat:write",)
    answer = await client.call("conversations.open", users="U0PERSON1")
    assert answer == {"ok": False, "error": "missing_scope", "needed": "im:write", "provided": "chat:write"}


async def test_messages_arrive_as_people_see_them(fake: FakeSlack, client: Client) -> None:
    alice = fake.person(1, "Alice")
    opened = await client.call("conversations.open", users=alice.sender)
    await client.call("chat.postMessage", channel=opened["channel"]["id"], text="a &lt;!channel&gt; <!here>")

    assert await alice.next_message() == "a <!channel> <!here>"
    assert alice.called == ["<!here>"]


async def test_what_cannot_be_sent_is_refused(fake: FakeSlack, client: Client) -> None:
    alice, bob = fake.person(1, "Alice"), fake.person(2, "Bob")
    bob.deactivated = True

    async def post(channel: str, text: str) -> object:
        return (await client.call("chat.postMessage", channel=channel, text=text))["error"]

    assert await post("D0NOBODY", "hi") == "channel_not_found"
    assert await post(bob.direct, "hi") == "channel_not_found"
    assert await post(alice.direct, " ") == "no_text"
    assert await post(alice.direct, "a" * 40_001) == "msg_too_long"
    assert (await client.call("conversations.open", users=bob.sender))["error"] == "user_disabled"
    assert (await client.call("conversations.open", users=fake.user_id))["error"] == "cannot_dm_bot"
    assert (await client.call("users.info", user="U0NOBODY"))["error"] == "user_not_found"


async def test_it_fails_as_it_is_told(fake: FakeSlack, client: Client) -> None:
    fake.fail("auth.test", too_many(3), error("account_inactive"))
    async with client.session.post(f"{fake.api_base}/auth.test") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert (await client.call("auth.test"))["error"] == "account_inactive"
    assert (await client.call("auth.test"))["ok"] is True


async def test_noise_arrives_as_what_it_is(fake: FakeSlack, client: Client) -> None:
    fake.ack_s = 60
    socket = await client.connect()
    await envelope(socket)
    noise = fake.noise(fake.person(1, "Alice"))
    for make in noise.values():
        make()
    async with asyncio.timeout(10):
        kinds = [(await envelope(socket))["type"] for _ in noise]

    assert kinds.count("slash_commands") == kinds.count("interactive") == 1


async def test_buttons_are_pressed_changed_and_answered(fake: FakeSlack, client: Client) -> None:
    """What slack_sdk writes is taken; a press comes until it is acknowledged; what is shown is shown to one."""
    alice = fake.person(1, "Alice")
    slack = AsyncWebClient(fake.token, fake.api_base + "/", session=client.session)
    buttons = ActionsBlock(elements=[ButtonElement(text=word, action_id=word, value=word) for word in ("yes", "no")])
    section = SectionBlock(text=PlainTextObject(text="Eve &amp; co"))
    sent = await slack.chat_postMessage(channel=alice.direct, text="Eve", blocks=[section, buttons])
    assert alice.buttons() == {sent["ts"]: [["yes", "no"]]}
    assert alice.shows(sent["ts"]) == "Eve & co"
    socket = await client.connect()
    await envelope(socket)

    pressed = asyncio.create_task(alice.press(sent["ts"], "yes"))
    first, second = await envelope(socket), await envelope(socket)
    await socket.send_json({"envelope_id": second["envelope_id"]})
    assert first["type"] == "interactive"
    assert first["payload"] == second["payload"]
    assert (first["payload"]["user"]["id"], first["payload"]["actions"][0]["value"]) == (alice.sender, "yes")
    await slack.chat_postEphemeral(channel=alice.direct, user=alice.sender, text="1 &lt; 2")
    assert await pressed == "1 < 2"
    await slack.chat_update(channel=alice.direct, ts=sent["ts"], text="still")
    assert alice.buttons() == {sent["ts"]: [["yes", "no"]]}
    await slack.chat_update(channel=alice.direct, ts=sent["ts"], text="gone", blocks=[])
    assert (alice.buttons(), alice.shows(sent["ts"])) == ({}, "gone")


async def test_without_interactivity_nobody_hears_of_a_press(fake: FakeSlack) -> None:
    fake.interactivity = False
    with pytest.raises(AssertionError, match="slack shows an error"):
        await fake.person(1, "Alice").press("1.2", "yes")


def _button(**more: object) -> dict[str, object]:
    return {"type": "button", "text": {"type": "plain_text", "text": "ok"}, "action_id": "a", "value": "v", **more}


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "actions", "elements": [_button(text={"type": "plain_text", "text": "x" * 76})]}],
        [{"type": "actions", "elements": [_button(text={"type": "mrkdwn", "text": "ok"})]}],
        [{"type": "actions", "elements": [_button(value="x" * 2001)]}],
        [{"type": "actions", "elements": [_button(), _button()]}],
        [{"type": "actions", "elements": [_button(action_id=f"{n}") for n in range(26)]}],
        [{"type": "actions", "elements": []}],
        [_section("x" * 3001)],
        [_section("")],
        [_section("x")] * 51,
        [{"type": "marquee"}],
    ],
    ids=["label", "markup", "value", "same id", "too many", "none", "long", "empty", "blocks", "unknown"],
)
async def test_blocks_that_slack_does_not_take(fake: FakeSlack, client: Client, blocks: list[object]) -> None:
    alice = fake.person(1, "Alice")
    answer = await client.call("chat.postMessage", channel=alice.direct, text="x", blocks=blocks)
    assert (answer["error"], alice.received) == ("invalid_blocks", [])


async def test_what_is_not_there_is_not_changed_and_nobody_else_is_shown_anything(
    fake: FakeSlack, client: Client
) -> None:
    alice, bob = fake.person(1, "Alice"), fake.person(2, "Bob")
    assert (await client.call("chat.update", channel=alice.direct, ts="1.2", text="x"))["error"] == "message_not_found"
    shown = await client.call("chat.postEphemeral", channel=alice.direct, user=bob.sender, text="x")
    assert shown["error"] == "user_not_in_channel"
