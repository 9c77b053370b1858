"""A notation for what is said on one connection, and what the connection makes of it::

    == a wrong token                     a dialogue, and what it shows
    << event connect.challenge           what comes out: a frame, or something to do
    >> connect token=wrong               what goes in: a frame …
    << admit
    >> (refused unauthorized)            … or something that happens
    << res c1 INVALID_REQUEST unauthorized
    << close 1008 unauthorized

In: ``connect`` with words of :func:`said`; ``(admitted)``, ``(refused …)``, ``(store failed)``, ``(answered ID)``,
``(failed ID …)``, ``(timed out)``, ``(lost)``, ``(must close CODE REASON)``, ``(locked out MS)`` before a frame;
``TEXT × N`` is TEXT so many times; anything else is the text of a message as it is.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, assert_never

from msgspec import UNSET

from clawdbot.domain.connect import Challenge, Peer
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.secret import Secret
from clawdbot.errors import CredentialsWrong, DoorError, PairingRequired, StoreCorrupt
from clawdbot.gateway.connection import Connection
from clawdbot.gateway.dialogue import (
    Admit,
    Admitted,
    Answered,
    Close,
    Failed,
    Happening,
    Invoke,
    Lost,
    MustClose,
    Output,
    Received,
    Refused,
    Send,
    TimedOut,
)
from clawdbot.wire.frames import Answer, Error, ErrorCode, Event, Refusal
from tests.support.gateways import CLI, SHARED, connect_params, identity

NOW = 1_795_367_603_000
NONCE = "38256966-55ee-42e7-93a1-15e09c2fc443"
AUTH = GatewayAuth(AuthMode.TOKEN, Secret(SHARED))


@dataclass(frozen=True)
class Line:
    """One line: its direction and the rest."""

    number: int
    goes_in: bool
    text: str


@dataclass(frozen=True)
class Dialogue:
    """What was written down under one heading."""

    name: str
    lines: tuple[Line, ...]


def read(path: Path) -> Iterator[Dialogue]:
    """The dialogues of a file."""
    name, lines = "", list[Line]()
    for number, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
        mark, _, rest = text.partition(" ")
        if mark == "==":
            if name:
                yield Dialogue(name, tuple(lines))
            name, lines = rest.strip(), []
        elif mark in (">>", "<<"):
            lines.append(Line(number, mark == ">>", rest))
        elif text.strip() and not text.startswith("#"):
            raise ValueError(f"{path.name}:{number}: neither in nor out: {text}")
    yield Dialogue(name, tuple(lines))


def connection() -> Connection:
    return Connection(Challenge(NONCE, NOW), peer=Peer("127.0.0.1", local=True), auth=AUTH)


def play(dialogue: Dialogue) -> Iterator[tuple[list[str], list[str]]]:
    """Play a dialogue; yields what should have come out and what came out, after each thing that went in."""
    speaker = connection()
    said = [shown(Send(speaker.open()))]
    expected: list[str] = []
    locked_for = 0
    for line in dialogue.lines:
        if not line.goes_in:
            expected.append(line.text)
            continue
        if match := re.fullmatch(r"\(locked out (\d+)\)", line.text):
            locked_for = int(match[1])
            continue
        yield expected, said
        said = [shown(output) for output in speaker.take(happening(line.text, locked_for), NOW)]
        expected, locked_for = [], 0
    yield expected, said


def happening(text: str, locked_for: int = 0) -> Happening:
    """What goes in."""
    if not (text.startswith("(") and text.endswith(")")):
        return Received(message(text), locked_for)
    what, _, rest = text[1:-1].partition(" ")
    match what:
        case "admitted":
            return Admitted({"type": "hello-ok"})
        case "refused":
            known = {"pairing": PairingRequired("r1"), "unauthorized": CredentialsWrong("unauthorized")}
            return Refused(known.get(rest) or ZeroDivisionError("division by sekrit"))
        case "store":
            return Refused(StoreCorrupt("/home/owner/.clawdbot/devices/paired.json is not JSON"))
        case "answered":
            return Answered(rest, {"done": True})
        case "failed":
            id, _, why = rest.partition(" ")
            return Failed(id, failure(why))
        case "timed":
            return TimedOut()
        case "lost":
            return Lost()
        case "must":
            _, code, reason = rest.split(" ", 2)
            return MustClose(int(code), reason)
        case _:
            raise ValueError(text)


def failure(why: str) -> Error | Exception:
    match why:
        case "store":
            return StoreCorrupt("/home/owner/.clawdbot/devices/paired.json is not JSON")
        case "defect":
            return ZeroDivisionError("division by sekrit")
        case "door":
            return DoorError("at the door", details={"hint": "knock"})
        case _:
            return Error(ErrorCode.INVALID_REQUEST, why)


def message(text: str) -> str:
    """The text of a message."""
    if match := re.fullmatch(r"(.*) × (\d+)", text):
        return match[1] * int(match[2])
    what, *words = text.split(" ")
    if what != "connect":
        return text
    return json.dumps({"type": "req", "id": "c1", "method": "connect", "params": said(*words)})


def said(*words: str) -> dict[str, Any]:
    """An honest ``connect``, but for the words: ``token=wrong``, ``role=node``, ``-device``, ``+bogus``."""
    given: dict[str, Any] = dict(word.split("=", 1) for word in words if word[0] not in "+-")
    nonce = given.pop("nonce", NONCE)
    protocol = int(given.pop("protocol", "3"))
    options: dict[str, Any] = {
        "signed_at": NOW + int(given.pop("skew", "0")),
        "scopes": [scope for scope in given.pop("scopes", "operator.admin").split(",") if scope],
        "token": given.pop("token", SHARED) or None,
    }
    params = connect_params(identity(1), nonce, client=CLI, **options, **given)
    params |= {"minProtocol": protocol, "maxProtocol": protocol} | {word[1:]: 1 for word in words if word[0] == "+"}
    for name in (word[1:] for word in words if word[0] == "-"):
        *path, last = name.split(".")
        target = params
        for part in path:
            target = target[part]
        del target[last]
    return params


def shown(output: Output) -> str:
    """What comes out."""
    match output:
        case Send(frame):
            return shown_frame(frame)
        case Admit(verified):
            return f"admit {verified.role} {','.join(verified.scopes)}".rstrip()
        case Invoke(request):
            return f"invoke {request.method} {request.id}"
        case Close(code, reason):
            return f"close {code} {reason}".rstrip()
        case _:
            assert_never(output)


def shown_frame(frame: Answer | Refusal | Event) -> str:
    match frame:
        case Event():
            return f"event {frame.event}"
        case Answer():
            return f"res {frame.id} ok"
        case Refusal(id=id, error=error):
            retry = "" if error.retry_after_ms is UNSET else f" (retry after {error.retry_after_ms})"
            details = "" if error.details is UNSET else f" {json.dumps(error.details)}"
            return f"res {id} {error.code} {error.message}{details}{retry}"
        case _:
            assert_never(frame)
