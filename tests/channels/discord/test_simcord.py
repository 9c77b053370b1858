"""The adapter's client and its reading of messages on a Discord that others wrote: simcord, in process."""

from functools import partial
from typing import Any

import pytest
import simcord

from clawdbot.channels.base import Button, DirectMessage, Press
from clawdbot.channels.discord import parse
from clawdbot.channels.discord.api import BotApi, Rejected
from clawdbot.channels.discord.parse import Aside
from clawdbot.channels.presses import Presses
from clawdbot.domain.secret import Secret
from tests.channels.discord.conftest import ACCOUNT
from tests.support.waiting import eventually


class Ears:
    """Hears what the client hears, as the gateway would pass it on."""

    def __init__(self, api: BotApi) -> None:
        self.told: list[DirectMessage | Aside] = []
        self._api = api
        self.presses = Presses()
        self.presses.on_press(self._pressed)
        api.client.hear = self._hear

    def _hear(self, event: str, data: Any) -> None:
        bot = self._api.client.user
        assert bot is not None
        if event == "MESSAGE_CREATE":
            self.told.append(parse.direct_message(data, ACCOUNT, str(bot.id)))
        if event == "INTERACTION_CREATE":
            pressed = parse.pressed(data, ACCOUNT, str(bot.id))
            assert pressed is not None
            self.presses.take(
                pressed.press, partial(self._api.answer, pressed), accept=partial(self._api.accept, pressed)
            )

    async def _pressed(self, press: Press) -> str:
        return f"{press.presser} pressed {press.data}"


@pytest.fixture
def api() -> BotApi:
    return BotApi(Secret("simcord.fake.token"), "https://discord.com/api/v10")


async def test_a_text_comes_and_is_answered(api: BotApi) -> None:
    ears = Ears(api)
    async with simcord.run(api.client) as env:
        alice = env.create_user("alice")
        await alice.send_dm("hello")
        [message] = ears.told
        assert isinstance(message, DirectMessage)
        assert (message.sender, message.text, message.id_line) == (
            str(alice.id),
            "hello",
            f"Your Discord user id: {alice.id}",
        )
        await api.send(int(message.conversation), "@everyone hi", 1)

        assert alice.dm_channel is not None
        assert alice.dm_channel.last_message is not None
        assert alice.dm_channel.last_message.content == "@everyone hi"
        assert ears.told[1:] == [Aside.OWN]


async def test_a_person_is_told_and_what_was_missed_is_asked_for(api: BotApi) -> None:
    ears = Ears(api)
    async with simcord.run(api.client) as env:
        alice = env.create_user("alice")
        conversation = await api.open_dm(alice.id)
        await api.send(int(conversation), "you are in", 1)
        for n in range(3):
            await alice.send_dm(f"{n}")
        first = ears.told[1]
        assert isinstance(first, DirectMessage)

        page = await api.messages(int(conversation), int(first.message_id))

        read = [parse.direct_message(each, ACCOUNT, "1") for each in page]
        assert sorted(each.text for each in read if isinstance(each, DirectMessage)) == ["1", "2"]


async def test_a_button_is_pressed_answered_and_taken_away(api: BotApi) -> None:
    ears = Ears(api)
    async with simcord.run(api.client) as env:
        alice = env.create_user("alice")
        conversation = int(await api.open_dm(alice.id))
        message = int(await api.send(conversation, "Eve waits", 1, [[Button("✅ Approve", "approve K7QXM")]]))
        assert alice.dm_channel is not None
        shown = alice.dm_channel.last_message
        assert shown is not None
        result = await alice.click(shown, label="✅ Approve")
        await eventually(lambda: ears.presses.idle)
        assert [each.content for each in result.followups] == [f"{alice.id} pressed approve K7QXM"]
        await api.edit(conversation, message, "Eve is in", [])
        changed = env.backend.get_message(conversation, message)
        assert (changed.content, changed.components) == ("Eve is in", [])


async def test_a_text_in_a_server_is_not_even_told(api: BotApi) -> None:
    ears = Ears(api)
    async with simcord.run(api.client) as env:
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        alice = guild.add_member(env.create_user("alice"))
        await alice.send(channel, "hello")

    assert ears.told == []


async def test_somebody_unknown_cannot_be_written_to(api: BotApi) -> None:
    async with simcord.run(api.client):
        with pytest.raises(Rejected) as caught:
            await api.open_dm(999)

    assert (caught.value.status, caught.value.code) == (404, 10013)
