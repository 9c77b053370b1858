"""The Discord of our own, as a client of another make sees it: discord.py, unchanged."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes.discord import FakeDiscord, error, too_many
from tests.fakes.discord_gateway import Op
from tests.fakes.discord_interactions import InteractionFailed
from tests.support.waiting import eventually


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as made:
        yield made


class Bot(discord.Client):
    """Keeps what it is told."""

    def __init__(self) -> None:
        intents = discord.Intents.none()
        intents.dm_messages = True
        super().__init__(intents=intents, max_messages=None)
        self.told: list[discord.Message] = []
        self.ready = 0

    async def on_message(self, message: discord.Message) -> None:
        self.told.append(message)

    async def on_connect(self) -> None:
        self.ready += 1

    async def on_resumed(self) -> None:
        self.ready += 1

    @property
    def texts(self) -> list[str]:
        return [message.content for message in self.told]


class Kept(DiscordWebSocket):
    """The library forgets a socket that is cut off while it greets: it stays open, and its heart beats on."""

    all: ClassVar[list["Kept"]] = []

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.all.append(self)


@pytest.fixture
async def at_the_fake(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(Route, "BASE", fake.api_base)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway.url))
    monkeypatch.setattr(discord.client, "DiscordWebSocket", Kept)
    monkeypatch.setattr(Kept, "all", [])
    yield
    for socket in Kept.all:
        await socket.close()


@asynccontextmanager
async def connected(fake: FakeDiscord) -> AsyncIterator[Bot]:
    async with Bot() as bot:
        await bot.login(fake.token)
        run = asyncio.create_task(bot.connect())
        await eventually(lambda: bot.ready or run.done())
        try:
            yield bot
        finally:
            await bot.close()
            run.cancel()
            with suppress(asyncio.CancelledError, discord.DiscordException):
                await run
            others = asyncio.all_tasks() - {asyncio.current_task()}
            waiting = [task for task in others if "_delay_ready" in repr(task)]
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


pytestmark = pytest.mark.usefixtures("at_the_fake")


async def test_a_message_comes_and_is_answered(fake: FakeDiscord) -> None:
    alice = fake.person(1, "alice")
    async with connected(fake) as bot:
        alice.write("hi")
        await eventually(lambda: bot.told)
        await bot.told[0].channel.send("hello")
        await eventually(lambda: len(bot.told) == 2)

        assert isinstance(bot.told[0].channel, discord.DMChannel)
        assert (bot.told[0].author.id, bot.told[0].author.name) == (alice.id, "alice")
        assert bot.told[1].author == bot.user

    assert await alice.next_message() == "hello"


async def test_what_was_missed_is_told_again_and_what_was_forgotten_is_not(fake: FakeDiscord) -> None:
    alice = fake.person(1, "alice")
    async with connected(fake) as bot:
        alice.write("1")
        await eventually(lambda: bot.texts == ["1"])
        fake.drop()
        alice.write("2")
        await eventually(lambda: bot.texts == ["1", "2"])
        fake.redeliver(alice)
        await eventually(lambda: bot.texts == ["1", "2", "2"])
        fake.gateway.forget()
        fake.drop()
        alice.write("3")
        await eventually(lambda: len(fake.gateway.opened) >= 3)

    assert fake.gateway.opened[:3] == [Op.IDENTIFY, Op.RESUME, Op.RESUME]
    assert bot.texts == ["1", "2", "2"]


async def test_history_comes_newest_first(fake: FakeDiscord) -> None:
    alice = fake.person(1, "alice")
    for n in range(130):
        alice.write(f"{n}")
    async with connected(fake) as bot:
        dm = await bot.create_dm(discord.Object(alice.id))
        after = discord.Object(min(alice.messages))
        texts = [message.content async for message in dm.history(limit=None, after=after)]
        [page] = [await bot.http.logs_from(alice.channel, 2, after=after.id)]

    assert texts == [f"{n}" for n in range(1, 130)]
    assert [each["content"] for each in page] == ["2", "1"]


async def test_the_errors_are_those_that_the_client_knows(fake: FakeDiscord) -> None:
    alice = fake.person(1, "alice")
    async with connected(fake) as bot:
        dm = await bot.create_dm(discord.Object(alice.id))
        fake.fail("POST /channels/{}/messages", too_many(0.01))
        await dm.send("👋" * 2000)
        with pytest.raises(discord.HTTPException, match="50035"):
            await dm.send("👋" * 2001)
        with pytest.raises(discord.HTTPException, match="50006"):
            await dm.send(" ")
        alice.unreachable = True
        with pytest.raises(discord.Forbidden, match="50007"):
            await dm.send("hi")
        with pytest.raises(discord.NotFound, match="10013"):
            await bot.create_dm(discord.Object(999))
        with pytest.raises(discord.NotFound):
            await bot.fetch_guild(5)
        fake.fail("POST /users/@me/channels", error(503))
        with pytest.raises(discord.DiscordServerError):
            await bot.create_dm(discord.Object(998))


async def test_a_nonce_makes_one_message_of_two(fake: FakeDiscord) -> None:
    alice = fake.person(1, "alice")
    async with connected(fake) as bot:
        dm = await bot.create_dm(discord.Object(alice.id))
        first, second = await dm.send("hi", nonce=5), await dm.send("hi", nonce=5)

    assert first.id == second.id
    assert alice.received == ["hi"]


async def test_a_wrong_token_is_refused(fake: FakeDiscord) -> None:
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("another")


async def test_the_gateway_refuses_a_wrong_token_and_privileged_intents(fake: FakeDiscord) -> None:
    for token, intents, kind in (
        ("another", discord.Intents(dm_messages=True), discord.ConnectionClosed),
        (fake.token, discord.Intents(message_content=True), discord.PrivilegedIntentsRequired),
    ):
        async with discord.Client(intents=intents) as bot:
            await bot.login(fake.token)
            bot.http.token = token
            with pytest.raises(kind):
                await bot.connect()


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([{"op": 0}], 4003),
        ([{"op": 2, "d": {"token": "TOKEN", "intents": 1 << 40}}], 4013),
        ([{"op": 2, "d": {"token": "TOKEN", "intents": 0}}] * 2, 4005),
        ([{"op": 2, "d": {"token": "TOKEN", "intents": 0}}, {"op": 99}], 4001),
    ],
)
async def test_the_gateway_is_strict_about_what_it_is_told(
    fake: FakeDiscord, frames: list[dict[str, dict[str, str]]], code: int
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{fake.gateway.url}?v=10&encoding=json") as socket,
    ):
        assert (await socket.receive_json())["op"] == Op.HELLO
        for frame in frames:
            if frame.get("d", {}).get("token") == "TOKEN":
                frame["d"]["token"] = fake.token
            await socket.send_json(frame)
        async for _ in socket:
            pass

        assert socket.close_code == code


async def test_who_does_not_want_direct_messages_gets_none(fake: FakeDiscord) -> None:
    async with discord.Client(intents=discord.Intents.none()) as bot:
        await bot.login(fake.token)
        run = asyncio.create_task(bot.connect())
        await eventually(lambda: fake.gateway.listening)
        fake.person(1, "alice").write("hi")
        [session] = fake.gateway.sessions.values()

        assert [event for event, _ in session.told] == ["READY"]
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


# --- buttons ---------------------------------------------------------------------------------------------------------


class Answers(discord.ui.View):
    """Two buttons, whose presses are kept until a test answers them."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.presses: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        for word in ("approve", "reject"):
            button: discord.ui.Button[Answers] = discord.ui.Button(label=word, custom_id=word)
            button.callback = self.presses.put  # type: ignore[method-assign,assignment]
            self.add_item(button)


