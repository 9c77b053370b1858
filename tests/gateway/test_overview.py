"""What is on, who waits, what to do next."""

from pathlib import Path

from clawdbot.config import AccountConfig, Config, HttpSettings
from clawdbot.domain import senders
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.gateway.overview import lines, look
from clawdbot.paths import Paths
from clawdbot.service import Service
from clawdbot.store.base import SendersKey
from clawdbot.store.memory import MemoryStore
from tests.support.people import Clock

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


async def test_an_empty_state_says_how_to_begin(tmp_path: Path) -> None:
    """Nothing configured: the next steps are a channel and an assistant."""
    overview = await look(Paths(tmp_path, tmp_path / "clawdbot.json"), Config(), Service(MemoryStore()))
    said = "\n".join(lines(overview))
    assert "channels   none yet" in said
    assert "next:      clawdbot channels add telegram" in said
    assert "assistant.command" in said
    assert overview.as_json()["gateway"] == {"running": False, "pid": None}


async def test_who_waits_is_counted_and_comes_first(tmp_path: Path) -> None:
    """A waiting sender leads to ``pairing list``; no token to ``channels add``; secrets are not shown."""
    clock, store = Clock(), MemoryStore()
    await store.update(
        SendersKey(TELEGRAM),
        lambda known: senders.request(known, SenderId("7"), {}, now=clock.now, randbelow=lambda n: 0),
    )
    config = Config(
        accounts={TELEGRAM: AccountConfig(TELEGRAM, token=Secret("123:secret"))},
        assistant=HttpSettings(url="http://127.0.0.1:1/v1", model="m", api_key=Secret("key")),
    )
    overview = await look(Paths(tmp_path, tmp_path / "c.json"), config, Service(store, now=clock))
    assert overview.accounts[0].waiting == 1
    assert overview.next_steps == ("clawdbot pairing list telegram",)
    assert "secret" not in "\n".join(lines(overview)) + str(overview.as_json())
