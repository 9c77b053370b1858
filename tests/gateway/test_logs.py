"""Log lines as JSON: one object a line, inert, and without what a defect quotes (threats.md S7)."""

import json
import logging
import subprocess
import sys

import pytest

from clawdbot.gateway.logs import UNHEARD, JsonLines


def record(
    message: str, *args: object, level: int = logging.INFO, defect: Exception | None = None
) -> logging.LogRecord:
    info = (type(defect), defect, defect.__traceback__) if defect else None
    return logging.LogRecord("clawdbot.store", level, __file__, 1, message, args, info)


def test_a_line_has_time_level_logger_and_message() -> None:
    one = record("%s: ready as %s", "telegram", "@bot")
    one.created = 1_700_000_000.25
    assert json.loads(JsonLines().format(one)) == {
        "ts": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "clawdbot.store",
        "msg": "telegram: ready as @bot",
    }


def test_whatever_is_in_it_stays_one_inert_line() -> None:
    line = JsonLines().format(record("a\nb \x1b[2J \u202e ö"))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["msg"] == "a\nb \x1b[2J \u202e ö"


def test_S7_a_defect_is_told_by_type_and_place_and_never_by_its_message() -> None:
    with pytest.raises(ValueError) as raised:
        int("the code is ABCDEFGH")
    line = JsonLines().format(record("a defect", level=logging.ERROR, defect=raised.value))
    said = json.loads(line)
    assert said["error"] == "ValueError"
    assert said["at"][-1].startswith("test_logs.py:")
    assert "ABCDEFGH" not in line


def test_libraries_are_quiet_and_our_lines_go_to_standard_error() -> None:
    """In a process of its own, for logging is set up once."""
    program = (
        "import logging; from clawdbot.gateway.logs import LogFormat, log_to_stderr\n"
        "log_to_stderr(verbose=True, style=LogFormat.JSON)\n"
        "logging.getLogger('clawdbot').debug('ours'); logging.getLogger('httpx').info('theirs')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert [json.loads(line)["msg"] for line in done.stderr.splitlines()] == ["ours"]


def test_S7_what_a_stranger_asks_a_websocket_for_is_not_heard() -> None:
    """The library warns of it, and quotes it."""
    program = (
        "from aiohttp.test_utils import make_mocked_request; from aiohttp.web import WebSocketResponse\n"
        "from clawdbot.gateway.logs import log_to_stderr\n"
        "log_to_stderr(verbose=True)\n"
        "said = {'Upgrade': 'websocket', 'Connection': 'upgrade', 'Sec-WebSocket-Version': '13'}\n"
        "said |= {'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol': 'bearer, sekrit'}\n"
        "assert WebSocketResponse().can_prepare(make_mocked_request('GET', '/', said))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_S7_what_libraries_say_in_a_thread_of_a_push_is_not_heard() -> None:
    """At any level, by whatever logger; other threads are."""
    program = (
        "import logging, threading; from clawdbot.gateway.logs import UNHEARD, log_to_stderr\n"
        "log_to_stderr(verbose=True)\n"
        "for name in (UNHEARD, 'other'):\n"
        "    speak, said = logging.getLogger('oauthlib').error, f'key in {name}'\n"
        "    thread = threading.Thread(target=speak, args=(said,), name=name)\n"
        "    thread.start(); thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "key in other" in done.stderr
    assert UNHEARD not in done.stderr
