"""Frames: what the gateway reads from clients, what it writes to them, and what they read."""

import json

import pytest
from msgspec import UNSET

from clawdbot.domain.names import RequestId
from clawdbot.domain.secret import Secret
from clawdbot.errors import InvalidFrame
from clawdbot.wire.frames import (
    UNKNOWN_ID,
    Answer,
    Error,
    ErrorCode,
    Event,
    NotARequest,
    Refusal,
    Request,
    StateVersion,
    encode,
    read_from_gateway,
    read_request,
)
from clawdbot.wire.params import DevicePairApprove
from clawdbot.wire.plain import MAX_FIRST_FRAME, MAX_FRAME, NotJson, TooLarge


def frame(**changes: object) -> str:
    """A good request with changes; ``...`` takes a key away."""
    whole = {"type": "req", "id": "1", "method": "health", **changes}
    return json.dumps({key: value for key, value in whole.items() if value is not ...})


def test_a_request_is_read_from_text_and_from_bytes() -> None:
    expected = Request("1", "health", {"probe": True})
    assert read_request(frame(params={"probe": True}), MAX_FRAME) == expected
    assert read_request(frame(params={"probe": True}).encode(), MAX_FRAME) == expected


def test_absent_params_are_not_null_params() -> None:
    assert read_request(frame(), MAX_FRAME) == Request("1", "health", UNSET)
    assert read_request(frame(params=None), MAX_FRAME) == Request("1", "health", None)


