import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawdbot.channels.telegram.offsets import Offsets
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import ChannelFailed

DEFAULT = ChannelAccount(Channel.TELEGRAM)
SERVER = "https://api.telegram.org"


def opened(state: Path, account: ChannelAccount = DEFAULT, bot_id: str = "1", api_base: str = SERVER) -> Offsets:
    offsets = Offsets(state, account, bot_id=bot_id, api_base=api_base)
    offsets.load()
    return offsets


def finish(offsets: Offsets, *update_ids: int) -> None:
    for update_id in update_ids:
        assert offsets.take(update_id)
        offsets.finish(update_id)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_holds_what_the_reference_writes_and_what_was_done_above(tmp_path: Path) -> None:
    offsets = opened(tmp_path)
    offsets.take(7)
    finish(offsets, 8, 9)

    assert offsets.path == tmp_path / "telegram" / "update-offset-default.json"
    text = offsets.path.read_text()
    assert json.loads(text) == {
        "version": 1,
        "lastUpdateId": 6,
        "processed": [8, 9],
        "botId": "1",
        "apiBase": SERVER,
    }
    assert text.startswith('{\n  "version": 1,\n  "lastUpdateId": 6,\n')
    assert text.endswith("}\n")


def test_a_new_numbering_far_below_is_followed(tmp_path: Path) -> None:
    finish(opened(tmp_path), 900_000_000)

    again = opened(tmp_path)

    assert not again.take(900_000_000 - 99)
    finish(again, 5_000)
    assert again.next == 5_001


def test_after_a_restart_only_what_was_not_done_with_is_news(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.take(7)
    finish(first, 8)

    second = opened(tmp_path)

    assert second.next == 7
    assert [second.take(each) for each in (7, 8, 9)] == [True, False, True]


def test_a_file_of_the_reference_is_read(tmp_path: Path) -> None:
    (tmp_path / "telegram").mkdir()
    (tmp_path / "telegram" / "update-offset-default.json").write_text('{\n  "version": 1,\n  "lastUpdateId": 41\n}\n')

    assert opened(tmp_path).next == 42


@pytest.mark.parametrize(("bot_id", "api_base"), [("2", SERVER), ("1", "http://localhost:8081")])
def test_the_numbering_of_another_bot_or_server_is_not_ours(tmp_path: Path, bot_id: str, api_base: str) -> None:
    finish(opened(tmp_path), 900_000_000)

    assert opened(tmp_path, bot_id=bot_id, api_base=api_base).next is None


def test_D1_each_account_has_a_file_of_its_own(tmp_path: Path) -> None:
    finish(opened(tmp_path), 7)

    assert opened(tmp_path, ChannelAccount(Channel.TELEGRAM, AccountId("work"))).next is None


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_S1_folder_and_file_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        offsets = opened(tmp_path)
        finish(offsets, 7, 8)
    finally:
        os.umask(old)

    assert mode(offsets.path) == 0o600
    assert mode(offsets.path.parent) == 0o700
    assert os.listdir(offsets.path.parent) == [offsets.path.name]


def test_S1_looser_modes_are_tightened(tmp_path: Path) -> None:
    offsets = opened(tmp_path)
    finish(offsets, 7)
    offsets.path.chmod(0o644)
    offsets.path.parent.chmod(0o755)

    opened(tmp_path)

    assert mode(offsets.path) == 0o600
    assert mode(offsets.path.parent) == 0o700


def _as_link(path: Path) -> None:
    (path.parent.parent / "elsewhere.json").write_text('{"version": 1, "lastUpdateId": 41}')
    path.symlink_to(path.parent.parent / "elsewhere.json")


def _as_fifo(path: Path) -> None:
    os.mkfifo(path)


def _as_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [_as_link, _as_fifo, _as_folder])
def test_S1_S4_what_is_no_regular_file_is_neither_followed_nor_taken_for_empty(tmp_path: Path, make: object) -> None:
    (tmp_path / "telegram").mkdir()
    assert callable(make)
    make(tmp_path / "telegram" / "update-offset-default.json")

    with pytest.raises(ChannelFailed, match=r"cannot read .*update-offset-default\.json"):
        opened(tmp_path)


def test_S1_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "telegram").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ChannelFailed):
        opened(tmp_path)


def _corrupt() -> Iterator[bytes]:
    yield b""
    yield b"{"
    yield b"null"
    yield b"[]"
    yield b"\xff\xfe"
    yield b'{"version": 2, "lastUpdateId": 1}'
    yield b'{"version": 1}'
    yield b'{"version": 1, "lastUpdateId": "1"}'
    yield b'{"version": 1, "lastUpdateId": true}'
    yield b'{"version": 1, "lastUpdateId": -1}'
    yield b'{"version": 1, "lastUpdateId": NaN}'
    yield b'{"version": 1, "lastUpdateId": 1e99}'
    yield b'{"version": 1, "lastUpdateId": 1' + b"0" * 5000 + b"}"
    yield b'{"version": 1, "lastUpdateId": 1, "processed": [null]}'
    yield b'{"version": 1, "lastUpdateId": 1, "x": ' + b"[" * 100_000


@pytest.mark.parametrize("content", [pytest.param(each, id=str(n)) for n, each in enumerate(_corrupt())])
def test_S4_S8_a_corrupt_file_is_kept_aside_and_everything_is_news(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "telegram" / "update-offset-default.json"
    path.parent.mkdir()
    (path.parent / f"{path.name}.corrupt-1").write_text("from an earlier time")
    path.write_bytes(content)

    offsets = opened(tmp_path)
    finish(offsets, 7)

    assert (path.parent / f"{path.name}.corrupt-1").read_text() == "from an earlier time"
    assert (path.parent / f"{path.name}.corrupt-2").read_bytes() == content
    assert "corrupt-2" in caplog.text
    assert json.loads(path.read_text())["lastUpdateId"] == 7


def test_a_folder_that_vanishes_comes_back(tmp_path: Path) -> None:
    offsets = opened(tmp_path)
    finish(offsets, 7)
    offsets.path.unlink()
    offsets.path.parent.rmdir()

    finish(offsets, 8)

    assert opened(tmp_path).next == 9


def test_S2_a_failure_to_save_is_logged_and_leaves_the_old_file_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    offsets = opened(tmp_path)
    finish(offsets, 7)
    (tmp_path / "telegram" / "update-offset-default.json.tmp").mkdir()

    finish(offsets, 8)

    assert offsets.next == 9
    assert json.loads(offsets.path.read_text())["lastUpdateId"] == 7
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
