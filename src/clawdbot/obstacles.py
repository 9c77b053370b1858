"""What the operating system refuses, and the way out of it: one answer, whichever file it is about."""

import errno
import os
import shlex
import stat
from pathlib import Path
from typing import Final

AS_OWNER: Final = "run clawdbot as the user who owns the state directory"

_BY_NUMBER: Final = {
    errno.ENOSPC: "make room on the disk; nothing was changed",
    errno.EDQUOT: "make room within the quota; nothing was changed",
    errno.EROFS: "the file system is read-only",
}


def way_out(error: OSError, path: Path) -> str:
    """What the owner types or does next; empty if nobody knows.

    Args:
        path: what it was about, a file or a folder; it need not be there.
    """
    if error.errno in (errno.EACCES, errno.EPERM):
        return way_in(path)
    return _BY_NUMBER.get(error.errno or 0, "")


def way_in(path: Path) -> str:
    """Whoever is kept out of what is his own gives himself his rights back; else it takes another user."""
    for each in (path, path.parent):
        try:
            found = each.lstat()
        except OSError:
            continue
        needed = stat.S_IRWXU if stat.S_ISDIR(found.st_mode) else stat.S_IRUSR | stat.S_IWUSR
        if found.st_uid == os.geteuid() and found.st_mode & needed != needed:
            return f"chmod u+rw{'x' if needed == stat.S_IRWXU else ''} {shlex.quote(str(each))}"
    return AS_OWNER
