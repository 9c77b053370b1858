"""What clients sent to the reference is read as the reference read it, to the letter of every refusal."""

import json
from pathlib import Path
from typing import Any

import pytest

from clawdbot.errors import ClawdbotError, DoorError
from clawdbot.wire import connect, params
from clawdbot.wire.frames import NotARequest, Request, encode, read_from_gateway, read_request
from clawdbot.wire.plain import MAX_FRAME, NotJson
from tests.support.methods import METHODS
from tests.support.recorded import TRANSCRIPTS, Sent, frames_from_gateway, refusals, sent

AUTHORISATION = ("missing scope: ", "unauthorized role: ")
"""The reference looks at the params only after this."""

SERVED_HERE = {"41-invalid-params-client-id-moltbot"}
"""Refused by the recorded version for its name, accepted by the next one, and here."""


def refusal_of(request: Request) -> ClawdbotError | None:
    """What the boundary says against a request."""
    try:
        if request.method == connect.METHOD:
            connect.read(request.params)
        elif request.method in METHODS:
            params.read(METHODS[request.method], request.params)
    except ClawdbotError as error:
        return error
    return None


def recorded_message(one: Sent, request_id: str) -> str:
    answer = next((answer for answer in one.answers if answer["id"] == request_id), {})
    message: str = answer.get("error", {}).get("message", "")
    return message


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_recorded_scene_is_read_as_the_reference_read_it(path: Path) -> None:
    for one in sent(path):
        read = read_request(one.data, MAX_FRAME)
        match read:
            case NotJson():
                assert not one.first or (one.answers, one.close) == ([], (1000, ""))
            case NotARequest() if one.first:
                assert (one.answers, one.close) == ([], (1008, "invalid request frame"))
            case NotARequest():
                assert read.message == recorded_message(one, read.id)
            case Request(method=connect.METHOD) if not one.first:
                pass  # a second connect is refused whatever its params are
            case Request():
                compare(one, read, served_here=path.stem in SERVED_HERE)
            case _:
                pytest.fail(f"not read as anything recorded: {read}")


def compare(one: Sent, request: Request, *, served_here: bool) -> None:
    message = recorded_message(one, request.id)
    refusal = refusal_of(request)
    if message.startswith(AUTHORISATION):
        return
    if refusal is None:
        assert served_here or not message.startswith(f"invalid {request.method} params")
    elif isinstance(refusal, DoorError) or not one.first:
        assert message == refusal.message
        if isinstance(refusal, DoorError):
            assert one.close == (refusal.close_code, refusal.close_reason)


def test_the_scenes_refuse_many_requests() -> None:
    """The comparison above is not one of nothing with nothing."""
    refused = [message for path in TRANSCRIPTS for message in _refused(path)]
    assert len(refused) > 60
    assert len(set(refused)) > 50


def _refused(path: Path) -> list[str]:
    requests = [read_request(one.data, MAX_FRAME) for one in sent(path)]
    return [str(refusal) for one in requests if isinstance(one, Request) and (refusal := refusal_of(one))]


@pytest.mark.parametrize("case", refusals(), ids=lambda case: f"{case['when']} {case['sent'][:80]}")
def test_a_request_of_the_wrong_shape_is_refused_with_the_reference_s_words(case: dict[str, Any]) -> None:
    read = read_request(case["sent"], MAX_FRAME)
    if isinstance(read, NotARequest) and case["when"] == "first":
        assert case["close"] == [1008, "invalid request frame"]
    elif isinstance(read, NotARequest):
        assert {"id": read.id, "message": read.message} == _told(case)
    else:
        assert isinstance(read, Request)
        refusal = refusal_of(read)
        assert refusal is not None
        assert {"id": read.id, "message": refusal.message} == _told(case)


def _told(case: dict[str, Any]) -> dict[str, str]:
    return {"id": case["answer"]["id"], "message": case["answer"]["error"]["message"]}


def test_every_recorded_frame_of_the_gateway_is_read_and_written_again_without_a_difference() -> None:
    frames = list(frames_from_gateway())
    assert len(frames) > 600
    for frame in frames:
        again = encode(read_from_gateway(json.dumps(frame), 25 * 1024 * 1024))
        assert json.loads(again) == frame
        assert list(json.loads(again)) == list(frame), "the keys come in the reference's order"
