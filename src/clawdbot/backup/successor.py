"""What OpenClaw, the reference's successor, keeps of pairing, as files of the reference.

Its state is a SQLite database. It reads that alone: files of the reference that still lie beside it are what was never
moved in, and let nobody in there. So they let nobody in here (``docs/adr/0002-file-store.md#the-successors-database``).
"""

from collections.abc import Iterable
from typing import Final

from clawdbot.backup import successor_devices, successor_senders
from clawdbot.backup.snapshot import Files
from clawdbot.backup.source import Source
from clawdbot.backup.sqlite_source import Tables
from clawdbot.backup.successor_rows import Notes
from clawdbot.errors import StoreCorrupt
from clawdbot.store.disk import MAX_BYTES

FOLDER: Final = "state"
DATABASE: Final = "openclaw.sqlite"

SHAPES: Final = {**successor_senders.SHAPES, **successor_devices.SHAPES}
"""The tables that are read."""

_NEEDED: Final = frozenset(
    (successor_senders.ALLOWED, successor_senders.WAITING, successor_devices.PAIRED, successor_devices.PENDING)
)

STILL_USED: Final = "gateway/tls/"
"""The one folder of the reference that it goes on with."""

NOT_READ: Final = (
    "OpenClaw does not read it beside its database; to move it in, update OpenClaw and run: openclaw doctor --fix"
)
REST: Final = "what else is in there is OpenClaw's own"


def source(tables: Tables, beside: Files, strangers: Iterable[str]) -> Source:
    """What there is to take.

    Args:
        tables: of the database, those of :data:`SHAPES` that it has.
        beside: files of the reference's in the same directory.
        strangers: what else is there.

    Raises:
        StoreCorrupt: the tables are not those that we know, or there is far more in them than there could be.
    """
    _check(tables)
    notes = Notes()
    files = {**successor_senders.files(tables, notes), **successor_devices.files(tables, notes)}
    kept = {name: content for name, content in beside.items() if name.startswith(STILL_USED)}
    left_out = {name: NOT_READ for name in beside if name not in kept}
    for name, content in files.items():
        if len(content) > MAX_BYTES:
            raise StoreCorrupt(f"{name} would be larger than {MAX_BYTES} bytes", hint="nothing was taken")
    others = Source.of_directory({}, strangers).left_out
    return Source({**files, **kept}, {**others, FOLDER: REST, **left_out, **notes.left_out()})


def _check(tables: Tables) -> None:
    """See that every column is there that says who may what.

    The number of the schema does not decide: it changes with tables that are none of our business.
    """
    for name, shape in SHAPES.items():
        if name not in tables:
            missing = name if name in _NEEDED else ""
        else:
            missing = ", ".join(f"{name}.{column}" for column in sorted(shape.needed - tables[name].columns))
        if missing:
            raise StoreCorrupt(
                f"{FOLDER}/{DATABASE} is laid out in a way that is not known here: it has no {missing}",
                hint="update OpenClaw or clawdbot; nothing was taken",
            )
