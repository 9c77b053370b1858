"""Deciding about a sender by his id: on the account where he is, under whichever id of his."""

import json
from pathlib import Path

import pytest

from clawdbot.cli.app import run

NUMBER, ACCOUNT = "+15550001111", "uuid:8f1c0c6e-0000-4000-8000-000000000001"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two Signal accounts; somebody with two ids is approved on the one that is not the default."""
    config = {"channels": {"signal": {"accounts": {"default": {}, "work": {"httpPort": 8081, "allowFrom": [ACCOUNT]}}}}}
    state = tmp_path / "state"
    folder = state / "credentials"
    folder.mkdir(mode=0o700, parents=True)
    (state / "clawdbot.json").write_text(json.dumps(config))
    (folder / "signal-work-allowFrom.json").write_text(json.dumps({"version": 1, "allowFrom": [NUMBER]}))
    approved = {NUMBER: {"aliases": [ACCOUNT]}}
    senders = {"version": 1, "approved": approved, "blocked": {}}
    (folder / "signal-work-senders.json").write_text(json.dumps(senders))
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(state))
    return folder


def allowed(folder: Path) -> object:
    return json.loads((folder / "signal-work-allowFrom.json").read_text())["allowFrom"]


@pytest.mark.parametrize("named", [NUMBER, ACCOUNT])
def test_D17_revoked_on_the_account_where_he_is_by_either_id(
    named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the owner hears that the configuration lets him in still, by an id that was not typed."""
    assert run(["pairing", "revoke", "signal", named]) == 0
    assert allowed(folder) == []
    said = capsys.readouterr()
    assert "on account work" in said.out
    assert "the sender still gets in: the configuration lists him" in said.err


@pytest.mark.parametrize("named", [NUMBER, ACCOUNT])
def test_D1_D17_blocked_on_the_account_where_he_is_by_either_id(
    named: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A block on another account would silence nobody; it is taken back by either id, too."""
    assert run(["pairing", "block", "signal", named]) == 0
    assert allowed(folder) == []
    assert "on account work" in capsys.readouterr().out
    for other in (NUMBER, ACCOUNT):
        if other != named:
            assert run(["pairing", "unblock", "signal", other]) == 0
    assert json.loads((folder / "signal-work-senders.json").read_text())["blocked"] == {}


def test_D1_who_is_nowhere_is_blocked_on_the_default_account(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["pairing", "block", "signal", "+15550007777"]) == 0
    assert "on account" not in capsys.readouterr().out
    assert (folder / "signal-senders.json").exists()


def test_D1_who_is_on_two_accounts_is_blocked_where_it_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "signal-allowFrom.json").write_text(json.dumps({"version": 1, "allowFrom": [NUMBER]}))
    assert run(["pairing", "block", "signal", NUMBER]) == 2
    assert "name one with --account" in capsys.readouterr().err
    assert allowed(folder) == [NUMBER]
    assert run(["pairing", "block", "signal", NUMBER, "--account", "work"]) == 0
    assert allowed(folder) == []
