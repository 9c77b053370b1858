"""A connection: calls find their answers, events their listeners, and every end is told."""

import asyncio
import json
from collections.abc import Callable

import pytest

from clawdbot.client import Connector
from clawdbot.client.transport import Closed
from clawdbot.errors import CallRefused, GatewayUnavailable, Refused
from tests.fakes.gateway import Line, fake_gateway

Make = Callable[..., Connector]


# --- calls -----------------------------------------------------------------------------------------------------------


async def test_answers_find_their_calls_in_any_order(connector: Make) -> None:
    """Three calls at once, answered backwards: each gets its own."""

    async def talk(line: Line) -> None:
        await line.let_in()
        requests = [await line.request() for _ in range(3)]
        for request in reversed(requests):
            await line.answer(request, {"echo": request["params"]})
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        found = await asyncio.gather(*(connection.call("echo", number) for number in range(3)))
    assert found == [{"echo": 0}, {"echo": 1}, {"echo": 2}]


async def test_absent_params_are_not_null(connector: Make) -> None:
    """A call without params sends none; ``None`` is sent as ``null``."""

    async def talk(line: Line) -> None:
        await line.let_in()
        for _ in range(2):
            request = await line.request()
            await line.answer(request, "params" in request)
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        assert [await connection.call("m"), await connection.call("m", None)] == [False, True]


async def test_a_refusal_carries_code_message_and_details(connector: Make) -> None:
    """What the gateway said about its no is there for programs, and inert for people."""

    async def talk(line: Line) -> None:
        await line.let_in()
        request = await line.request()
        await line.refuse(
            request, code="UNAVAILABLE", message="no\x1b[2J", details={"code": "NOT_CONNECTED"}, retryAfterMs=4000
        )
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        with pytest.raises(CallRefused) as caught:
            await connection.call("node.invoke", {})
    error = caught.value
    assert (error.code, error.details, error.retry_after_ms) == ("UNAVAILABLE", {"code": "NOT_CONNECTED"}, 4000)
    assert (error.message, error.hint) == ("no\\x1b[2J", "try again in 4 s")


async def test_a_call_times_out_and_its_late_answer_is_nobodys(connector: Make) -> None:
    """The caller is told; the answer that comes later disturbs nothing."""
    late = asyncio.Event()

    async def talk(line: Line) -> None:
        await line.let_in()
        first = await line.request()
        await late.wait()
        await line.answer(first, "late")
        await line.answer(await line.request(), "in time")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        with pytest.raises(GatewayUnavailable, match="gateway timeout after 10ms"):
            await connection.call("slow", within=0.01)
        late.set()
        assert await connection.call("fast") == "in time"


async def test_some_answers_come_in_two_parts(connector: Make) -> None:
    """Who waits for the final answer does not take "accepted" for it; who does not, does."""

    async def talk(line: Line) -> None:
        await line.let_in()
        for _ in range(2):
            request = await line.request()
            await line.answer(request, {"status": "accepted"})
            await line.answer(request, {"status": "ok"})
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        assert await connection.call("agent", {}) == {"status": "accepted"}
        assert await connection.call("agent", {}, final=True) == {"status": "ok"}


async def test_a_request_that_is_too_large_is_not_sent(connector: Make) -> None:
    """The gateway would close the connection for it; so the caller is told instead."""

    async def talk(line: Line) -> None:
        await line.let_in(policy={"maxPayload": 1000})
        await line.answer(await line.request(), "small")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        with pytest.raises(Refused, match="more than the gateway takes"):
            await connection.call("m", "x" * 1000)
        assert await connection.call("m", "x") == "small"


async def test_a_cancelled_call_leaves_nothing(connector: Make) -> None:
    """Its answer is ignored, and the connection goes on."""
    asked = asyncio.Event()

    async def talk(line: Line) -> None:
        await line.let_in()
        first = await line.request()
        asked.set()
        second = await line.request()
        await line.answer(first, "nobody waits")
        await line.answer(second, "here")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        call = asyncio.create_task(connection.call("m"))
        await asked.wait()
        call.cancel()
        assert await connection.call("m") == "here"


# --- what is passed over ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        "no json",
        "[]",
        '{"type":"res","id":"x","ok":true,"payload":1,"news":1}',
        '{"type":"event","event":"e","payload":"\\ud800"}',
        '{"type":"hm"}',
        '{"type":"res","id":"nobody","ok":true,"payload":1}',
    ],
)
async def test_odd_frames_are_passed_over(connector: Make, odd: str) -> None:
    """What cannot be read, or answers nobody, neither ends the connection nor a call."""

    async def talk(line: Line) -> None:
        await line.let_in()
        request = await line.request()
        await line.send(odd)
        await line.answer(request, "fine")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        assert await connection.call("m") == "fine"


# --- events ----------------------------------------------------------------------------------------------------------


async def test_the_first_listener_gets_what_came_before(connector: Make) -> None:
    """An event right behind hello is not lost, however late somebody listens; the second listener begins now."""

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.event("early", {"n": 1})
        await line.answer(await line.request(), "now it has come")
        await line.request()
        await line.event("late")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        await connection.call("m")
        first, second = connection.events(), connection.events()
        call = asyncio.create_task(connection.call("let it come late"))
        assert [(await anext(first)).event, (await anext(first)).event] == ["early", "late"]
        assert (await anext(second)).event == "late"
        call.cancel()


