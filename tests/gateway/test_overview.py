"""What is on, who waits, what to do next."""

import os
from pathlib import Path

import pytest

from clawdbot.channels.settings import WhatsappSettings
from clawdbot.config import AccountConfig, CommandSettings, Config, HttpSettings
from clawdbot.domain import senders
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.gateway import instance
from clawdbot.gateway.overview import lines, look
from clawdbot.gateway.reports import AccountReport, ChannelReport, Reports
from clawdbot.paths import Paths
from clawdbot.service import Service
from clawdbot.store.base import SendersKey
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import SETTINGS
from tests.support.people import Clock

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


async def test_an_empty_state_says_how_to_begin(tmp_path: Path) -> None:
    """Nothing configured: the next steps are a channel and an assistant."""
    overview = await look(Paths(tmp_path, tmp_path / "clawdbot.json"), Config(), Service(MemoryStore()))
    said = "\n".join(lines(overview))
    assert "channels   none yet" in said
    assert "next:      clawdbot channels add telegram" in said
    assert "assistant.command" in said
    assert overview.as_json()["gateway"] == {"running": False, "pid": None, "url": None, "notReady": []}


async def test_who_waits_is_counted_and_comes_first(tmp_path: Path) -> None:
    """A waiting sender leads to ``pairing list``, a gateway that does not run to ``gateway``; secrets are not shown."""
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
    assert overview.next_steps == ("clawdbot pairing list telegram", "clawdbot gateway")
    assert "secret" not in "\n".join(lines(overview)) + str(overview.as_json())


async def test_what_keeps_an_account_from_running_is_said_with_the_next_command(tmp_path: Path) -> None:
    """No token leads to ``channels add`` for that account; what is switched off, or works, leads nowhere."""
    work, off = (ChannelAccount(Channel.TELEGRAM, AccountId(name)) for name in ("work", "off"))
    signal = ChannelAccount(Channel.SIGNAL)
    config = Config(
        accounts={
            work: AccountConfig(work, token_problem="there is no bot token"),
            off: AccountConfig(off, enabled=False),
            signal: AccountConfig(signal),
        },
        assistant=CommandSettings(("cat",)),
    )
    with instance.hold(tmp_path):
        overview = await look(Paths(tmp_path, tmp_path / "c.json"), config, Service(MemoryStore()))
    said = lines(overview)
    assert "telegram:work  there is no bot token; 0 waiting, 0 approved, 0 blocked" in said
    assert "telegram:off   switched off; 0 waiting, 0 approved, 0 blocked" in said
    assert "signal         policy pairing; 0 waiting, 0 approved, 0 blocked" in said
    assert overview.next_steps == ("clawdbot channels add telegram --account work",)


async def test_an_assistant_that_is_not_there_is_said_before_the_first_message(tmp_path: Path) -> None:
    """A program that cannot be found, or may not be executed."""
    (tmp_path / "answer.sh").touch(0o600)
    for program, shown in [
        ("cat", "cat"),
        (str(tmp_path / "answer.sh"), f"{tmp_path}/answer.sh (not found from here)"),
    ]:
        config = Config(assistant=CommandSettings((program,)))
        overview = await look(Paths(tmp_path, tmp_path / "c.json"), config, Service(MemoryStore()))
        assert overview.assistant == f"the command {shown}"


async def test_how_a_channel_does_is_shown_as_a_running_gateway_tells_it(tmp_path: Path) -> None:
    """State, bot, error; what to do about it is a next step; an account of which nothing is told is as before."""
    accounts = [ChannelAccount(Channel.TELEGRAM, AccountId(name)) for name in ("default", "home", "work")]
    config = Config(
        accounts={account: AccountConfig(account, token=Secret("123:secret")) for account in accounts},
        assistant=CommandSettings(("cat",)),
    )
    told = {
        "default": AccountReport(state="ready", connected=True, bot="@a_bot"),
        "work": AccountReport(state="retrying", last_error="the network is down", hint="check the network"),
    }
    reports = Reports(
        channels=lambda: {"telegram": ChannelReport("Telegram", told)}, settings=lambda: SETTINGS, now=lambda: 7
    )
    paths = Paths(tmp_path, tmp_path / "c.json")
    with instance.hold(tmp_path) as place:
        place.listens("ws://127.0.0.1:4711")
        overview = await look(paths, config, Service(MemoryStore()), health=reports.health())
    said = lines(overview)
    assert f"gateway        running (process {os.getpid()}) at ws://127.0.0.1:4711" in said
    assert "telegram       ready as @a_bot; policy pairing; 0 waiting, 0 approved, 0 blocked" in said
    assert "telegram:home  policy pairing; 0 waiting, 0 approved, 0 blocked" in said
    assert any(line.startswith("telegram:work  retrying: the network is down; policy pairing;") for line in said)
    assert overview.next_steps == ("check the network",)
    live = {one["account"]: one["live"] for one in overview.as_json()["accounts"]}  # type: ignore[attr-defined]
    assert live["home"] is None
    assert (live["work"]["state"], live["work"]["lastError"]) == ("retrying", "the network is down")


@pytest.mark.parametrize(
    ("policy", "everyone", "told"),
    [
        (DmPolicy.OPEN, True, "policy open: everybody is in;"),
        (DmPolicy.OPEN, False, 'policy open without "*": only who is listed or approved is in;'),
        (DmPolicy.PAIRING, True, "policy pairing: everybody is in;"),
        (DmPolicy.DISABLED, True, "policy disabled;"),
        (DmPolicy.ALLOWLIST, False, "policy allowlist;"),
    ],
)
async def test_D4_it_is_said_that_everybody_is_in(tmp_path: Path, policy: DmPolicy, everyone: bool, told: str) -> None:
    """And of a policy that is called open, that it is not."""
    account = ChannelAccount(Channel.SIGNAL)
    config = Config(accounts={account: AccountConfig(account, rules=DmRules(policy, everyone=everyone))})
    overview = await look(Paths(tmp_path, tmp_path / "c.json"), config, Service(MemoryStore()))
    assert any(line.startswith(f"signal     {told}") for line in lines(overview)), lines(overview)


async def test_an_account_that_nobody_has_linked_leads_to_its_login(tmp_path: Path) -> None:
    """Seen by its folder, where the bridge is ours; what another bridge keeps there is its own."""
    ours, theirs = (ChannelAccount(Channel.WHATSAPP, AccountId(name)) for name in ("ours", "theirs"))
    config = Config(
        accounts={
            ours: AccountConfig(ours, platform=WhatsappSettings()),
            theirs: AccountConfig(theirs, platform=WhatsappSettings(bridge_command=("node", "bridge.js"))),
        },
        assistant=CommandSettings(("cat",)),
    )
    overview = await look(Paths(tmp_path, tmp_path / "c.json"), config, Service(MemoryStore()))
    assert [one.problem for one in overview.accounts] == ["this machine is not linked to a whatsapp account", ""]
    assert overview.next_steps == ("clawdbot channels login whatsapp --account ours", "clawdbot gateway")
    assert not any(tmp_path.iterdir())
