"""The Web API's client on a Slack of our own, over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.slack.api import Rejected, Token, WebApi
from clawdbot.domain.secret import Secret
from tests.fakes import faults
from tests.fakes.slack import FakeSlack, error, too_many


def api_for(slack: FakeSlack, token: str | None = None, app_token: str | None = None, answer_s: float = 5.0) -> WebApi:
    bot, app = slack.token if token is None else token, slack.app_token if app_token is None else app_token
    return WebApi(Secret(bot), Secret(app), slack.api_base, answer_s=answer_s)


async def trouble(call: Awaitable[object]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call
    assert caught.value.__cause__ is caught.value.__context__ is None
    return caught.value


async def test_it_says_who_the_bot_is_and_what_it_may_do(slack: FakeSlack) -> None:
    slack.scopes = ("chat:write", "im:history")
    me = await api_for(slack).me()
    assert (me.user_id, me.team_id, me.user) == ("U0CLAWD", "T0TEAM", "clawd")
    assert me.scopes == frozenset({"chat:write", "im:history"})


async def test_what_a_server_does_not_say_of_scopes_is_not_held_against_it(slack: FakeSlack) -> None:
    slack.fail("auth.test", faults.raw('{"ok": true, "user_id": "U1", "team_id": "T1"}'))
    assert (await api_for(slack).me()).scopes is None


async def test_a_name_is_the_one_that_a_person_shows(slack: FakeSlack) -> None:
    slack.person(1, "Alice")
    shown = '{"ok": true, "user": {"name": "a", "profile": {"display_name": "Ally", "real_name": "Alice"}}}'
    slack.fail("users.info", faults.raw(shown), faults.raw('{"ok": true, "user": {"name": "a"}}'))
    assert [await api_for(slack).name("U0PERSON1") for _ in range(3)] == ["Ally", "a", "Alice"]


async def test_it_says_no_in_slack_s_words(slack: FakeSlack) -> None:
    slack.scopes = ("chat:write",)
    refused = await trouble(api_for(slack).open_direct("U0PERSON1"))
    assert isinstance(refused, Rejected)
    assert (refused.error, refused.needed, refused.token) == ("missing_scope", "im:write", Token.BOT)


@pytest.mark.parametrize(("said", "waits"), [(7, 7.0), ("0", 0.0), ("soon", 30.0), ("1" * 50, 30.0), ("-1", 30.0)])
async def test_it_says_how_long_slack_wants_us_to_wait(slack: FakeSlack, said: int | str, waits: float) -> None:
    slack.fail("auth.test", too_many(said))
    refused = await trouble(api_for(slack).me())
    assert isinstance(refused, Rejected)
    assert (refused.error, refused.retry_after) == ("ratelimited", waits)


@pytest.mark.parametrize(
    "fault",
    [
        *(faults.html(), faults.html(200), faults.drop, faults.raw("{"), faults.raw("[]"), faults.raw('{"ok": true}')),
        *(faults.raw('{"ok": true, "user_id": 5, "team_id": "T"}'), faults.raw('{"ok": false, "error": 5}')),
        faults.raw('{"ok": false, "error": "service_unavailable"}', 503),
        faults.raw('{"ok": true}', content_type="text/plain"),
        faults.raw("[" * 5000),
    ],
)
async def test_an_answer_that_is_none_is_told_apart_from_a_no(slack: FakeSlack, fault: faults.Fault) -> None:
    slack.fail("auth.test", fault)
    unreachable = await trouble(api_for(slack).me())
    assert isinstance(unreachable, Unreachable)
    assert unreachable.sent


async def test_an_answer_that_takes_too_long_is_none(slack: FakeSlack) -> None:
    slack.fail("auth.test", faults.hold(asyncio.Event()))
    assert isinstance(await trouble(api_for(slack, answer_s=0.05).me()), Unreachable)


async def test_a_server_that_is_not_there_got_nothing(slack: FakeSlack) -> None:
    await slack.stop()
    unreachable = await trouble(api_for(slack).me())
    assert isinstance(unreachable, Unreachable)
    assert not unreachable.sent


async def test_D10_the_library_repeats_nothing_by_itself(slack: FakeSlack) -> None:
    slack.person(1, "Alice")
    slack.fail("chat.postMessage", slack.lose_answer)
    await trouble(api_for(slack).post("D0PERSON1", "hi"))
    assert slack.person(1, "Alice").received == ["hi"]


@pytest.mark.parametrize(
    "call",
    [lambda api: api.me(), lambda api: api.open_connection(), lambda api: api.post("D0PERSON1", "hi")],
)
@pytest.mark.parametrize("token", ["", "xoxp-1-2-3", "xapp-1-2", "xoxb-1\r\nX-Evil: 1", "xoxb-é", "sesame"])
async def test_what_is_no_token_of_its_kind_is_not_sent(
    slack: FakeSlack, token: str, call: Callable[[WebApi], Awaitable[object]]
) -> None:
    app_token = token.replace("xapp", "xoxb")
    refused = await trouble(call(api_for(slack, token, app_token)))
    assert isinstance(refused, Rejected)
    assert refused.error == "not_allowed_token_type"
    assert slack.traffic == []


async def test_S7_errors_hold_neither_tokens_nor_texts(slack: FakeSlack) -> None:
    words = error("sesame <script> open", needed="se\x1bsame")
    slack.fail("chat.postMessage", faults.html(), faults.drop, faults.raw("sesame"), too_many(1))
    api = api_for(slack)
    for _ in range(4):
        found = await trouble(api.post("D0PERSON1", "sesame"))
        assert "sesame" not in f"{found}{found.args}{vars(found)}"
        assert slack.token not in f"{found}{found.args}"
    slack.fail("chat.postMessage", words)
    assert "<" not in str(await trouble(api.post("D0PERSON1", "hi")))


async def test_loopback_is_reached_whatever_the_environment_says(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, "http://user:sesame@127.0.0.1:1")
    assert (await api_for(slack).me()).user_id == "U0CLAWD"
