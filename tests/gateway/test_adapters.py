"""What the configuration asks for is made, and what cannot be made says why."""

from pathlib import Path

import pytest

from clawdbot.assistant.base import Prompt
from clawdbot.assistant.command import CommandAssistant
from clawdbot.assistant.http import HttpAssistant
from clawdbot.assistant.python import PythonAssistant
from clawdbot.assistant.unconfigured import Unconfigured
from clawdbot.channels.telegram.adapter import TelegramAdapter
from clawdbot.config import AccountConfig, AssistantSettings, CommandSettings, Config, HttpSettings, PythonSettings
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.secret import Secret
from clawdbot.errors import ChannelRefused
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


def test_a_channel_of_another_version_is_refused(tmp_path: Path) -> None:
    """Signal is read from the configuration, and cannot be run yet."""
    signal = ChannelAccount(Channel.SIGNAL)
    with pytest.raises(ChannelRefused, match="cannot be run"):
        open_adapter(Config(accounts={signal: AccountConfig(signal, token=Secret("x"))}), signal, tmp_path)


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
