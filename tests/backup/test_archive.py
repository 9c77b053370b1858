"""The archive: private, whole, the same every time; and read with suspicion."""

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clawdbot.backup import archive
from clawdbot.backup.archive import MANIFEST, load, pack, save
from clawdbot.backup.snapshot import digest
from clawdbot.errors import Refused, StoreUnavailable

NOW = 1_700_000_000_123
FILES = {"clawdbot.json": b"{}", "devices/paired.json": b"{}\n", "node.json": b""}


def test_what_is_packed_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    save(path, pack(FILES, made_at=NOW))
    found = load(path)
    assert (found.made_at, dict(found.files)) == (NOW, FILES)
    assert pack(FILES, made_at=NOW) == path.read_bytes()


def test_S1_it_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """And nothing half-written is left beside it."""
    before = os.umask(0)
    try:
        save(tmp_path / "b", b"x")
    finally:
        os.umask(before)
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("b", 0o600)]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_bytes(b"old")
    with pytest.raises(Refused, match="there already"):
        save(path, b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
    with pytest.raises(StoreUnavailable):
        save(tmp_path / "missing" / "b", b"x")


def tar(
    change: Callable[[tarfile.TarInfo], None] = lambda _: None, *, name: str = "node.json", says: str = ""
) -> bytes:
    """An archive with one file, after a change to its entry; ``says`` is another name in the manifest."""
    text = b"hello"
    entry = {"name": says or name, "size": len(text), "sha256": digest(text)}
    manifest = {"format": "clawdbot-backup", "version": 1, "createdAt": "2026-01-01T00:00:00.000Z", "files": [entry]}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for member, content in [(MANIFEST, json.dumps(manifest).encode()), (name, text)]:
            info = tarfile.TarInfo(member)
            info.size = len(content)
            if member != MANIFEST:
                change(info)
            made.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def link(info: tarfile.TarInfo) -> None:
    info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0


def hard_link(info: tarfile.TarInfo) -> None:
    info.type, info.linkname, info.size = tarfile.LNKTYPE, MANIFEST, 0


def device(info: tarfile.TarInfo) -> None:
    info.type, info.size = tarfile.CHRTYPE, 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "damaged"),
        (b"no archive", "damaged"),
        (gzip.compress(b"no tar"), "damaged"),
        (pack(FILES, made_at=NOW)[:200], "damaged"),
        (pack(FILES, made_at=NOW)[:-9] + b"\0" * 9, "damaged"),
        (tar(link), "something else than files"),
        (tar(hard_link), "something else than files"),
        (tar(device), "something else than files"),
        (tar(name="../node.json"), "a name that is none of ours"),
        (tar(name="/tmp/node.json"), "a name that is none of ours"),
        (tar(name="credentials/../../x"), "a name that is none of ours"),
        (tar(name="authorized_keys"), "a name that is none of ours"),
        (tar(says="exec-policy.json"), "lists other files"),
        (gzip.compress(gzip.decompress(tar()).replace(b"hello", b"hullo")), "not what its manifest says"),
        (gzip.compress(gzip.decompress(tar()).replace(b'"version": 1', b'"version": 2')), "its manifest is not one"),
    ],
    ids=range(15),
)
def test_S5_S8_anything_else_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    """Damaged, links, devices, foreign names, another content than the manifest's."""
    path = tmp_path / "b"
    path.write_bytes(content)
    with pytest.raises(Refused, match=said):
        load(path)


def test_a_bomb_is_not_unpacked_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1024 * 1024)
    (tmp_path / "b").write_bytes(pack({"node.json": bytes(2 * 1024 * 1024)}, made_at=NOW))
    with pytest.raises(Refused, match="larger than 1 MiB"):
        load(tmp_path / "b")
