import asyncio
import logging
import sys
import traceback
from collections.abc import AsyncIterator

import pytest

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.telegram.api import BotApi, Me, Rejected
from clawdbot.domain.secret import Secret
from tests.fakes import faults
from tests.fakes.telegram import FakeTelegram, error, too_many
from tests.support.waiting import eventually


@pytest.fixture
async def api(telegram: FakeTelegram) -> AsyncIterator[BotApi]:
    made = BotApi(Secret(telegram.token), telegram.url, answer_s=5.0)
    yield made
    await made.close()


async def test_the_bot_says_who_it_is(api: BotApi) -> None:
    assert await api.me() == Me(id=123456789, first_name="Clawd", username="clawd_test_bot")


async def test_updates_come_as_they_are_and_are_confirmed_by_the_next_offset(
    telegram: FakeTelegram, api: BotApi
) -> None:
    telegram.user(777, "Alice").write("hi")
    number = telegram.unconfirmed[0]

    [update] = await api.updates(None, 0)
    assert isinstance(update, dict)
    assert update["message"]["text"] == "hi"
    assert await api.updates(number, 0) == [update]
    assert await api.updates(number + 1, 0) == []
    assert telegram.unconfirmed == []


async def test_a_poll_waits_for_news(telegram: FakeTelegram, api: BotApi) -> None:
    poll = asyncio.create_task(api.updates(None, 10))
    while not telegram.polling:
        await asyncio.sleep(0.002)
    telegram.user(777, "Alice").write("hi")

    assert len(await poll) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.html(502), "status 502"),
        (faults.html(404), "status 404"),
        (faults.raw("", 200), "status 200"),
        (faults.raw("null"), "status 200"),
        (faults.raw("{}"), "status 200"),
        (faults.raw('{"ok": "yes"}'), "status 200"),
        (faults.raw('{"ok": true, "ok": true, "result": {}}'), "status 200"),
        (faults.raw("[" * 100_000), "status 200"),
        (faults.raw('{"ok": true, "result": 5}'), "no usable answer"),
        (faults.redirect("http://example.invalid/"), "status 302"),
        (faults.drop, "RemoteProtocolError|ReadError"),
    ],
)
async def test_what_is_no_answer_of_the_bot_api_may_have_arrived(
    telegram: FakeTelegram, api: BotApi, fault: faults.Fault, expected: str
) -> None:
    telegram.fail("getMe", fault)

    with pytest.raises(Unreachable, match=expected) as caught:
        await api.me()

    assert caught.value.sent


async def test_a_server_that_is_not_there_was_certainly_not_reached(telegram: FakeTelegram, api: BotApi) -> None:
    await telegram.stop()

    with pytest.raises(Unreachable, match=r"ConnectError \(.*\)") as caught:
        await api.me()

    assert not caught.value.sent