async def test_a_press_is_answered_once_and_in_time(fake: FakeDiscord) -> None:
    """By a message for the presser alone, by changing what is under the button, or later; and never twice."""
    alice, view = fake.person(1, "alice"), Answers()
    async with connected(fake) as bot:
        dm = await bot.create_dm(discord.Object(alice.id))
        sent = await dm.send("Eve waits", view=view)
        assert alice.buttons() == {sent.id: [["approve", "reject"]]}

        async def press(word: str) -> tuple[discord.Interaction, asyncio.Task[str]]:
            seen = asyncio.create_task(alice.press(sent.id, word))
            return await view.presses.get(), seen

        first, seen = await press("approve")
        assert first.user.id == alice.id
        await first.response.send_message("not you", ephemeral=True)
        assert await seen == "not you"
        again, seen = await press("approve")
        await again.response.defer()
        with pytest.raises(discord.HTTPException, match="40060"):
            await again._state.http.request(
                Route("POST", "/interactions/{id}/{token}/callback", id=again.id, token=again.token), json={"type": 6}
            )
        await again.followup.send("later", ephemeral=True)
        assert await seen == "later"
        last, seen = await press("reject")
        await last.response.edit_message(content="Eve is out", view=None)
        assert await seen == alice.shows(sent.id) == "Eve is out"
        assert alice.buttons() == {}


async def test_who_is_late_finds_no_interaction_and_no_webhook(fake: FakeDiscord) -> None:
    fake.interactions.reply_s = 0.05
    alice, view = fake.person(1, "alice"), Answers()
    async with connected(fake) as bot:
        sent = await (await bot.create_dm(discord.Object(alice.id))).send("Eve waits", view=view)
        with pytest.raises(InteractionFailed):
            await alice.press(sent.id, "approve")
        late = await view.presses.get()
        with pytest.raises(discord.NotFound, match="10062"):
            await late.response.defer()
        with pytest.raises(discord.NotFound, match="10015"):
            await late.followup.send("later")


async def test_buttons_are_bounded_and_only_own_messages_are_changed(fake: FakeDiscord) -> None:
    alice = fake.person(1, "alice")
    async with connected(fake) as bot:
        dm = await bot.create_dm(discord.Object(alice.id))
        theirs = int(str(alice.write("hi")["id"]))
        for number, kind, code in ((theirs, discord.Forbidden, "50005"), (5, discord.NotFound, "10008")):
            with pytest.raises(kind, match=code):
                await dm.get_partial_message(number).edit(content="changed")

        def row(*buttons: dict[str, object]) -> dict[str, object]:
            return {"type": 1, "components": list(buttons)}

        def button(**more: object) -> dict[str, object]:
            return {"type": 2, "style": 2, "label": "ok", "custom_id": "ok", **more}

        for rows in (
            [row(button(custom_id="x" * 101))],
            [row(button(label="x" * 81))],
            [row(button(), button())],
            [row(*(button(custom_id=f"{n}") for n in range(6)))],
            [row(button(custom_id=f"{n}")) for n in range(6)],
            [row()],
            [button()],
        ):
            with pytest.raises(discord.HTTPException, match="50035"):
                await bot.http.request(
                    Route("POST", "/channels/{id}/messages", id=alice.channel),
                    json={"content": "x", "components": rows},
                )
