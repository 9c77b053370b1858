"""Hot reload, with real files: what is written holds with the next look, and what is broken lets nobody in."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clawdbot.config import ConfigFile, load
from clawdbot.config.edit import update
from clawdbot.domain.gate import DmPolicy
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.errors import ConfigError
from tests.support.configs import Desk

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


def text(policy: str) -> str:
    return f"{{channels: {{telegram: {{botToken: '1:x', dmPolicy: '{policy}'}}}}}}"


def policy(file: ConfigFile) -> DmPolicy:
    return file.current().accounts[TELEGRAM].rules.policy


def settle(path: Path) -> None:
    """Wait until a file is old enough to be trusted by its time stamps."""
    while time.time_ns() - path.stat().st_ctime_ns < 200_000_000:
        time.sleep(0.05)


def test_what_is_written_holds_with_the_next_look(desk: Desk) -> None:
    file = ConfigFile(desk.write(text("open")), {})
    assert policy(file) is DmPolicy.OPEN
    desk.write(text("disabled"))
    assert policy(file) is DmPolicy.DISABLED
    update(desk.path, {("channels", "telegram", "dmPolicy"): "pairing"})
    assert policy(file) is DmPolicy.PAIRING


def test_a_change_of_the_same_size_within_one_tick_of_the_clock_is_seen(desk: Desk) -> None:
    file = ConfigFile(desk.write(text("pairing")), {})
    before = desk.path.stat()
    for number in range(300):
        expected = DmPolicy.PAIRING if number % 2 else DmPolicy.OPEN
        with desk.path.open("r+b") as same:
            same.write(text(expected).ljust(len(text("pairing"))).encode())
        os.utime(desk.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert policy(file) is expected


@pytest.mark.parametrize("age", [0.2, 0.9, 1.9])
def test_D17_a_change_within_one_tick_of_a_coarse_clock_is_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, age: float
) -> None:
    """On a file system that keeps whole seconds, or every other one: the file looks as before, and is read."""
    noon = 1_795_000_000_000_000_000
    monkeypatch.setattr(ConfigFile, "_look", lambda _: (1, 2, 3, noon, noon))
    file = ConfigFile(desk.write(text("open")), {}, clock_ns=lambda: noon + int(age * 1_000_000_000))
    assert policy(file) is DmPolicy.OPEN
    desk.write(text("disabled"))
    assert policy(file) is DmPolicy.DISABLED


COUNT_READS = """
import sys
from pathlib import Path
from clawdbot.config import ConfigFile

path, reads = Path(sys.argv[1]), []
file = ConfigFile(path, {})
file.current()
sys.addaudithook(lambda event, args: reads.append(args) if event == "open" and str(args[0]) == sys.argv[1] else None)
for _ in range(1000):
    file.current()
unchanged = len(reads)
path.write_text("{}")
reads.clear()
file.current()
print(unchanged, len(reads))
"""


def test_an_unchanged_file_is_not_read_again(desk: Desk) -> None:
    settle(desk.write(text("open")))
    done = subprocess.run(
        [sys.executable, "-c", COUNT_READS, str(desk.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "0 1\n"


def test_an_unchanged_file_is_not_taken_apart_again(desk: Desk) -> None:
    file = ConfigFile(desk.write(text("open")), {})
    first = file.current()
    assert file.current() is first, "read again, as it is so new, but it says the same"
    desk.path.touch()
    assert file.current() is first


@pytest.mark.parametrize("now", [0, 2**62])
def test_S6_a_wrong_clock_costs_reads_and_nothing_else(desk: Desk, now: int) -> None:
    file = ConfigFile(desk.write(text("open")), {}, clock_ns=lambda: now)
    assert policy(file) is DmPolicy.OPEN
    desk.write(text("pairing"))
    assert policy(file) is DmPolicy.PAIRING


def test_S4_a_broken_file_lets_nobody_in_until_it_is_mended(desk: Desk) -> None:
    file = ConfigFile(desk.write(text("open")), {})
    file.current()
    desk.write(text("opne"))
    for _ in range(2):
        with pytest.raises(ConfigError, match='"opne" is not one of'):
            file.current()
    desk.write("{")
    with pytest.raises(ConfigError, match="expected a key"):
        file.current()
    desk.write(text("open"))
    assert policy(file) is DmPolicy.OPEN


def test_no_file_means_all_defaults_until_there_is_one(desk: Desk) -> None:
    file = ConfigFile(desk.path, {"TELEGRAM_BOT_TOKEN": "1:x"})
    assert policy(file) is DmPolicy.PAIRING
    assert file.current() is file.current()
    desk.write(text("disabled"))
    assert policy(file) is DmPolicy.DISABLED


def test_D3_a_file_that_is_gone_does_not_open_the_door_to_codes(desk: Desk) -> None:
    """While an editor replaces the file, or after its loss, the defaults of no file do not hold."""
    file = ConfigFile(desk.write(text("allowlist")), {"TELEGRAM_BOT_TOKEN": "1:x"})
    file.current()
    desk.path.unlink()
    for _ in range(2):
        with pytest.raises(ConfigError, match="was there and is gone"):
            file.current()
    desk.write(text("allowlist"))
    assert policy(file) is DmPolicy.ALLOWLIST


def test_what_comes_in_the_place_of_the_file_is_seen(desk: Desk, tmp_path: Path) -> None:
    file = ConfigFile(desk.write(text("open")), {})
    file.current()
    desk.path.unlink()
    desk.path.mkdir()
    with pytest.raises(ConfigError, match="is not a regular file"):
        file.current()
    desk.path.rmdir()
    (tmp_path / "dotfiles.json").write_text(text("disabled"))
    desk.path.symlink_to("dotfiles.json")
    assert policy(file) is DmPolicy.DISABLED
    (tmp_path / "dotfiles.json").write_text(text("pairing"))
    assert policy(file) is DmPolicy.PAIRING


def test_it_says_what_load_says(desk: Desk) -> None:
    desk.write("{channels: {telegram: {dmPolicy: 1}}, assistant: {}}")
    with pytest.raises(ConfigError) as loading:
        load(desk.path, {})
    with pytest.raises(ConfigError) as watching:
        ConfigFile(desk.path, {}).current()
    assert (loading.value.message, loading.value.hint) == (watching.value.message, watching.value.hint)
