"""The examples of docs/assistant.md, run as they are printed."""

import json
import re
import sys
from pathlib import Path

import pytest

from clawdbot.assistant.command import CommandAssistant
from clawdbot.assistant.python import PythonAssistant
from clawdbot.assistant.unconfigured import REPLY
from tests.support.assistants import prompt
from tests.support.programs import Script

DOCS = (Path(__file__).parents[2] / "docs" / "assistant.md").read_text()


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)


async def test_the_program_answers(tmp_path: Path) -> None:
    """The shell script, made executable."""
    (source,) = examples("sh")
    path = tmp_path / "answer.sh"
    path.write_text(source)
    path.chmod(0o755)
    assert await CommandAssistant([str(path)]).answer(prompt("it's $HOME")) == "You wrote: it's $HOME"


async def test_the_object_that_a_program_reads_is_as_shown(python: Script) -> None:
    """Field for field, in the same order, with values of the same kinds."""
    (shown,) = examples("json")
    read = await CommandAssistant(python("print(sys.stdin.read())")).answer(prompt())
    expected, real = json.loads(shown), json.loads(read)
    assert list(expected) == list(real)
    assert [type(value) for value in expected.values()] == [type(value) for value in real.values()]
    assert [len(each["sentAt"]) for each in (expected, real)] == [24, 24]


@pytest.mark.parametrize(
    ("number", "text", "reply"), [(0, "ping", "pong"), (0, "hi", "Hello Alice, you wrote: hi"), (1, "abc", "cba")]
)
async def test_the_functions_answer(
    number: int, text: str, reply: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plain one and the async one."""
    (tmp_path / "my_bot.py").write_text(examples("python")[number])
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "my_bot", raising=False)
    assert await PythonAssistant("my_bot:answer").answer(prompt(text)) == reply


def test_what_is_said_without_an_assistant_is_quoted() -> None:
    """Word for word."""
    assert REPLY in " ".join(DOCS.split())
