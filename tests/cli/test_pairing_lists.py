"""What ``pairing list`` shows beside who waits."""

import json
from pathlib import Path

import pytest

from clawdbot.cli.app import run
from clawdbot.domain.held import FOLDER, Slip
from clawdbot.domain.instants import iso
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.service import wall_clock

WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two wait on an account, and the message of one is held."""
    now = wall_clock()
    asked = {"createdAt": iso(now), "lastSeenAt": iso(now)}
    requests = [{"id": "7", "code": "ABCDEFGH", **asked}, {"id": "8", "code": "HGFEDCBA", **asked}]
    (tmp_path / "credentials").mkdir(mode=0o700)
    (tmp_path / "credentials" / "telegram-work-pairing.json").write_text(
        json.dumps({"version": 1, "requests": requests})
    )
    held = tmp_path / FOLDER
    held.mkdir(mode=0o700)
    (held / Slip(WORK, SenderId("7"), now).file_name).write_text("nothing that a list would open")
    (held / Slip(WORK, SenderId("8"), now - 1).file_name).write_text("of another request of his")
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(tmp_path))
    return tmp_path


def test_S7_that_a_first_message_is_held_is_shown_and_nothing_of_what_it_says(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["pairing", "list", "telegram"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("First message")
    assert [line.endswith("held") for line in lines[2:4]] == [True, False]
    assert run(["pairing", "list", "--json"]) == 0
    (channel,) = json.loads(capsys.readouterr().out)["channels"]
    assert [one.get("held") for one in channel["requests"]] == [True, None]


def test_where_none_is_held_the_list_is_as_ever(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (state / FOLDER).iterdir():
        file.unlink()
    (state / FOLDER).rmdir()
    assert run(["pairing", "list"]) == 0
    assert "First message" not in capsys.readouterr().out


def test_S4_a_folder_that_cannot_be_read_hides_nobody_who_waits(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (state / FOLDER).rename(state / "aside")
    (state / FOLDER).symlink_to(state / "aside")
    assert run(["pairing", "list"]) == 0
    said = capsys.readouterr()
    assert "HGFEDCBA" in said.out
    assert "whether first messages are held is not shown" in said.err


def test_an_account_that_is_not_there_is_refused_with_those_that_are(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is to be done there; no file of it is made."""
    (state / "clawdbot.json").write_text('{"channels": {"telegram": {"accounts": {"bar": {"botToken": "1:a"}}}}}')
    for words in (["list", "telegram"], ["approve", "telegram", "ABCDEFGH"], ["block", "telegram", "7"]):
        assert run(["pairing", *words, "--account", "x"]) == 1
        assert "accounts of telegram: bar, work" in capsys.readouterr().err
    assert sorted(file.name for file in (state / "credentials").glob("*.json")) == ["telegram-work-pairing.json"]