@pytest.mark.parametrize(
    ("text", "answered_as", "problems"),
    [
        ("5", UNKNOWN_ID, "must be object"),
        (frame(id=...), UNKNOWN_ID, "must have required property 'id'"),
        (frame(id=""), UNKNOWN_ID, "at /id: must NOT have fewer than 1 characters"),
        (frame(id=7), UNKNOWN_ID, "at /id: must be string"),
        (frame(id="x" * 257), UNKNOWN_ID, "at /id: must NOT have more than 256 characters"),
        (frame(method=...), "1", "must have required property 'method'"),
        (frame(method="x" * 65), "1", "at /method: must NOT have more than 64 characters"),
        (frame(type="event"), "1", "at /type: must be equal to constant"),
        (frame(seq=1), "1", "at root: unexpected property 'seq'"),
        (frame()[:-1] + ',"method":"x"}', "1", "must NOT have a property twice"),
        (frame()[:-1] + ',"params":' + "[" * 64 + "]" * 64 + "}", "1", "must NOT be nested deeper than 64 levels"),
        ('{"id":"1","params":' + "[" * 9999 + "]" * 9999 + "}", UNKNOWN_ID, "must NOT be nested deeper than 64 levels"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_request_can_be_answered(text: str, answered_as: str, problems: str) -> None:
    read = read_request(text, MAX_FRAME)
    assert read == NotARequest(answered_as, problems)
    assert isinstance(read, NotARequest)
    assert read.message == f"invalid request frame: {problems}"


def test_what_is_no_json_is_told_apart() -> None:
    assert read_request("hello", MAX_FRAME) == NotJson()


def test_G12_a_first_frame_is_small() -> None:
    room = MAX_FIRST_FRAME - len(frame(params=""))
    assert isinstance(read_request(frame(params="x" * room), MAX_FIRST_FRAME), Request)
    assert read_request(frame(params="x" * (room + 1)), MAX_FIRST_FRAME) == TooLarge()
    assert isinstance(read_request(frame(params="x" * (room + 1)), MAX_FRAME), Request)


@pytest.mark.parametrize("name", ["__proto__", "constructor", "../x", "a\0b", "\u202etac", "\x1b[2J"])
def test_G17_odd_ids_and_methods_are_plain_data(name: str) -> None:
    read = read_request(frame(id=name, method=name), MAX_FRAME)
    assert read == Request(name, name)
    refusal = Refusal(id=name, error=Error(ErrorCode.INVALID_REQUEST, f"unknown method: {name}"))
    assert json.loads(encode(refusal))["id"] == name


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (Request("1", "health"), '{"type":"req","id":"1","method":"health"}'),
        (Request("1", "x", None), '{"type":"req","id":"1","method":"x","params":null}'),
        (
            Request("1", "device.pair.approve", DevicePairApprove(RequestId("r"))),
            '{"type":"req","id":"1","method":"device.pair.approve","params":{"requestId":"r"}}',
        ),
        (Answer(id="1", payload=None), '{"type":"res","id":"1","ok":true,"payload":null}'),
        (Answer(id="1", payload={"é": [1.5]}), '{"type":"res","id":"1","ok":true,"payload":{"é":[1.5]}}'),
        (
            Refusal(id="1", error=Error(ErrorCode.NOT_PAIRED, "pairing required", details={"requestId": "r"})),
            '{"type":"res","id":"1","ok":false,"error":'
            '{"code":"NOT_PAIRED","message":"pairing required","details":{"requestId":"r"}}}',
        ),
        (
            Refusal(id="1", error=Error(ErrorCode.UNAVAILABLE, "later", retryable=True, retry_after_ms=5)),
            '{"type":"res","id":"1","ok":false,"error":'
            '{"code":"UNAVAILABLE","message":"later","retryable":true,"retryAfterMs":5}}',
        ),
        (Event("tick"), '{"type":"event","event":"tick"}'),
        (
            Event("health", {}, seq=7, state_version=StateVersion(presence=1, health=2)),
            '{"type":"event","event":"health","payload":{},"seq":7,"stateVersion":{"presence":1,"health":2}}',
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else type(value).__name__,
)
def test_a_frame_is_written_without_what_is_absent(written: Request | Answer | Refusal | Event, text: str) -> None:
    assert encode(written).decode() == text


def test_S7_a_secret_does_not_get_into_a_frame_by_accident() -> None:
    with pytest.raises(TypeError):
        encode(Answer(id="1", payload={"token": Secret("t0p")}))


@pytest.mark.parametrize(
    "read",
    [
        Answer(id="1", payload={"a": 1}),
        Refusal(id="1", error=Error("SOMETHING_NEW", "no", retryable=False)),
        Event("tick", {"ts": 1}, seq=1),
        Event("x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_client_reads_what_a_gateway_writes(read: Answer | Refusal | Event) -> None:
    assert read_from_gateway(encode(read), MAX_FRAME) == read


def test_a_client_takes_a_bare_answer_and_a_bare_refusal() -> None:
    assert read_from_gateway('{"type":"res","id":"1","ok":true}', MAX_FRAME) == Answer(id="1", payload=None)
    refusal = read_from_gateway('{"type":"res","id":"1","ok":false}', MAX_FRAME)
    assert isinstance(refusal, Refusal)
    assert refusal.error.code == ErrorCode.UNAVAILABLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"type":"req","id":"1","method":"x"}',
        '{"type":"res","id":"1"}',
        '{"type":"res","id":1,"ok":true}',
        '{"type":"res","id":"1","ok":true,"extra":1}',
        '{"type":"res","id":"1","ok":true,"ok":false}',
        '{"type":"res","id":"1","ok":false,"error":{"code":"X"}}',
        '{"type":"res","id":"1","ok":false,"error":{"code":"X","message":"m","stack":"s"}}',
        '{"type":"event","event":"x","seq":"1"}',
        '{"type":"event","event":"x","payload":' + "[" * 99 + "]" * 99 + "}",
        '{"type":"event","event":"' + "x" * MAX_FRAME + '"}',
    ],
    ids=lambda text: text[:60],
)
def test_a_client_refuses_what_is_not_of_the_protocol(text: str) -> None:
    with pytest.raises(InvalidFrame):
        read_from_gateway(text, MAX_FRAME)


def test_S7_a_client_s_complaint_does_not_repeat_the_frame() -> None:
    with pytest.raises(InvalidFrame) as caught:
        read_from_gateway('{"type":"res","id":"1","ok":true,"s3cret":"s3cret"}', MAX_FRAME)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