async def test_a_request_that_got_no_connection_was_certainly_not_sent(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawdbot.channels.telegram.api._CONNECT_S", 1.0)
    monkeypatch.setattr("clawdbot.channels.telegram.api._AT_ONCE", 10)
    api = BotApi(Secret(telegram.token), telegram.url)
    telegram.user(777, "Alice").write("hi")
    answers = asyncio.Event()
    telegram.fail("sendMessage", *[faults.hold(answers)] * 10)

    others = [asyncio.create_task(api.send_message(777, f"{n}")) for n in range(10)]
    await eventually(lambda: not telegram.will_fail("sendMessage"))
    with pytest.raises(Unreachable, match="PoolTimeout") as caught:
        await api.send_message(777, "one too many")
    assert await api.updates(None, 0) != []
    answers.set()
    await asyncio.gather(*others)
    await api.close()

    assert not caught.value.sent
    assert len(telegram.calls("sendMessage")) == 10


async def test_an_answer_that_does_not_come_is_given_up(telegram: FakeTelegram) -> None:
    never = asyncio.Event()
    telegram.fail("getMe", faults.hold(never))
    api = BotApi(Secret(telegram.token), telegram.url, answer_s=0.05)

    with pytest.raises(Unreachable, match="TimeoutError"):
        await api.me()
    await api.close()


@pytest.mark.parametrize(
    ("fault", "code", "retry_after"),
    [
        (error(500), 500, 0),
        (error(403, "Forbidden: bot was blocked by the user"), 403, 0),
        (too_many(3), 429, 3),
        (faults.raw('{"ok": false}', 502), 502, 0),
    ],
)
async def test_an_error_of_the_bot_api_is_told_by_its_code(
    telegram: FakeTelegram, api: BotApi, fault: faults.Fault, code: int, retry_after: int
) -> None:
    telegram.fail("sendMessage", fault)

    with pytest.raises(Rejected) as caught:
        await api.send_message(777, "hi")

    assert (caught.value.code, caught.value.retry_after) == (code, retry_after)
    assert str(caught.value) == f"telegram answered {code} to sendMessage"


@pytest.mark.parametrize(
    "oddity",
    [
        '{"update_id": 6, "message": {"text": "\\ud83d"}}',
        '{"update_id": 6, "message": {"date": NaN}}',
        '{"update_id": 6, "message": {"date": 1' + "0" * 5000 + "}}",
        '{"update_id": 6, "message": {"from": {"id": 1, "id": 2}}}',
        '{"update_id": 6, "update_id": 7}',
        "6",
    ],
)
async def test_S8_an_odd_update_does_not_make_the_others_unreadable(
    telegram: FakeTelegram, api: BotApi, oddity: str
) -> None:
    telegram.fail("getUpdates", faults.raw('{"ok": true, "result": [{"update_id": 5}, ' + oddity + "]}"))

    updates = await api.updates(None, 0)

    assert updates[0] == {"update_id": 5}
    assert len(updates) == 2


@pytest.mark.parametrize("token", ["", "undefined", "1:a/../../2:b/", "1:a\r\nHost: x", "١:abc", "1:abc?", "1:é"])
async def test_what_cannot_be_a_token_is_not_sent_anywhere(telegram: FakeTelegram, token: str) -> None:
    api = BotApi(Secret(token), telegram.url)

    with pytest.raises(Rejected, match="404"):
        await api.me()

    assert telegram.traffic == []


async def test_S7_no_error_holds_the_token_or_the_text(
    telegram: FakeTelegram, api: BotApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"no route to /bot{telegram.token}/sendMessage with sesame"
    telegram.fail(
        "sendMessage",
        faults.html(502),
        faults.drop,
        faults.redirect("//[bad"),
        error(400, echo),
        faults.raw(echo, 500),
        faults.raw(echo, 407),
        faults.raw(echo, 200),
    )

    shown = ""
    for _ in range(7):
        with pytest.raises(ApiError) as caught:
            await api.send_message(777, "sesame")
        shown += "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    assert telegram.token not in shown + caplog.text
    assert "sesame" not in shown.replace('"sesame")', "") + caplog.text


async def test_a_name_and_password_in_the_address_are_used_and_not_shown(telegram: FakeTelegram) -> None:
    api = BotApi(Secret(telegram.token), telegram.url.replace("//", "//owner:sesame@") + "/")

    assert (await api.me()).id == 123456789
    assert api.address == telegram.url
    telegram.fail("getMe", faults.html(502))
    with pytest.raises(Unreachable) as caught:
        await api.me()
    assert "sesame" not in str(caught.value)
    await api.close()


async def test_a_proxy_of_the_environment_is_used(telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", telegram.url)
    monkeypatch.setenv("no_proxy", "")
    api = BotApi(Secret(telegram.token), "http://bot-api.invalid")

    assert (await api.me()).id == 123456789
    await api.close()


async def test_a_server_on_this_machine_is_reached_directly(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("no_proxy", "")
    api = BotApi(Secret(telegram.token), telegram.url)

    assert (await api.me()).id == 123456789
    await api.close()


@pytest.mark.parametrize(
    ("scheme", "expected"), [("socks5", r"RuntimeError \(To use Socks5"), ("gopher", "ValueError")]
)
async def test_S7_a_proxy_that_cannot_be_used_is_a_failure_and_its_password_not_shown(
    telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch, scheme: str, expected: str
) -> None:
    monkeypatch.setenv("all_proxy", f"{scheme}://owner:sesame@127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "socksio", None)  # as if it were not installed
    api = BotApi(Secret(telegram.token), "http://bot-api.invalid")

    with pytest.raises(Unreachable, match=expected) as caught:
        await api.me()

    assert "sesame" not in str(caught.value)
