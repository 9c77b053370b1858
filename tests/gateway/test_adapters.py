"""What the configuration asks for is made, and what cannot be made says why."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.assistant.base import Prompt
from clawdbot.assistant.command import CommandAssistant
from clawdbot.assistant.http import HttpAssistant
from clawdbot.assistant.python import PythonAssistant
from clawdbot.assistant.unconfigured import Unconfigured
from clawdbot.channels.settings import ImessageSettings, Platform, SignalSettings, WhatsappSettings
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.config import AccountConfig, AssistantSettings, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import ChannelFailed, ChannelRefused
from clawdbot.gateway.adapters import open_adapter, open_assistant

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


async def test_a_configured_account_gets_its_adapter(tmp_path: Path) -> None:
    """Telegram's, for a Telegram account with a token."""
    config = Config(accounts={TELEGRAM: AccountConfig(TELEGRAM, token=Secret("1:a"))})
    adapter = open_adapter(config, TELEGRAM, tmp_path)
    assert isinstance(adapter, TelegramAdapter)
    assert adapter.account == TELEGRAM
    await adapter.close()


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (None, "not configured"),
        (AccountConfig(TELEGRAM, token_problem="the token file is empty"), "the token file is empty"),
        (AccountConfig(TELEGRAM), "no bot token"),
    ],
)
def test_what_cannot_run_says_why_and_what_to_do(account: AccountConfig | None, why: str, tmp_path: Path) -> None:
    """No account, no token: refused with the next command."""
    with pytest.raises(ChannelRefused, match=why) as refused:
        open_adapter(Config(accounts={TELEGRAM: account} if account else {}), TELEGRAM, tmp_path)
    assert "clawdbot channels add telegram" in refused.value.hint


LIBRARIES = {
    Channel.TELEGRAM: "telegram",
    Channel.DISCORD: "discord",
    Channel.SLACK: "slack_sdk",
    Channel.SIGNAL: "httpx_sse",
    Channel.IMESSAGE: "",
    Channel.WHATSAPP: "neonize",
}
"""What each channel alone uses; WhatsApp's library is loaded by the bridge, in a process of its own."""

OPEN_IT = """
import asyncio, json, sys
from pathlib import Path

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[3]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from clawdbot.config import load
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.errors import ChannelRefused
from clawdbot.gateway import app
from clawdbot.gateway.adapters import open_adapter

async def main():
    home, account = Path(sys.argv[1]), ChannelAccount(Channel(sys.argv[2]))
    try:
        adapter = open_adapter(load(home / "clawdbot.json", {}), account, home)
    except ChannelRefused as refused:
        print(f"{refused.message}; {refused.hint}")
    else:
        await adapter.close()
        print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))

asyncio.run(main())
"""


def opened(tmp_path: Path, channel: Channel, missing: str = "-") -> str:
    """What a process says that opens one channel's adapter: the packages that it has loaded, or why it cannot."""
    login = {"token": "a", "botToken": "xoxb-1" if channel is Channel.SLACK else "1:a", "appToken": "xapp-1"}
    keys = {Channel.TELEGRAM: ["botToken"], Channel.DISCORD: ["token"], Channel.SLACK: ["botToken", "appToken"]}
    section = {key: login[key] for key in keys.get(channel, [])}
    (tmp_path / "clawdbot.json").write_text(json.dumps({"channels": {channel: {"enabled": True, **section}}}))
    argv = [sys.executable, "-c", OPEN_IT, str(tmp_path), str(channel), missing]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("channel", list(Channel), ids=str)
def test_a_platform_s_library_is_loaded_when_its_channel_is_used_and_no_other(channel: Channel, tmp_path: Path) -> None:
    """Not even by the gateway itself."""
    loaded = opened(tmp_path, channel).split()
    expected = {LIBRARIES[channel]} - {"", "neonize"}
    assert set(LIBRARIES.values()) & set(loaded) == expected


@pytest.mark.parametrize("channel", [Channel.TELEGRAM, Channel.DISCORD, Channel.SLACK, Channel.SIGNAL], ids=str)
def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(channel: Channel, tmp_path: Path) -> None:
    said = opened(tmp_path, channel, LIBRARIES[channel])
    assert said.startswith(f"{channel} needs the package {LIBRARIES[channel]}")
    assert said.endswith("; install clawdbot again, from where you got it\n")


async def test_S7_an_assistant_s_program_inherits_no_configured_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokens of all accounts stay with the gateway, under whatever name they came in."""
    monkeypatch.setenv("MY_BOT", "1:abc")
    monkeypatch.setenv("MY_KEY", "kept")
    config = Config(
        accounts={TELEGRAM: AccountConfig(TELEGRAM, token=Secret("1:abc"))}, assistant=CommandSettings(argv=("env",))
    )
    assistant = open_assistant(config)
    message = Prompt(TELEGRAM, SenderId("7"), name="", conversation="7", text="", sent_at=0)
    inherited = (await assistant.answer(message)).splitlines()
    assert "MY_KEY=kept" in inherited
    assert not [line for line in inherited if "1:abc" in line]
    await assistant.close()


@pytest.mark.parametrize("channel", [Channel.IMESSAGE, Channel.SIGNAL, Channel.WHATSAPP], ids=str)
async def test_S7_a_channel_s_program_inherits_no_configured_token(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What speaks with one platform has no business with another's token, under whatever name that came in."""
    monkeypatch.setenv("MY_BOT", "1:abc")
    monkeypatch.setenv("MY_KEY", "kept")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/environ\n")
    program.chmod(0o755)
    platforms: dict[Channel, Platform] = {
        Channel.IMESSAGE: ImessageSettings(cli_path=str(program)),
        Channel.SIGNAL: SignalSettings(cli_path=str(program), http_url=f"http://127.0.0.1:{free_port()}"),
        Channel.WHATSAPP: WhatsappSettings(bridge_command=(str(program),)),
    }
    account = ChannelAccount(channel)
    config = Config(
        accounts={
            TELEGRAM: AccountConfig(TELEGRAM, token=Secret("1:abc")),
            account: AccountConfig(account, platform=platforms[channel]),
        }
    )
    adapter = open_adapter(config, account, tmp_path / "state")
    with pytest.raises(ChannelFailed):
        await adapter.probe()
    await adapter.close()
    inherited = (tmp_path / "environ").read_text().splitlines()
    assert "MY_KEY=kept" in inherited
    assert not [line for line in inherited if "1:abc" in line]


def free_port() -> int:
    """Where nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (CommandSettings(argv=("cat",)), CommandAssistant),
        (HttpSettings(url="http://127.0.0.1:1/v1", model="m"), HttpAssistant),
        (PythonSettings(target="json:dumps"), PythonAssistant),
        (None, Unconfigured),
    ],
)
async def test_the_assistant_is_of_the_configured_kind(settings: AssistantSettings | None, kind: type) -> None:
    """Command, endpoint, callable, or the honest line."""
    assistant = open_assistant(Config(assistant=settings))
    assert isinstance(assistant, kind)
    await assistant.close()
