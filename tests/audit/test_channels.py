"""The channels' settings: who may write, and what is read on the way."""

import pytest

from clawdbot.audit.channels import check
from clawdbot.config import Config, ConfigFile
from tests.support.configs import TOKEN, Desk


def config(desk: Desk, text: str) -> Config:
    return ConfigFile(desk.write(text), {}).current()


def found(desk: Desk, text: str) -> list[str]:
    return [f"{finding.severity} {finding.id} {finding.key}" for finding in check(config(desk, text), "clawdbot.json")]


def telegram(text: str) -> str:
    return f"{{channels: {{telegram: {{botToken: '{TOKEN}', {text}}}}}}}"


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        telegram("allowFrom: [7]"),
        telegram("dmPolicy: 'allowlist', allowFrom: [7]"),
        telegram("dmPolicy: 'disabled', allowFrom: ['*']"),
        telegram("enabled: false, dmPolicy: 'open', allowFrom: ['*']"),
        telegram("apiBase: 'http://127.0.0.1:8081'"),
        "{assistant: {url: 'https://x/v1', model: 'm'}}",
        "{assistant: {url: 'http://localhost:11434/v1', model: 'm'}}",
    ],
)
def test_nothing_is_found_in_what_is_closed(desk: Desk, text: str) -> None:
    assert found(desk, text) == []


OPEN = [
    (
        telegram("dmPolicy: 'open', allowFrom: ['*']"),
        "critical channels.telegram.dm.open channels.telegram.dmPolicy",
    ),
    (telegram("dmPolicy: 'open'"), "info channels.telegram.dm.nearly_open channels.telegram.dmPolicy"),
    (telegram("allowFrom: ['*']"), "critical channels.telegram.dm.wildcard channels.telegram.allowFrom"),
    (
        telegram("dmPolicy: 'allowlist', allowFrom: ['*']"),
        "critical channels.telegram.dm.wildcard channels.telegram.allowFrom",
    ),
    (
        "{channels: {telegram: {accounts: {work: {dmPolicy: 'open', allowFrom: ['*']}}}}}",
        "critical channels.telegram.dm.open channels.telegram.accounts.work.dmPolicy",
    ),
    (
        "{channels: {discord: {dm: {policy: 'open', allowFrom: ['*']}}}}",
        "critical channels.discord.dm.open channels.discord.dmPolicy",
    ),
    (
        telegram("apiBase: 'http://bots.example'"),
        "warn channels.telegram.api_unencrypted channels.telegram.apiBase",
    ),
    ("{assistant: {url: 'http://10.0.0.5/v1', model: 'm'}}", "warn assistant.url_unencrypted assistant.url"),
]


@pytest.mark.parametrize(("text", "finding"), OPEN, ids=[finding for _, finding in OPEN])
def test_what_is_open_is_found(desk: Desk, text: str, finding: str) -> None:
    assert found(desk, text) == [finding]


def test_S7_no_key_of_an_address_is_shown(desk: Desk) -> None:
    text = "{assistant: {url: 'http://x.example/v1?key=s3cret', model: 'm'}}"
    assert "s3cret" not in str(list(check(config(desk, text), "clawdbot.json")))
