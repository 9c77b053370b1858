"""The gateway's log on standard error: lines for people, or one JSON object a line for programs.

Our own lines hold no secret (threats.md S7). What libraries say is only heard when something is wrong, and of a defect
programs learn its type and where it was raised, never its message, which may quote what somebody wrote.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final

QUIET: Final = ("httpx", "httpcore", "telegram", "aiohttp", "asyncio", "discord", "slack_sdk")
"""Libraries whose chatter is not the owner's business."""

REPEATING: Final = "aiohttp.websocket"
"""It warns of what strangers ask for, in their words."""

UNHEARD: Final = "push"
"""The name of threads in which libraries speak of what nobody is to read, whatever their loggers are called."""


class LogFormat(StrEnum):
    """How log lines are written."""

    HUMAN = "human"
    JSON = "json"


class JsonLines(logging.Formatter):
    """One object a line: ``ts``, ``level``, ``logger``, ``msg``, and ``error`` and ``at`` of a defect."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said |= {"error": record.exc_info[0].__name__, "at": _frames(record.exc_info[2])}
        return json.dumps(said)  # in ASCII: nothing in it moves a cursor


def log_to_stderr(*, verbose: bool, style: LogFormat = LogFormat.HUMAN) -> None:
    """Our own log lines on standard error; libraries only when something is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonLines()
        if style is LogFormat.JSON
        else logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    )
    handler.addFilter(lambda record: record.threadName != UNHEARD)
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(REPEATING).setLevel(logging.ERROR)


def _frames(trace: TracebackType | None) -> list[str]:
    """Where a defect went through, the place where it was raised last."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
