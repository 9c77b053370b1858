"""A writer that is not ours but keeps the documented protocol of the reference's files.

It locks with ``FILE.lock`` directories (``mkdir``, stale after 30 s, ``rmdir``), pairing before allowFrom, and replaces
files by renaming. Run as ``python -m tests.support.store_foreign FOLDER FIRST LAST``, it appends the ids FIRST to LAST
to the allowlist, one by one, as many approvals would.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock(file: Path) -> Iterator[None]:
    directory = file.with_name(file.name + ".lock")
    while True:
        try:
            directory.mkdir()
            break
        except FileExistsError:
            try:
                stale = time.time() - directory.stat().st_mtime > 30
            except FileNotFoundError:
                continue
            if stale:
                directory.rmdir()
            time.sleep(0.003)
    mine = directory.stat()
    try:
        yield
    finally:
        now = directory.stat()
        assert (now.st_ino, now.st_mtime_ns) == (mine.st_ino, mine.st_mtime_ns), "compromised"
        directory.rmdir()


def approve(folder: Path, sender: str) -> None:
    pairing, allow_from = folder / "telegram-pairing.json", folder / "telegram-allowFrom.json"
    with lock(pairing), lock(allow_from):
        document = json.loads(allow_from.read_text())
        document["allowFrom"].append(sender)
        temporary = allow_from.with_name(f"{allow_from.name}.{uuid.uuid4()}.tmp")
        temporary.write_text(json.dumps(document, indent=2) + "\n")
        temporary.chmod(0o600)
        os.rename(temporary, allow_from)


if __name__ == "__main__":
    for number in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
        approve(Path(sys.argv[1]), str(number))
