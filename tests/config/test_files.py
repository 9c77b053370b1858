"""Reading small files, and writing the configuration whole and for its owner alone."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.config.files import locked, read, save
from clawdbot.errors import ConfigError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2048)
    assert read(path, 2048) == b"x" * 2048
    with pytest.raises(ValueError, match="is larger than 1 KiB"):
        read(path, 2047)


def test_only_regular_files_are_read_and_nothing_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        before = os.listdir("/proc/self/fd")
        with pytest.raises(ValueError, match="is not a regular file"):
            read(path, 10)
        assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_S1_directories_and_files_are_for_their_owner_alone(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "state" / "clawdbot.json"
    before = os.umask(umask)
    try:
        save(path, "{}")
        save(path, "{ }")
    finally:
        os.umask(before)
    assert (mode(path), mode(path.with_name("clawdbot.json.bak"))) == (0o600, 0o600)
    assert mode(path.parent) & 0o077 == 0


def test_S1_a_looser_file_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    path.write_text("{}")
    path.chmod(0o666)
    save(path, '{"a": 1}')
    assert (mode(path), mode(path.with_name("clawdbot.json.bak"))) == (0o600, 0o600)


def test_what_was_there_is_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    backup = tmp_path / "clawdbot.json.bak"
    save(path, "1")
    assert not backup.exists()
    for text, kept in (("2", "1"), ("2", "1"), ("3", "2")):
        save(path, text)
        assert (path.read_text(), backup.read_text()) == (text, kept)
    assert sorted(os.listdir(tmp_path)) == ["clawdbot.json", "clawdbot.json.bak"]


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    """As where the configuration is kept among other dotfiles."""
    target = tmp_path / "dotfiles" / "bot.json"
    target.parent.mkdir()
    target.write_text("{}")
    link = tmp_path / "clawdbot.json"
    link.symlink_to("dotfiles/bot.json")
    save(link, '{"a": 1}')
    assert link.is_symlink()
    assert target.read_text() == '{"a": 1}'
    assert sorted(os.listdir(target.parent)) == ["bot.json", "bot.json.bak"]


def test_S1_a_planted_backup_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "clawdbot.json"
    path.write_text("1")
    (tmp_path / "clawdbot.json.bak").symlink_to(victim)
    save(path, "2")
    assert victim.read_text() == "precious"
    assert (tmp_path / "clawdbot.json.bak").read_text() == "1"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_stays_its_owner_s_when_root_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    path.write_text("1")
    os.chown(path, 12345, 23456)
    save(path, "2")
    for written in (path, path.with_name("clawdbot.json.bak")):
        assert (written.stat().st_uid, written.stat().st_gid) == (12345, 23456)


def test_S2_what_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "clawdbot.json"
    path.mkdir()
    with pytest.raises(ConfigError, match=r"^clawdbot.json: cannot be written: Is a directory$"):
        save(path, "{}")
    with pytest.raises(ConfigError, match=r"^clawdbot.json: cannot be written: "):
        save(Path("/dev/null/clawdbot.json"), "{}")
    assert os.listdir(tmp_path) == ["clawdbot.json"]


def test_S2_on_a_full_disk_the_file_is_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the write ends half way."""
    path = tmp_path / "clawdbot.json"
    path.write_text('{"a": 1}')
    code = """
import resource, signal, sys
from pathlib import Path
from clawdbot.config.files import save
from clawdbot.errors import ConfigError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save(Path(sys.argv[1]), "x" * 2000)
except ConfigError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == "clawdbot.json: cannot be written: File too large\n"
    assert path.read_text() == '{"a": 1}'
    assert sorted(os.listdir(tmp_path)) == ["clawdbot.json", "clawdbot.json.bak"]


def test_S2_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """Another process reads all the while; each time it finds one of the whole texts."""
    path = tmp_path / "clawdbot.json"
    save(path, json.dumps(["0"] * 1000))
    code = """
import json, sys
seen = set()
while "end" not in seen:
    seen.add(json.load(open(sys.argv[1]))[-1])
"""
    with subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, str(path)]) as reader:
        for number in range(50):
            save(path, json.dumps([str(number)] * 1000))
        save(path, '["end"]')
        assert reader.wait() == 0


def test_S3_changes_wait_for_each_other(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from clawdbot.config.files import locked
counter = Path(sys.argv[1])
for _ in range(20):
    with locked(counter):
        counter.write_text(str(int(counter.read_text()) + 1))
"""
    counter = tmp_path / "counter"
    counter.write_text("0")
    children = [subprocess.Popen([sys.executable, "-c", code, str(counter)]) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    assert counter.read_text() == "80"
    with pytest.raises(ConfigError, match="cannot be written"), locked(Path("/dev/null/clawdbot.json")):
        pass
