"""Every key that the reference knows is accepted: served or listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import Bind, known
from clawdbot.config.load import load
from clawdbot.domain.names import Channel
from tests.support.configs import Desk

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "config-keys.json").read_text("utf-8"))

SERVED = {
    Channel.TELEGRAM: {"accounts", "allowFrom", "botToken", "dmPolicy", "enabled", "name", "tokenFile"},
    Channel.WHATSAPP: {"accounts", "allowFrom", "authDir", "dmPolicy", "enabled", "name", "selfChatMode"},
    Channel.SIGNAL: {
        *("account", "accounts", "allowFrom", "autoStart", "cliPath", "dmPolicy", "enabled"),
        *("httpHost", "httpPort", "httpUrl", "name", "startupTimeoutMs"),
    },
    Channel.IMESSAGE: {
        *("accounts", "allowFrom", "cliPath", "dbPath", "dmPolicy", "enabled", "name", "region", "service"),
    },
    Channel.DISCORD: {"accounts", "dm", "enabled", "name", "token"},
    Channel.SLACK: {"accounts", "appToken", "botToken", "dm", "enabled", "name"},
}


def test_its_sections_are_accepted(desk: Desk) -> None:
    served = {"channels", "discovery", "env", "gateway"}
    config = desk.config(json.dumps({name: {} for name in REFERENCE["top"]}))
    assert set(config.not_served) == set(REFERENCE["top"]) - served - known.BOOKKEEPING
    assert set(REFERENCE["top"]) == known.SECTIONS | served | known.BOOKKEEPING - {"$schema"}


def test_its_other_channels_are_accepted(desk: Desk) -> None:
    config = desk.config(json.dumps({"channels": {name: {} for name in REFERENCE["otherChannels"]}}))
    assert config.not_served == tuple(f"channels.{name}" for name in REFERENCE["otherChannels"])
    assert not config.accounts


def test_its_keys_of_the_gateway_are_accepted(desk: Desk) -> None:
    reference = REFERENCE["gateway"]
    served = {
        "gateway": {"auth", "bind", "controlUi", "mode", "nodes", "port", "remote", "tls", "trustedProxies"},
        "auth": {"mode", "password", "token"},
        "controlUi": {"enabled"},
        "nodes": {"allowCommands", "denyCommands"},
        "remote": {"password", "tlsFingerprint", "token", "url"},
        "tls": {"autoGenerate", "certPath", "enabled", "keyPath"},
    }
    unserved = {name: set(reference["keys" if name == "gateway" else name]) - keys for name, keys in served.items()}
    section = {name: dict.fromkeys(keys, "anything") for name, keys in unserved.items()}
    config = desk.config(json.dumps({"gateway": section.pop("gateway") | section}))
    assert set(config.not_served) == {
        f"gateway.{'' if name == 'gateway' else f'{name}.'}{key}" for name, keys in unserved.items() for key in keys
    }
    assert unserved == known.GATEWAY_KEYS
    assert set(reference["binds"]) == set(Bind)


@pytest.mark.parametrize("channel", list(Channel))
def test_its_keys_of_a_channel_are_accepted(desk: Desk, channel: Channel) -> None:
    reference = REFERENCE["channels"][channel]
    unserved = dict.fromkeys({*reference["keys"], *reference["accountKeys"]} - SERVED[channel], "anything")
    section = {**unserved, "accounts": {"work": unserved}}
    config = desk.config(json.dumps({"channels": {channel: section}}))
    assert set(config.not_served) == {f"channels.{channel}.{key}" for key in unserved} | {
        f"channels.{channel}.accounts.work.{key}" for key in unserved
    }
    assert known.CHANNEL_KEYS[channel] == set(unserved)


@pytest.mark.parametrize("channel", [Channel.DISCORD, Channel.SLACK])
def test_its_keys_of_dm_are_accepted(desk: Desk, channel: Channel) -> None:
    keys = set(REFERENCE["channels"][channel]["dmKeys"]) - {"enabled", "policy", "allowFrom"}
    desk.write(json.dumps({"channels": {channel: {"dm": dict.fromkeys(keys, "anything")}}}))
    assert set(load(desk.path, {}).not_served) == {f"channels.{channel}.dm.{key}" for key in keys}
    assert keys <= known.DM_KEYS
