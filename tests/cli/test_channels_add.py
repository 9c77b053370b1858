"""``channels add`` and ``status --probe`` on every channel: tried first, saved then, nothing else touched."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import load
from clawdbot.domain.names import Channel, ChannelAccount
from tests.support.fakes import open_fake
from tests.support.gateway import Home

LOGIN = ("token", "botToken", "appToken")
OPTIONS = {"account": "--number", "httpUrl": "--http-url", "cliPath": "--cli-path", "dbPath": "--db-path"}
WITH_TOKENS = [Channel.TELEGRAM, Channel.DISCORD, Channel.SLACK]


@pytest.fixture
async def home(channel: Channel, tmp_path: Path) -> AsyncIterator[Home[Any]]:
    """An owner with a configuration of his own, that says where the platform is, and not how to log in."""
    async with open_fake(channel) as platform:
        home = Home(tmp_path / "state", platform)
        where = {key: value for key, value in platform.settings().items() if key not in (*LOGIN, *OPTIONS, "autoStart")}
        section = json.dumps(where)[1:-1]
        home.write_config(f"// mine\n{{ channels: {{ {channel}: {{ {section} /* here */ }} }}, agents: {{}} }}\n")
        yield home


def words(home: Home[Any]) -> list[str]:
    """The options that say what is no secret."""
    settings = home.platform.settings()
    return [word for key, option in OPTIONS.items() if key in settings for word in (option, str(settings[key]))]


def secrets(home: Home[Any]) -> list[str]:
    return [str(home.platform.settings()[key]) for key in LOGIN if key in home.platform.settings()]


@pytest.mark.parametrize("channel", list(Channel), ids=str)
async def test_add_tries_it_and_saves_it_beside_what_is_there(home: Home[Any], channel: Channel) -> None:
    code, said = await home.owner("channels", "add", channel, *words(home), stdin="\n".join(secrets(home)))
    assert code == 0, said
    assert f"Saved {channel} in" in said
    assert not any(secret in said for secret in secrets(home))
    text = (home.state / "clawdbot.json").read_text("utf-8")
    assert text.startswith("// mine\n")
    assert "/* here */" in text
    assert "agents: {}" in text
    account = load(home.state / "clawdbot.json", {}).accounts[ChannelAccount(channel)]
    assert account.token is None or account.token.reveal() == secrets(home)[0]
    code, said = await home.owner("channels", "status", "--probe", "--json")
    assert code == 0, said
    (line,) = json.loads(said)["accounts"]
    assert line["error"] is None
    assert line["bot"]


@pytest.mark.parametrize("channel", WITH_TOKENS, ids=str)
async def test_a_token_that_is_refused_is_not_saved(home: Home[Any], channel: Channel) -> None:
    before = (home.state / "clawdbot.json").read_text("utf-8")
    wrong = [secret[:-4] + "XXXX" for secret in secrets(home)]
    code, said = await home.owner("channels", "add", channel, stdin="\n".join(wrong))
    assert code == 1
    assert "clawdbot: error:" in said
    assert "clawdbot: hint:" in said
    assert not any(secret in said for secret in wrong)
    assert (home.state / "clawdbot.json").read_text("utf-8") == before
