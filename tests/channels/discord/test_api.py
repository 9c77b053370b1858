import pytest

from clawdbot.channels.discord.api import BotApi, Rejected
from clawdbot.channels.patience import Unreachable
from clawdbot.domain.secret import Secret
from tests.channels.discord.conftest import MESSAGES
from tests.fakes import faults
from tests.fakes.discord import FakeDiscord, error


@pytest.fixture
async def api(discord: FakeDiscord) -> BotApi:
    return BotApi(Secret(discord.token), discord.api_base, answer_s=5)


async def test_the_earliest_messages_after_one_come_a_hundred_at_a_time(discord: FakeDiscord, api: BotApi) -> None:
    alice = discord.person(1, "alice")
    ids = [int(str(alice.write(f"{n}")["id"])) for n in range(150)]

    first, second = [await api.messages(alice.channel, after) for after in (ids[9], ids[109])]
    await api.close()

    assert sorted(each["content"] for each in first if isinstance(each, dict)) == sorted(f"{n}" for n in range(10, 110))
    assert len(second) == 40


async def test_an_error_says_its_status_and_code_and_nothing_else(discord: FakeDiscord, api: BotApi) -> None:
    discord.fail(f"POST {MESSAGES}", error(400, 50035, "sesame"))

    with pytest.raises(Rejected) as caught:
        await api.send(discord.person(1, "alice").channel, "sesame", 1)
    await api.close()

    assert (caught.value.status, caught.value.code) == (400, 50035)
    assert str(caught.value) == "discord answered 400 to a message (code 50035)"
    assert caught.value.__context__ is caught.value.__cause__ is None


@pytest.mark.parametrize(
    "body",
    [
        *("", "no", "[]", "null", '{"id": 5, "username": "x"}', '{"id": "05", "username": "x"}', "[" * 100_000),
        '{"id": ' + "9" * 5000 + "}",
    ],
)
async def test_S8_an_answer_that_makes_no_sense_is_none(discord: FakeDiscord, api: BotApi, body: str) -> None:
    discord.fail("GET /users/@me", faults.raw(body))

    with pytest.raises(Unreachable) as caught:
        await api.me()
    await api.close()

    assert caught.value.sent


@pytest.mark.parametrize("body", ['{"code": "x"}', '{"errors": [5]}', '{"errors": {"a": 5}}', "[]", "<html>"])
async def test_S8_an_error_that_makes_no_sense_is_an_error(discord: FakeDiscord, api: BotApi, body: str) -> None:
    discord.fail("GET /users/@me", faults.raw(body, 400))

    with pytest.raises((Rejected, Unreachable)):
        await api.me()
    await api.close()


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nb", "ä", "x" * 201])
async def test_what_cannot_be_a_token_is_not_sent(discord: FakeDiscord, token: str) -> None:
    api = BotApi(Secret(token), discord.api_base)

    with pytest.raises(Rejected) as caught:
        await api.me()

    assert caught.value.status == 401
    assert discord.traffic == []


async def test_what_cannot_be_reached_was_not_sent(discord: FakeDiscord, api: BotApi) -> None:
    await discord.stop()

    with pytest.raises(Unreachable) as caught:
        await api.me()
    await api.close()

    assert not caught.value.sent
    assert "(Cannot connect to host 127.0.0.1:" in str(caught.value)


async def test_S7_an_address_is_shown_without_its_password() -> None:
    assert BotApi(Secret("x"), "http://me:sesame@proxy.invalid/api/").address == "http://proxy.invalid/api"
