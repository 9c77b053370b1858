"""Dialogues of the real adapter with a signal-cli of our own, over real sockets: what it sends, and what it probes."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.base import BotIdentity
from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal.adapter import MESSAGE_LIMIT, SignalAdapter
from clawdbot.domain.names import SenderId
from clawdbot.errors import ChannelFailed, DeliveryFailed, DeliveryUnknown, NeedsLogin, RecipientRefused
from tests.channels.signal.conftest import ACCOUNT, FAST
from tests.fakes import faults
from tests.fakes.signal import FakeSignal, error
from tests.fakes.signal_people import NUMBER
from tests.support.waiting import eventually

OTHER = "+15550008888"


def sends(signal: FakeSignal) -> int:
    return sum(each.asked["method"] == "send" for each in signal.asked)


async def test_a_text_is_sent_by_number_and_by_uuid(signal: FakeSignal, adapter: SignalAdapter) -> None:
    alice = signal.person(1, "Alice")
    await adapter.send(alice.uuid, "one")
    await adapter.send(alice.number, "two")

    assert alice.received == ["one", "two"]
    assert {each.asked["params"]["account"] for each in signal.asked} == {NUMBER}


async def test_tell_reaches_people_by_either_id(signal: FakeSignal, adapter: SignalAdapter) -> None:
    """The reference sends to ``uuid:…``, which signal-cli takes for a number that is none."""
    alice, bob = signal.person(1, "Alice"), signal.hidden(2, "Bob")
    await adapter.tell(SenderId(alice.sender), "approved")
    await adapter.tell(SenderId(bob.sender), "approved")

    assert alice.received == bob.received == ["approved"]
    assert [each.asked["params"]["recipient"] for each in signal.asked] == [[alice.number], [bob.uuid]]


async def test_a_long_text_is_sent_in_pieces_in_order(signal: FakeSignal, adapter: SignalAdapter) -> None:
    alice = signal.person(1, "Alice")
    text = " ".join(f"{n:09}" for n in range(500))
    await adapter.send(alice.uuid, text)

    assert len(alice.received) == 3
    assert all(len(piece) <= MESSAGE_LIMIT for piece in alice.received)
    assert " ".join(alice.received) == text


async def test_text_that_no_json_can_spell_is_mended(signal: FakeSignal, adapter: SignalAdapter) -> None:
    alice = signal.person(1, "Alice")
    await adapter.send(alice.uuid, "a\ud800b 👋")

    assert alice.received == ["a�b 👋"]


@pytest.mark.parametrize(
    "to", ["", "Alice", "uuid:x", "group.abc", "+0123", "u:alice.01", "15550001111", "--note-to-self"]
)
async def test_what_is_no_person_is_refused_before_it_is_sent(
    signal: FakeSignal, adapter: SignalAdapter, to: str
) -> None:
    with pytest.raises(RecipientRefused):
        await adapter.send(to, "hi")

    assert signal.asked == []


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("UNREGISTERED_FAILURE", RecipientRefused),
        ("IDENTITY_FAILURE", DeliveryFailed),
        ("RATE_LIMIT_FAILURE", DeliveryFailed),
        ("NETWORK_FAILURE", DeliveryUnknown),
        ("INVALID_PRE_KEY_FAILURE", DeliveryFailed),
    ],
)
async def test_what_became_of_a_message_has_its_class_and_is_not_tried_again(
    signal: FakeSignal, adapter: SignalAdapter, outcome: str, kind: type[DeliveryFailed]
) -> None:
    alice = signal.person(1, "Alice")
    alice.outcome = outcome
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send(alice.uuid, "sesame")

    assert type(caught.value) is kind
    assert sends(signal) == 1
    assert alice.number not in str(caught.value)


async def test_older_versions_tell_it_as_a_result(signal: FakeSignal, adapter: SignalAdapter) -> None:
    signal.fail(
        "rpc",
        faults.raw('{"jsonrpc":"2.0","id":1,"result":{"timestamp":1,"results":[{"type":"UNREGISTERED_FAILURE"}]}}'),
    )
    with pytest.raises(RecipientRefused):
        await adapter.send(NUMBER, "hi")


async def test_who_was_never_on_signal_is_refused(adapter: SignalAdapter) -> None:
    with pytest.raises(RecipientRefused):
        await adapter.send("+15559999999", "hi")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (error(-1, "Failed to send message"), DeliveryFailed),
        (error(-3, "Failed to send message: timeout"), DeliveryUnknown),
        (error(-4, "Failed to send message due to untrusted identities"), DeliveryFailed),
        (error(-5, "Failed to send message due to rate limiting"), DeliveryFailed),
        (error(-6, "Captcha required"), DeliveryFailed),
        (error(-32602, "Specified account does not exist"), DeliveryFailed),
        (error(-32603, "oops"), DeliveryUnknown),
        (faults.html(), DeliveryUnknown),
        (faults.drop, DeliveryUnknown),
        (faults.raw("[1]"), DeliveryUnknown),
        (faults.raw('{"result": {"results": 5}}'), DeliveryUnknown),
        (faults.raw("[" * 100_000), DeliveryUnknown),
    ],
    ids=["-1", "-3", "-4", "-5", "-6", "-32602", "-32603", "502", "reset", "no answer", "odd result", "deep"],
)
async def test_trouble_has_its_class_and_nothing_is_sent_twice(
    signal: FakeSignal, adapter: SignalAdapter, fault: faults.Fault, kind: type[DeliveryFailed]
) -> None:
    alice = signal.person(1, "Alice")
    signal.fail("rpc", fault)
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send(alice.uuid, "sesame")

    assert type(caught.value) is kind
    assert alice.received == []
    assert "sesame" not in f"{caught.value}{caught.value.hint}"


async def test_a_message_waits_for_a_daemon_that_comes_back(
    signal: FakeSignal, settings: SignalSettings, tmp_path: Path
) -> None:
    async def come_back(_: float) -> None:
        await signal.start()

    alice = signal.person(1, "Alice")
    adapter = SignalAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=replace(FAST, sleep=come_back))
    await signal.stop()
    await adapter.send(alice.uuid, "hi")
    await adapter.close()

    assert alice.received == ["hi"]


async def test_a_message_does_not_wait_for_ever(signal: FakeSignal, settings: SignalSettings, tmp_path: Path) -> None:
    adapter = SignalAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=replace(FAST, flood=0.05))
    await signal.stop()
    with pytest.raises(DeliveryFailed) as caught:
        await adapter.send("+15550001111", "hi")
    await adapter.close()

    assert type(caught.value) is DeliveryFailed


async def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    signal: FakeSignal, settings: SignalSettings, tmp_path: Path
) -> None:
    adapter = SignalAdapter(ACCOUNT, settings, state_dir=tmp_path, timing=replace(FAST, answer=0.1))
    until = asyncio.Event()
    signal.fail("rpc", faults.hold(until))
    with pytest.raises(DeliveryUnknown):
        await adapter.send("+15550001111", "hi")
    until.set()
    await adapter.close()


# --- probing ----------------------------------------------------------------------------------------------------------


async def test_probe_says_whom_signal_takes_us_for(signal: FakeSignal, adapter: SignalAdapter) -> None:
    assert await adapter.probe() == BotIdentity(NUMBER, NUMBER)


async def test_probe_says_that_an_account_is_not_there(signal: FakeSignal, adapter: SignalAdapter) -> None:
    signal.accounts = [OTHER]
    with pytest.raises(NeedsLogin, match=r"signal-cli has no account \+15550009999"):
        await adapter.probe()


async def test_probe_says_that_no_daemon_listens(signal: FakeSignal, adapter: SignalAdapter) -> None:
    await signal.stop()
    with pytest.raises(ChannelFailed, match="nothing listens there"):
        await adapter.probe()


async def test_close_gives_back_the_connections(signal: FakeSignal, adapter: SignalAdapter) -> None:
    await adapter.probe()
    await adapter.close()
    await eventually(lambda: not signal.listening)

    with pytest.raises(RuntimeError):
        await adapter.probe()
