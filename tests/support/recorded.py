"""Scenes recorded from the reference (clawdbot 2026.1.24-3).

``tests/vectors/transcripts`` holds whole dialogues, ``tests/vectors/wire-refusals.json`` single requests of the wrong
shape with their answers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors"
TRANSCRIPTS = sorted((VECTORS / "transcripts").glob("*.json"))


@dataclass(frozen=True)
class Sent:
    """A client's message in a scene, and what came of it.

    Attributes:
        first: nothing was sent on this connection before.
        answers: every response on this connection after it, in order.
        close: code and reason with which the gateway closed the connection, if it did.
    """

    data: str | bytes
    first: bool
    answers: list[dict[str, Any]]
    close: tuple[int, str] | None


def scene(path: Path) -> list[dict[str, Any]]:
    """The recorded events of a scene."""
    events: list[dict[str, Any]] = json.loads(path.read_text())["transcript"]
    return events


def sent(path: Path) -> Iterator[Sent]:
    """What clients sent in a scene; messages that were recorded only by their beginning are left out."""
    spoken: set[str] = set()
    events = scene(path)
    for index, event in enumerate(events):
        if event["dir"] != "c2s":
            continue
        later = [after for after in events[index:] if after.get("conn") == event["conn"]]
        first = event["conn"] not in spoken
        spoken.add(event["conn"])
        if "rawLength" in event:
            continue
        text = event["raw"] if "raw" in event else json.dumps(event["frame"], separators=(",", ":"))
        yield Sent(
            data=text.encode() if event.get("binary") else text,
            first=first,
            answers=[after["frame"] for after in later if _is_response(after)],
            close=next(((e["code"], e["reason"]) for e in later if e["dir"] == "close" and "by" not in e), None),
        )


def frames_from_gateway() -> Iterator[dict[str, Any]]:
    """Every frame that the gateway sent, in all scenes."""
    for path in TRANSCRIPTS:
        for event in scene(path):
            if event["dir"] == "s2c" and "frame" in event:
                yield event["frame"]


def texts_from_clients() -> Iterator[str]:
    """Every short text that clients sent, in all scenes, each once."""
    found = {one.data for path in TRANSCRIPTS for one in sent(path) if isinstance(one.data, str)}
    yield from sorted(text for text in found if len(text) < 4096)


def refusals() -> list[dict[str, Any]]:
    """Requests that the reference refused for their shape: ``when``, ``sent``, ``answer``, ``close``."""
    found: list[dict[str, Any]] = json.loads((VECTORS / "wire-refusals.json").read_text())
    return found


def _is_response(event: dict[str, Any]) -> bool:
    return event["dir"] == "s2c" and "frame" in event and event["frame"]["type"] == "res"
