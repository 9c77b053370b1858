"""Being somebody without root's rights, so that modes count."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def unprivileged(*own: Path) -> Iterator[None]:
    """As root: be nobody for a while, who owns these paths. As anybody else: be oneself.

    What is imported in there may not be readable to nobody; have it imported before.
    """
    if os.geteuid() != 0:
        yield
        return
    for path in own:
        os.chown(path, NOBODY, NOBODY)
        for parent in path.parents[:3]:
            parent.chmod(parent.stat().st_mode | 0o11)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
