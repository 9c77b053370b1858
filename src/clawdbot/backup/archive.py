"""The archive: ``tar.gz`` with a manifest that names every file and its hash, private, and read with suspicion.

Whoever can write an archive decides who is in after it is brought back. So nothing is taken from one but regular files
of names that are ours, as its manifest lists them, within bounds; and it is read whole before anything is changed.
"""

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from clawdbot.backup.inventory import part
from clawdbot.backup.snapshot import Files, digest
from clawdbot.domain.instants import iso, parse_iso
from clawdbot.domain.names import Instant
from clawdbot.errors import Refused
from clawdbot.store.disk import PRIVATE_FILE, guarded

FORMAT: Final = "clawdbot-backup"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"

MOST_FILES: Final = 4096
MOST_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Backup:
    """What an archive holds."""

    made_at: Instant
    files: Files


def pack(files: Files, *, made_at: Instant) -> bytes:
    """Make an archive. The same files at the same time are the same bytes."""
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "createdAt": iso(made_at),
        "files": [
            {"name": name, "size": len(content), "sha256": digest(content)} for name, content in sorted(files.items())
        ],
    }
    text = json.dumps(manifest, indent=2).encode() + b"\n"
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=made_at // 1000) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, content in [(MANIFEST, text), *sorted(files.items())]:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), PRIVATE_FILE, made_at // 1000
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def save(path: Path, content: bytes) -> None:
    """Write an archive, whole and private or not at all (threats.md S1, S2).

    Raises:
        Refused: there is something of that name.
        StoreUnavailable: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    with guarded("write", path):
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            with os.fdopen(fd, "wb") as file:
                os.fchmod(fd, PRIVATE_FILE)
                file.write(content)
                file.flush()
                os.fsync(fd)
            os.link(temporary, path)
        except FileExistsError:
            raise Refused(f"{path} is there already", hint="choose another name with --output") from None
        finally:
            with suppress(OSError):
                temporary.unlink()
        _sync(path.parent)


def load(path: Path) -> Backup:
    """Read an archive, whole.

    Raises:
        Refused: it is none, or holds what no archive of ours does, or what its manifest does not say.
        StoreUnavailable: it cannot be read.
    """
    with guarded("read", path), path.open("rb") as file:
        try:
            return _checked(_members(file))
        except _DAMAGED as error:
            said = str(error) if isinstance(error, _Odd) else "it is damaged, or something else"
            hint = 'name a file that "clawdbot backup" wrote; another directory\'s state: "clawdbot import"'
            raise Refused(f"{path} is no backup of ours: {said}", hint=hint) from None


class _Odd(ValueError):
    """Something that no archive of ours holds, in words for the owner."""


_DAMAGED = (
    *(tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError),
    *(ValueError, KeyError, TypeError, AttributeError, RecursionError),
)
"""What reading something else than an archive of ours raises."""


def _members(file: BinaryIO) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    stream = _Bounded(gzip.GzipFile(fileobj=file))
    with tarfile.open(fileobj=stream, mode="r|") as tar:  # type: ignore[call-overload]
        for member in tar:
            if not member.isreg() or member.name in found or len(found) > MOST_FILES:
                raise _Odd("it holds something else than files, or one twice")
            content = tar.extractfile(member)
            found[member.name] = content.read() if content else b""
    while stream.read(io.DEFAULT_BUFFER_SIZE):  # to the checksum at its end
        pass
    return found


def _checked(found: Mapping[str, bytes]) -> Backup:
    manifest = json.loads(found[MANIFEST])
    if manifest["format"] != FORMAT or manifest["version"] != VERSION:
        raise _Odd(f"its manifest is not one of {FORMAT} {VERSION}")
    made_at = parse_iso(manifest["createdAt"])
    listed: dict[str, Any] = {entry["name"]: entry for entry in manifest["files"]}
    files = {name: content for name, content in found.items() if name != MANIFEST}
    if made_at is None or listed.keys() != files.keys():
        raise _Odd("its manifest lists other files than it holds")
    for name, content in files.items():
        if part(name) is None:
            raise _Odd("a file in it has a name that is none of ours")
        if listed[name]["size"] != len(content) or listed[name]["sha256"] != digest(content):
            raise _Odd(f"{name} is not what its manifest says")
    return Backup(made_at, files)


class _Bounded:
    """A stream that ends with an error where no archive of ours is as long: a bomb is not unpacked to the end."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._left = MOST_BYTES

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise _Odd(f"it is larger than {MOST_BYTES // 1024 // 1024} MiB")
        return content


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
