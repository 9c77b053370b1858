"""The client of signal-cli's daemon, on a daemon of our own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clawdbot.channels.patience import Unreachable
from clawdbot.channels.signal.api import NO_SUCH_METHOD, UNKNOWN_ACCOUNT, Rejected, SignalCli
from tests.fakes import faults
from tests.fakes.signal import VERSION, FakeSignal
from tests.fakes.signal_people import NUMBER
from tests.support.waiting import eventually


@pytest.fixture
async def api(signal: FakeSignal) -> AsyncIterator[SignalCli]:
    client = SignalCli(signal.url, answer_s=5, silence_s=5)
    yield client
    await client.close()


async def test_it_says_what_it_is_and_whom_it_serves(api: SignalCli) -> None:
    await api.check()

    assert await api.version() == VERSION
    assert await api.accounts() == [NUMBER]


async def test_a_daemon_for_a_single_account_does_not_say_which(signal: FakeSignal) -> None:
    api = SignalCli(f"http://127.0.0.1:{await signal.serve(NUMBER)}")

    assert await api.accounts() is None
    await api.close()


async def test_a_text_is_sent(signal: FakeSignal, api: SignalCli) -> None:
    alice = signal.person(1, "Alice")
    await api.send(NUMBER, alice.uuid, "one")
    await api.send("", alice.number, "two")

    assert alice.received == ["one", "two"]


async def test_a_refusal_tells_its_code_and_what_became_of_the_message(signal: FakeSignal, api: SignalCli) -> None:
    alice = signal.person(1, "Alice")
    alice.outcome = "NETWORK_FAILURE"
    with pytest.raises(Rejected) as caught:
        await api.send(NUMBER, alice.uuid, "sesame")

    assert (caught.value.code, *caught.value.outcomes) == (-1, "NETWORK_FAILURE")
    assert str(caught.value) == "signal-cli answered NETWORK_FAILURE to send"


async def test_an_answer_that_never_ends_is_not_waited_for(signal: FakeSignal) -> None:
    """Though each byte of it comes in time; nobody knows whether it was sent."""
    api = SignalCli(signal.url, answer_s=0.5)
    signal.fail("rpc", faults.drip)
    async with asyncio.timeout(10):
        with pytest.raises(Unreachable, match="TimeoutError") as caught:
            await api.send(NUMBER, signal.person(1, "Alice").uuid, "sesame")

    assert caught.value.sent
    await api.close()


async def test_events_come_as_they_are_sent(signal: FakeSignal, api: SignalCli) -> None:
    async with api.events(NUMBER) as events:
        signal.push_raw("one")
        signal.push_raw("two")
        found = [(await anext(events)).data, (await anext(events)).data]

    assert found == ["one", "two"]
    await eventually(lambda: not signal.listening)


async def test_events_of_an_unknown_account_are_refused(api: SignalCli) -> None:
    with pytest.raises(Rejected) as caught:
        async with api.events("+15550007777"):
            pass

    assert caught.value.code == UNKNOWN_ACCOUNT


async def test_a_stream_that_breaks_is_trouble(signal: FakeSignal, api: SignalCli) -> None:
    async def listen() -> None:
        async with api.events(NUMBER) as events:
            signal.drop()
            await anext(events)

    with pytest.raises(Unreachable):
        await listen()


@pytest.mark.parametrize(("sent", "fault"), [(True, faults.drop), (True, faults.html(404))])
async def test_it_is_known_whether_a_request_may_have_arrived(
    signal: FakeSignal, api: SignalCli, sent: bool, fault: faults.Fault
) -> None:
    signal.fail("check", fault)
    with pytest.raises(Unreachable) as caught:
        await api.check()
    assert caught.value.sent is sent

    await signal.stop()
    with pytest.raises(Unreachable) as caught:
        await api.check()
    assert caught.value.sent is False


async def test_an_answer_that_is_no_answer_is_trouble(signal: FakeSignal, api: SignalCli) -> None:
    signal.fail("rpc", faults.raw("<html>"), faults.raw('{"result": [1]}'), faults.raw('{"error": {"code": "x"}}'))
    for _ in range(3):
        with pytest.raises(Unreachable):
            await api.accounts()
    signal.fail("rpc", faults.raw('{"error": {"code": -32601}}'))
    assert await api.accounts() is None
    assert NO_SUCH_METHOD == -32601


async def test_a_proxy_does_not_stand_between_neighbours(signal: FakeSignal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    api = SignalCli(signal.url)
    await api.check()
    await api.close()


async def test_S7_a_password_in_the_address_is_not_shown(signal: FakeSignal) -> None:
    api = SignalCli(signal.url.replace("//", "//me:sesame@"))
    await api.check()
    await signal.stop()
    with pytest.raises(Unreachable) as caught:
        await api.check()
    await api.close()

    assert signal.url in str(caught.value)
    assert "sesame" not in str(caught.value)
