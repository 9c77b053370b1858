"""The whole road of an owner in chat: a gateway as a process, a Telegram of our own, the owner's commands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.support.gateway import PATIENCE_S, Home, until


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeTelegram]]:
    async with FakeTelegram() as telegram:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        yield home


def code_in(reply: str) -> str:
    return reply.partition("Pairing code: ")[2].partition("\n")[0]


async def test_D14_D15_from_the_first_owner_to_a_tap(home: Home[FakeTelegram]) -> None:
    """The first one approved becomes the owner because that was asked for; without a restart he is told of the next
    stranger, who cannot press the owner's button himself; the owner's tap lets him in, and works once."""
    ada, eve = home.platform.user(1, "Ada"), home.platform.user(7, "Eve")
    async with home.gateway() as gateway:
        ada.write("hello")
        code = code_in(await ada.next_message(PATIENCE_S))
        assert (await home.owner("pairing", "approve", "telegram", code, "--owner"))[0] == 0
        eve.write("hello")
        code = code_in(await eve.next_message(PATIENCE_S))
        notice = await ada.next_message(PATIENCE_S)
        assert '7 ("Eve") wants to write to the bot' in notice
        assert code not in notice
        ((message, [[approve, reject, _]]),) = ada.buttons().items()
        eve.write(approve)
        assert "Somebody else tried" in await ada.next_message(PATIENCE_S)
        assert await ada.press(message, approve, timeout=PATIENCE_S) == "Approved: telegram sender 7."
        await until(lambda: ada.buttons() == {})
        assert ada.messages[message]["text"] == f"{notice}\n\nApproved: telegram sender 7."
        assert (
            await ada.press(message, reject, timeout=PATIENCE_S)
            == "Nothing changed: the request of telegram sender 7 is approved already."
        )
        eve.write("and now?")
        assert await eve.next_message(PATIENCE_S) == "You said: and now?"
        assert await gateway.stop() == 0
        log = gateway.log()
    assert approve.split()[1] not in log
    assert len(eve.received) == 2
    history = (await home.owner("history"))[1]
    assert "owner telegram:1" in history
