"""Programs that speak in JSON lines: real ones, well-behaved and not."""

import asyncio
import json
import logging
import sys
from pathlib import Path

import pytest

from clawdbot.channels.child import JsonLines, NoAnswer, Object
from clawdbot.errors import ChannelFailed, ChannelRefused

ECHO = ["cat"]
"""Says what it is told; what it is asked comes back as an answer, for it has the same id."""


def python(source: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", f"import json, os, sys, time\n{source}"]


def says(*lines: bytes) -> list[str]:
    return python(f"for line in {lines!r}:\n    os.write(1, line + b'\\n')")


async def sending(child: JsonLines) -> None:
    while True:
        await child.send({"text": "hello"})
        await asyncio.sleep(0)


async def all_of(child: JsonLines) -> list[Object]:
    return [message async for message in child]


async def test_objects_go_in_and_come_out_in_order() -> None:
    """Any text at all: the lines are ASCII, and a line's end within a string does not end the line."""
    texts = ["hello", "two\nlines", "\u2028 grüß dich \N{GRINNING FACE}", "half of a pair: \ud800", ""]
    async with JsonLines.start(ECHO) as child:
        for text in texts:
            await child.send({"text": text})
        got = [await anext(child) for _ in texts]
    assert got == [{"text": text} for text in texts]
    assert child.returncode == 0


async def test_answers_go_to_who_asked_however_late_and_the_rest_is_iterated() -> None:
    """Requests overtake one another; what has a method is news, whatever its id."""
    source = """
asked = [json.loads(sys.stdin.readline()) for _ in range(2)]
print(json.dumps({"id": asked[1]["id"], "result": asked[1]["what"]}))
print(json.dumps({"id": asked[0]["id"], "method": "news"}))
print(json.dumps({"id": asked[0]["id"], "result": asked[0]["what"]}))
"""
    async with JsonLines.start(python(source)) as child:
        reading = asyncio.create_task(all_of(child))
        answers = await asyncio.gather(child.request({"what": "first"}), child.request({"what": "second"}))
        assert [answer["result"] for answer in answers] == ["first", "second"]
        assert [message["method"] for message in await reading] == ["news"]


async def test_what_is_not_answered_in_time_is_an_error_and_its_late_answer_is_dropped() -> None:
    """Neither confused with the next request's nor shown as news."""
    source = """
first, second = (json.loads(sys.stdin.readline()) for _ in range(2))
print(json.dumps(first)); print(json.dumps(second))
"""
    async with JsonLines.start(python(source)) as child:
        reading = asyncio.create_task(all_of(child))
        with pytest.raises(NoAnswer, match="does not answer"):
            await child.request({"what": "first"}, within=0.05)
        assert (await child.request({"what": "second"}))["what"] == "second"
        assert await reading == []


async def test_who_waits_for_an_answer_learns_that_the_program_has_ended() -> None:
    """At once, not after the timeout; and so does who asks later."""
    async with JsonLines.start(python("sys.stdin.readline(); sys.exit('out of order')")) as child:
        reading = asyncio.create_task(all_of(child))
        with pytest.raises(ChannelFailed, match="has ended"):
            await child.request({}, within=600)
        await reading
        with pytest.raises(ChannelFailed, match="has ended"):
            await child.request({}, within=600)
        assert str(await child.ending()).endswith("ended with exit code 1: out of order")


async def test_leaving_the_context_wakes_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request outlives the program."""
    monkeypatch.setattr("clawdbot.channels.program.GRACE", 0.1)
    async with JsonLines.start(["sleep", "600"]) as child:
        asking = asyncio.create_task(child.request({}, within=600))
        await asyncio.sleep(0)
    with pytest.raises(ChannelFailed, match="has ended"):
        await asking


@pytest.mark.parametrize(
    "line",
    [
        b"Last login: today",
        b"",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b'{"a": ' + b"[" * 20_000,
        b'{"a": "\xff"}',
        b'{"a": "',
        b"\xfe\xff\x00{\x00}",
    ],
)
async def test_S7_S8_a_line_that_is_no_object_is_passed_over_and_not_quoted(
    line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says so once however many there are."""
    caplog.set_level(logging.DEBUG)
    async with JsonLines.start(says(line, line, b'{"a": 1}')) as child:
        assert await all_of(child) == [{"a": 1}]
    assert child.skipped == 2
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage().partition(": ")[2] for record in warnings] == [
        "a line of its output is no JSON object; it is passed over"
    ]
    assert "Last login" not in caplog.text


