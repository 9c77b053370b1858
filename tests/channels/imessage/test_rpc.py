"""JSON-RPC with a running imsg."""

from collections.abc import AsyncIterator, Mapping

import pytest

from clawdbot.channels.child import NoAnswer
from clawdbot.channels.imessage.failures import Rejected
from clawdbot.channels.imessage.progress import Newest
from clawdbot.channels.imessage.rpc import ImsgRpc, connect
from clawdbot.channels.settings import ImessageSettings
from clawdbot.errors import ChannelFailed
from tests.fakes.imessage import FakeImessage
from tests.fakes.imsg_rpc import crashes, says, silent
from tests.support.waiting import eventually


class Ears:
    """What was heard, and that it is over."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Mapping[str, object]]] = []
        self.ended: list[ChannelFailed] = []

    def hear(self, method: str, params: Mapping[str, object]) -> None:
        self.heard.append((method, params))


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
async def rpc(mac: FakeImessage, ears: Ears) -> AsyncIterator[ImsgRpc]:
    settings = ImessageSettings(cli_path=str(mac.program))
    async with connect(settings, hear=ears.hear, over=ears.ended.append, answer_s=1.0) as connected:
        yield connected


async def test_a_call_brings_its_result_and_news_are_heard(mac: FakeImessage, rpc: ImsgRpc, ears: Ears) -> None:
    assert await rpc.call("watch.subscribe", since_rowid=-1) == {"subscription": 1}
    row = mac.person(1, "Alice").write("hi")
    await eventually(lambda: ears.heard)
    assert ears.heard == [("message", {"subscription": 1, "message": row})]


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("send", {"to": "+1555", "chat_id": 1, "text": "x"}, -32602),
        ("send", {"text": "x"}, -32602),
        ("no.such.method", {}, -32601),
        ("", {}, -32601),
    ],
)
async def test_an_error_is_raised_with_its_code(
    rpc: ImsgRpc, method: str, params: Mapping[str, object], code: int
) -> None:
    with pytest.raises(Rejected) as rejected:
        await rpc.call(method, **params)
    assert rejected.value.code == code


@pytest.mark.parametrize("result", [None, [], "ok", 1])
async def test_a_result_that_is_none_is_an_error(mac: FakeImessage, rpc: ImsgRpc, result: object) -> None:
    mac.faults["send"].append(says(result))
    with pytest.raises(Rejected):
        await rpc.call("send")


async def test_the_newest_message_is_that_of_the_newest_chat(mac: FakeImessage, rpc: ImsgRpc) -> None:
    """Of an empty database, there is none."""
    assert await rpc.newest() is None
    mac.person(1, "Alice").write("one", created_at="2026-11-01T00:00:00.000Z")
    mac.person(2, "Bob").write("two", created_at="2026-11-02T00:00:00.500Z")
    mac.person(1, "Alice").write("older", created_at="2026-10-01T00:00:00.000Z")
    assert await rpc.newest() == Newest(2, 1_793_577_600_500)


@pytest.mark.parametrize("result", [{}, {"chats": 1}, {"chats": [1]}, {"chats": [{"id": "1"}]}])
async def test_S8_odd_lists_of_chats_are_taken_for_none(mac: FakeImessage, rpc: ImsgRpc, result: object) -> None:
    mac.faults["chats.list"].append(says(result))
    assert await rpc.newest() is None


@pytest.mark.parametrize("result", [{}, {"messages": {}}, {"messages": [1, None, {"id": 1}]}])
async def test_S8_odd_histories_are_taken_for_none(mac: FakeImessage, rpc: ImsgRpc, result: object) -> None:
    mac.person(1, "Alice").write("hi")
    mac.faults["messages.history"].append(says(result))
    assert await rpc.newest() is None


async def test_silence_is_an_error(mac: FakeImessage, rpc: ImsgRpc) -> None:
    mac.faults["send"].append(silent)
    with pytest.raises(NoAnswer):
        await rpc.call("send")


async def test_why_it_ended_is_told_to_who_asks_and_to_who_listens(mac: FakeImessage, ears: Ears) -> None:
    """Not only that it has."""
    mac.faults["send"].append(crashes)
    settings = ImessageSettings(cli_path=str(mac.program))
    with pytest.raises(ChannelFailed, match="ended with exit code 134"):
        async with connect(settings, hear=ears.hear, over=ears.ended.append, answer_s=10.0) as rpc:
            await rpc.call("send")
    assert [str(each) for each in ears.ended] == ["imsg ended with exit code 134"]
