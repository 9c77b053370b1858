"""Facts, and what to do to a history to see whether that is found."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.gateway.past import Past
from clawdbot.history.log import Log, Size
from clawdbot.history.scribe import Scribe
from clawdbot.service import wall_clock

NOW = 1_795_367_603_000
TELEGRAM = ChannelAccount(Channel.TELEGRAM)


def fact(sender: str = "7", kind: Kind = Kind.APPROVED, *, at: int = NOW, by: str = "terminal", **more: object) -> Fact:
    """Something that happened to a sender on Telegram."""
    surface = more.pop("surface", Surface.TERMINAL)
    return Fact(at, kind, surface, Subject(Of.SENDER, SenderId(sender), TELEGRAM), by=by, **more)  # type: ignore[arg-type]


def log(state_dir: Path, *, segment: int = 1 << 20, segments: int = 16, now: int = NOW) -> Log:
    """The history of a directory, as small as wanted."""
    return Log(state_dir, now=lambda: now, size=Size(segment, segments))


@contextmanager
def kept(state_dir: Path) -> Iterator[dict[str, Any]]:
    """A history as a running gateway keeps it and hands it out: what :func:`tests.support.gateways.gateway` takes."""
    history = Log(state_dir, now=wall_clock)
    scribe = Scribe(history)
    try:
        yield {"record": scribe.record, "past": Past(history, scribe.wait_until_idle)}
    finally:
        scribe.close()


def lines(state_dir: Path) -> list[tuple[Path, list[bytes]]]:
    """Each segment's lines, in order."""
    paths = sorted((state_dir / "history").glob("*.jsonl"), key=lambda path: int(path.stem))
    return [(path, path.read_bytes().splitlines(keepends=True)) for path in paths]


def rehash(line: bytes, **other: object) -> bytes:
    """The line with something else in it, and a hash that fits: what a forger would write."""
    said = {**json.loads(line), **other}
    del said["hash"]
    body = json.dumps(said, separators=(",", ":")).encode()
    return body[:-1] + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'
