import json
from pathlib import Path

import pytest

from clawdbot.channels.discord.checkpoints import Checkpoints
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import ChannelFailed
from tests.channels.discord.conftest import ACCOUNT


def opened(folder: Path, *, bot_id: str = "5", most: int = 1000) -> Checkpoints:
    checkpoints = Checkpoints(folder, ACCOUNT, bot_id=bot_id, most=most)
    checkpoints.load()
    return checkpoints


def test_what_is_received_is_remembered_before_it_is_done_with(tmp_path: Path) -> None:
    opened(tmp_path).begin("7", 100)

    assert opened(tmp_path).last("7") == 99


def test_what_is_done_with_is_remembered_with_gaps(tmp_path: Path) -> None:
    checkpoints = opened(tmp_path)
    for message in (100, 101, 102):
        assert checkpoints.begin("7", message)
    checkpoints.finish("7", 102)
    again = opened(tmp_path)

    assert again.last("7") == 99
    assert [again.begin("7", message) for message in (100, 101, 102)] == [True, True, False]
    again.finish("7", 100)
    again.finish("7", 101)
    assert opened(tmp_path).last("7") == 102


def test_a_message_that_comes_after_a_later_one_is_received(tmp_path: Path) -> None:
    checkpoints = opened(tmp_path)
    checkpoints.begin("7", 101)
    checkpoints.finish("7", 101)

    assert checkpoints.begin("7", 100)
    checkpoints.finish("7", 100)
    assert checkpoints.last("7") == 101


def test_the_liveliest_conversations_come_first_and_the_quietest_are_forgotten(tmp_path: Path) -> None:
    checkpoints = opened(tmp_path, most=3)
    for name in ("1", "2", "3"):
        checkpoints.begin(name, 100)
    for name in ("2", "3", "1"):
        checkpoints.finish(name, 100)
    assert checkpoints.conversations == ["1", "3", "2"]
    checkpoints.begin("4", 100)

    assert set(opened(tmp_path).conversations) == {"1", "3", "4"}
    assert checkpoints.last("2") is None
    checkpoints.finish("2", 100)


def test_what_is_under_way_is_not_forgotten_for_strangers(tmp_path: Path) -> None:
    checkpoints = opened(tmp_path, most=1)
    checkpoints.begin("1", 100)
    checkpoints.begin("2", 100)

    assert checkpoints.last("1") == 99


def test_a_conversation_that_is_no_more_is_dropped(tmp_path: Path) -> None:
    checkpoints = opened(tmp_path)
    checkpoints.begin("1", 100)
    checkpoints.drop("1")
    checkpoints.drop("2")

    assert opened(tmp_path).conversations == []


def test_D1_each_account_has_its_own_file(tmp_path: Path) -> None:
    other = Checkpoints(tmp_path, ChannelAccount(Channel.DISCORD, AccountId("work")), bot_id="5")

    assert other.path != opened(tmp_path).path
    assert other.path.name == "checkpoints-work.json"


def test_another_bots_conversations_are_not_ours(tmp_path: Path) -> None:
    opened(tmp_path).begin("7", 100)

    assert opened(tmp_path, bot_id="6").conversations == []


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "[" * 100_000, '{"version": 2, "botId": "5", "conversations": {}}'),
        '{"version": 1, "botId": "5", "conversations": {"7": {"last": 100}}}',
        '{"version": 1, "botId": "5", "conversations": {"seven": {"last": "100"}}}',
        '{"version": 1, "botId": "5", "conversations": {"7": {"last": "1e3"}}}',
    ],
)
def test_S4_what_is_no_such_file_is_kept_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "discord" / "checkpoints-default.json"
    path.parent.mkdir()
    path.write_text(content)

    checkpoints = opened(tmp_path)
    checkpoints.begin("7", 100)

    assert checkpoints.last("7") == 99
    assert (path.parent / f"{path.name}.corrupt-1").read_text() == content
    assert json.loads(path.read_text())["version"] == 1


def test_S4_an_unreadable_file_is_a_failure_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "discord" / "checkpoints-default.json").mkdir(parents=True)

    with pytest.raises(ChannelFailed, match=r"checkpoints-default\.json") as caught:
        opened(tmp_path)
    assert caught.value.hint


def test_a_file_that_cannot_be_saved_is_told_of_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = opened(tmp_path)
    checkpoints.path.mkdir()
    checkpoints.begin("7", 100)

    assert checkpoints.last("7") == 99
    assert "cannot save" in caplog.text
