"""Commands that talk to the platform: ``approve --notify``, ``channels add``, ``channels status --probe``."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.support.gateway import Home
from tests.support.transcript import lay

WAITING = """{"version": 1, "requests": [{"id": "7", "code": "ABCDEFGH", "createdAt": "@now-10s",
 "lastSeenAt": "@now-10s"}]}"""
APPROVE = ("pairing", "approve", "telegram", "ABCDEFGH", "--notify")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home[FakeTelegram]]:
    async with FakeTelegram() as telegram:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        lay({"credentials/telegram-pairing.json": WAITING}, home.state)
        yield home


def approved(home: Home[FakeTelegram]) -> list[str]:
    allowed: list[str] = json.loads((home.state / "credentials/telegram-allowFrom.json").read_text("utf-8"))[
        "allowFrom"
    ]
    return allowed


async def test_notify_tells_the_sender_without_a_gateway(home: Home[FakeTelegram]) -> None:
    """One message, to the one who was approved."""
    alice = home.platform.user(7, "Alice")
    alice.wrote = True
    code, said = await home.owner(*APPROVE)
    assert (code, said.splitlines()) == (0, ["Approved telegram sender 7.", "Told 7."])
    assert alice.received == ["✅ Clawdbot access approved. Send a message to start chatting."]


@pytest.mark.parametrize("trouble", ["blocked the bot", "wrong token", "nobody there", "broken configuration"])
async def test_an_approval_stands_if_the_sender_cannot_be_told(home: Home[FakeTelegram], trouble: str) -> None:
    """It is a warning with a reason, and exit code 0."""
    alice = home.platform.user(7, "Alice")
    match trouble:
        case "blocked the bot":
            alice.wrote = alice.blocked = True
        case "wrong token":
            home.configure(botToken="123456789:another-one")
        case "nobody there":
            home.configure(apiBase="http://127.0.0.1:1")
        case _:
            home.write_config("{")
    code, said = await home.owner(*APPROVE)
    assert code == 0
    first, warning, *_ = said.splitlines()
    assert first == "Approved telegram sender 7."
    assert warning.startswith("clawdbot: warning: approved, but the sender could not be told: ")
    assert alice.received == []
    assert approved(home) == ["7"]


async def test_add_checks_the_token_before_it_saves_it(home: Home[FakeTelegram]) -> None:
    """Accepted: whose it is, and saved. Refused or not reachable: exit 1 or 3, and the file is as it was."""
    code, said = await home.owner("channels", "add", "telegram", "--token", home.platform.token)
    assert (code, said.splitlines()[0]) == (0, "The token belongs to @clawd_test_bot.")
    before = (home.state / "clawdbot.json").read_bytes()
    code, said = await home.owner("channels", "add", "telegram", "--account", "work", "--token", "1:another-one")
    assert code == 1
    error, hint = said.splitlines()
    assert error == "clawdbot: error: telegram does not accept this bot token"
    assert hint.endswith('run "clawdbot channels add telegram --account work"')
    assert (home.state / "clawdbot.json").read_bytes() == before
    home.configure(apiBase="http://127.0.0.1:1")
    before = (home.state / "clawdbot.json").read_bytes()
    code, said = await home.owner("channels", "add", "telegram", "--token", home.platform.token)
    assert (code, len(said.splitlines())) == (3, 2)
    assert (home.state / "clawdbot.json").read_bytes() == before


async def test_probe_says_which_account_works(home: Home[FakeTelegram]) -> None:
    """Exit 1 while one does not."""
    code, said = await home.owner("channels", "status", "--probe")
    assert (code, said.splitlines()[1].split()[-2:]) == (0, ["@clawd_test_bot", "works"])
    home.configure(accounts={"default": {}, "work": {"botToken": "123456789:another-one"}})
    code, said = await home.owner("channels", "status", "--probe")
    assert code == 1
    assert "works" in said
    assert "telegram does not accept this bot token" in said
    assert '"clawdbot channels add telegram --account work"' in said.splitlines()[-1]


async def test_a_new_account_s_token_goes_to_the_configured_server_only(home: Home[FakeTelegram]) -> None:
    """It inherits ``apiBase``, also while it is tried."""
    code, _ = await home.owner("channels", "add", "telegram", "--account", "work", "--token", home.platform.token)
    assert code == 0
    assert len(home.platform.calls("getMe")) == 1


async def test_the_first_named_account_leaves_the_one_of_the_variable(
    home: Home[FakeTelegram], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``$TELEGRAM_BOT_TOKEN`` alone makes a default account where no other is named; it stays beside another."""
    home.write_config(json.dumps({"channels": {"telegram": {"apiBase": home.platform.url}}}))
    monkeypatch.setattr(Home, "environ", {**home.environ, "TELEGRAM_BOT_TOKEN": home.platform.token})
    code, _ = await home.owner("channels", "add", "telegram", "--account", "work", "--no-check", "--token", "456:def")
    assert code == 0
    accounts = json.loads((await home.owner("channels", "status", "--json"))[1])["accounts"]
    assert [(one["account"], one["enabled"]) for one in accounts] == [("work", True), ("default", True)]


@pytest.mark.parametrize(("mode", "warned"), [(0o644, True), (0o600, False)])
async def test_S1_a_token_file_that_others_can_read_is_not_taken_silently(
    home: Home[FakeTelegram], mode: int, warned: bool
) -> None:
    """It is the owner's file and stays as it is; the way out is the command to type."""
    file = home.state / "token"
    file.write_text(home.platform.token)
    file.chmod(mode)
    code, said = await home.owner("channels", "add", "telegram", "--no-check", "--token-file", str(file))
    assert code == 0
    assert (f"clawdbot: warning: {file} is open to others" in said) == warned
    assert (f"clawdbot: hint: chmod 600 {file}\n" in said) == warned
    assert home.platform.token not in said