async def test_listeners_get_what_they_asked_for(connector: Make) -> None:
    """Only the events of the names that were given, in their order, with payload and seq."""

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.event("tick", {"ts": 1}, seq=1)
        await line.event("device.pair.requested", {"requestId": "a"}, seq=2)
        await line.event("device.pair.resolved", {"requestId": "a"}, seq=3)
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        events = connection.events("device.pair.requested", "device.pair.resolved")
        found = [await anext(events), await anext(events)]
    assert [(one.event, one.payload, one.seq) for one in found] == [
        ("device.pair.requested", {"requestId": "a"}, 2),
        ("device.pair.resolved", {"requestId": "a"}, 3),
    ]


async def test_listening_ends_with_the_connection(connector: Make) -> None:
    """What came is still given out; then the loop ends, for listeners from before and after."""

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.event("shutdown", {"reason": "gateway stopping"})
        await line.ws.close(code=1012, message=b"service restart")

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        before = connection.events()
        assert await connection.ended() == Closed(1012, "service restart")
        assert [event.event async for event in before] == ["shutdown"]
        assert [event.event async for event in connection.events()] == []


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_calls_in_flight_fail_with_the_connection(connector: Make) -> None:
    """Code and reason of the close are in the error, and in every later one."""

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.request()
        await line.ws.close(code=1008, message="revoked\u202e".encode())

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        for _ in range(2):
            with pytest.raises(GatewayUnavailable) as caught:
                await connection.call("m")
            assert str(caught.value) == "gateway closed (1008: revoked\\u202e)"


async def test_a_connection_that_breaks_says_so(connector: Make) -> None:
    """Without a close frame the code is 1006."""

    async def talk(line: Line) -> None:
        await line.let_in()
        line.break_off()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        assert await connection.ended() == Closed(1006)


async def test_our_close_is_told_to_the_gateway_and_to_calls(connector: Make) -> None:
    """The gateway gets code and reason; a call in flight fails; closing twice is fine."""
    seen: list[tuple[int, str]] = []
    asked = asyncio.Event()

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.request()
        asked.set()
        seen.append(await line.closed())

    async with fake_gateway(talk) as gateway:
        connection = await connector(gateway.url).connect()
        call = asyncio.create_task(connection.call("m"))
        await asked.wait()
        await connection.close(4001, "enough")
        await connection.close()
        with pytest.raises(GatewayUnavailable, match=r"gateway closed \(4001: enough\)"):
            await call
    assert seen == [(4001, "enough")]
    assert await connection.ended() == Closed(4001, "enough")


async def test_a_connection_may_be_closed_as_soon_as_it_is_open(connector: Make) -> None:
    """Before it has read anything: the gateway is told all the same."""
    seen: list[tuple[int, str]] = []

    async def talk(line: Line) -> None:
        await line.let_in()
        seen.append(await line.closed())

    async with fake_gateway(talk) as gateway:
        await (await connector(gateway.url).connect()).close()
    assert seen == [(1000, "")]


async def test_a_silent_gateway_is_left(connector: Make) -> None:
    """Two ticks without a word: the client closes with 4000 ``tick timeout``, and whoever waits is told."""
    seen: list[tuple[int, str]] = []

    async def talk(line: Line) -> None:
        await line.let_in(policy={"tickIntervalMs": 20})
        seen.append(await line.closed())

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        with pytest.raises(GatewayUnavailable, match=r"gateway closed \(4000: tick timeout\)"):
            await connection.call("m")
        assert await connection.ended() == Closed(4000, "tick timeout")
    assert seen == [(4000, "tick timeout")]


async def test_a_gateway_that_ticks_is_not_left(connector: Make) -> None:
    """The wait begins anew with every sign of life: the connection outlasts two ticks."""

    async def talk(line: Line) -> None:
        await line.let_in(policy={"tickIntervalMs": 800})
        request = await line.request()
        for _ in range(10):
            await line.event("tick", {"ts": 1})
            await asyncio.sleep(0.2)
        await line.answer(request, "still here")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        assert await connection.call("m") == "still here"


async def test_a_gateway_that_sends_too_much_at_once_is_left(connector: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame beyond the bound ends the connection with 1009, before it fills the memory."""
    monkeypatch.setattr("clawdbot.client.transport.MAX_MESSAGE", 10_000)

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.event("big", "x" * 20_000)
        await line.ws.receive()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        assert (await connection.ended()).code == 1009


async def test_nothing_secret_is_in_what_is_logged(connector: Make, caplog: pytest.LogCaptureFixture) -> None:
    """S7: an unreadable frame is noted without what it holds."""
    caplog.set_level("DEBUG")

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.send(json.dumps({"type": "hm", "token": "sesame"}))
        await line.answer(await line.request(), "fine")
        await line.closed()

    async with fake_gateway(talk) as gateway, await connector(gateway.url).connect() as connection:
        await connection.call("m")
    assert "passed over" in caplog.text
    assert "sesame" not in caplog.text