async def test_S8_a_line_over_the_limit_is_passed_over() -> None:
    """Whatever it holds."""
    long = json.dumps({"text": "x" * 2000}).encode()
    async with JsonLines.start(says(long, b'{"a": 1}'), limit=1000) as child:
        assert await all_of(child) == [{"a": 1}]


async def test_S8_whole_numbers_are_exact() -> None:
    """No id passes through a float."""
    async with JsonLines.start(
        says(b'{"id": "x", "row": 9007199254740993, "huge": 340282366920938463463374607431768211457}')
    ) as child:
        [message] = await all_of(child)
    assert message == {"id": "x", "row": 2**53 + 1, "huge": 2**128 + 1}


async def test_environment_and_folder_can_be_chosen(tmp_path: Path) -> None:
    """Ours are inherited otherwise, without secrets."""
    source = "print(json.dumps({'folder': os.getcwd(), 'names': list(os.environ)}))"
    async with JsonLines.start(python(source), {"LC_ALL": "C"}, cwd=tmp_path) as child:
        [message] = await all_of(child)
    assert message == {"folder": str(tmp_path), "names": ["LC_ALL"]}


async def test_S7_our_secrets_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are for other platforms."""
    for name in ("TELEGRAM_BOT_TOKEN", "CLAWDBOT_GATEWAY_PASSWORD", "OPENAI_API_KEY", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "x")
    async with JsonLines.start(python("print(json.dumps({'names': list(os.environ)}))")) as child:
        [message] = await all_of(child)
    names = message["names"]
    assert isinstance(names, list)
    assert {"TELEGRAM_BOT_TOKEN", "CLAWDBOT_GATEWAY_PASSWORD", "OPENAI_API_KEY"}.isdisjoint(names)
    assert {"SSH_AUTH_SOCK", "PATH"} <= set(names)


def _nothing(path: Path) -> None: ...


def _not_executable(path: Path) -> None:
    path.write_text("#!/bin/sh\n")


def _no_interpreter(path: Path) -> None:
    path.write_text("#!/no/such/shell\n")
    path.chmod(0o755)


def _no_program(path: Path) -> None:
    path.write_bytes(b"\x00\x01")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("make", "why", "hint"),
    [
        (_nothing, "there is no program", "install it"),
        (_no_interpreter, "there is no program", "install it"),
        (_not_executable, "may not be executed", "chmod"),
        (_no_program, "is no program", "#!/bin/sh"),
    ],
)
async def test_a_program_that_cannot_be_started_is_refused_with_the_way_out(
    tmp_path: Path, make: object, why: str, hint: str
) -> None:
    """Trying again will not help."""
    path = tmp_path / "imsg"
    assert callable(make)
    make(path)
    with pytest.raises(ChannelRefused, match=why) as refused:
        async with JsonLines.start([str(path)], hint="install it"):
            pass
    assert str(path) in refused.value.message
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("exit 0", "sh ended with exit code 0"),
        ("echo why >&2; exit 3", "sh ended with exit code 3: why"),
        ("kill -KILL $$", "sh was ended by SIGKILL"),
        ("exec >&-; sleep 600", "sh closed its output"),
    ],
)
async def test_how_it_ended_is_told(code: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own last words, if it had any."""
    monkeypatch.setattr("clawdbot.channels.child.GRACE", 0.5)
    monkeypatch.setattr("clawdbot.channels.program.GRACE", 0.2)
    async with JsonLines.start(["sh", "-c", code]) as child:
        assert await all_of(child) == []
        assert str(await child.ending()) == how


async def test_sending_to_one_that_ended_is_an_error() -> None:
    """Not at once perhaps, but soon, and named after the program."""
    async with JsonLines.start(["true"]) as child:
        await all_of(child)
        with pytest.raises(ChannelFailed, match="true has ended"):
            await asyncio.wait_for(sending(child), 30)


async def test_sending_to_one_that_does_not_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for ever."""
    monkeypatch.setattr("clawdbot.channels.program.PATIENCE", 0.05)
    monkeypatch.setattr("clawdbot.channels.program.GRACE", 0.2)
    async with JsonLines.start(["sleep", "600"]) as child:
        with pytest.raises(ChannelFailed, match="does not read"):
            await child.send({"text": "x" * 1_000_000})
