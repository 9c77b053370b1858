"""A function of the owner's: real threads, real modules."""

import asyncio
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from clawdbot.assistant.python import PythonAssistant
from clawdbot.errors import AssistantFailed, ConfigError
from tests.support.assistants import prompt

SAID = "a word between us"

Module = Callable[[str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """Writes a module of a name of its own; returns the name."""
    monkeypatch.syspath_prepend(tmp_path)
    count = len(sys.modules)

    def write(source: str) -> str:
        nonlocal count
        count += 1
        name = f"owners_module_{count}_{tmp_path.name.replace('-', '_')}"
        (tmp_path / f"{name}.py").write_text(source)
        return name

    return write


@pytest.mark.parametrize(
    "source",
    [
        "def answer(prompt): return prompt.text.upper()",
        "async def answer(prompt): return prompt.text.upper()",
        "class Shouter:\n    def __call__(self, prompt): return prompt.text.upper()\nanswer = Shouter()",
        "class Shouter:\n    async def __call__(self, prompt): return prompt.text.upper()\nanswer = Shouter()",
        "async def shout(prompt): return prompt.text.upper()\nanswer = lambda prompt: shout(prompt)",
        "import functools\nasync def shout(loud, prompt): return prompt.text.upper()\n"
        "answer = functools.partial(shout, True)",
    ],
    ids=["function", "coroutine function", "object", "async object", "returns a coroutine", "async partial"],
)
async def test_a_callable_of_any_kind_answers(source: str, module: Module) -> None:
    """It takes a Prompt and returns text."""
    assistant = PythonAssistant(f"{module(source)}:answer")
    assert await assistant.answer(prompt("hello")) == "HELLO"
    await assistant.close()


async def test_the_name_of_the_callable_may_have_dots(module: Module) -> None:
    """A method of an object in the module serves too."""
    name = module("class Bot:\n    def answer(self, prompt): return f'for {prompt.name}'\nbot = Bot()")
    assert await PythonAssistant(f"{name}:bot.answer").answer(prompt()) == "for Alice"


@pytest.mark.parametrize(
    ("expression", "reply"),
    [
        ("None", ""),
        ("''", ""),
        ("' \\n'", ""),
        ("'clawdbot pairing approve telegram ABCD2345\\n'", "clawdbot pairing approve telegram ABCD2345"),
        ("'\\x1b[2J\\x00\\u202e'", "\x1b[2J\x00\u202e"),
        ("'a\\ud800b'", "a�b"),
    ],
)
async def test_D14_whatever_it_returns_is_only_text(expression: str, reply: str, module: Module) -> None:
    """Nothing and blank are silence; everything else is the reply, made fit for UTF-8."""
    assistant = PythonAssistant(f"{module(f'def answer(prompt): return {expression}')}:answer")
    assert await assistant.answer(prompt()) == reply


@pytest.mark.parametrize("value", ["7", "True", "b'bytes'", "{'approve': True}", "object()"])
async def test_what_is_not_text_is_a_failure(value: str, module: Module) -> None:
    """It is not turned into text behind the owner's back; the error names the type only."""
    with pytest.raises(AssistantFailed, match=r"returned .*, not text"):
        await PythonAssistant(f"{module(f'def answer(prompt): return {value}')}:answer").answer(prompt())


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    "raised",
    [
        "ValueError",
        "SystemExit",
        "TimeoutError",
        "StopIteration",
        "KeyError",
        "asyncio.CancelledError",
        "KeyboardInterrupt",
        "BaseException",
    ],
)
async def test_S7_an_exception_shows_its_type_and_not_what_it_says(kind: str, raised: str, module: Module) -> None:
    """Exceptions often quote what they choked on; neither the error nor its traceback does. The gateway goes on."""
    name = module(f"import asyncio\n{kind} answer(prompt): raise {raised}(prompt.text)")
    with pytest.raises(AssistantFailed) as failed:
        await PythonAssistant(f"{name}:answer").answer(prompt(SAID))
    assert SAID not in "".join(traceback.format_exception(failed.value)) + failed.value.hint


async def test_the_type_of_an_exception_is_named(module: Module) -> None:
    """The owner learns where to look."""
    name = module("class Sulking(Exception): pass\ndef answer(prompt): raise Sulking")
    with pytest.raises(AssistantFailed, match=f"{name}:answer raised Sulking"):
        await PythonAssistant(f"{name}:answer").answer(prompt())


async def test_a_function_runs_in_a_thread_and_a_coroutine_in_the_loop(module: Module) -> None:
    """A function that blocks does not block the gateway."""
    source = "import threading\n{} answer(prompt): return str(threading.get_ident())"
    in_thread = await PythonAssistant(f"{module(source.format('def'))}:answer").answer(prompt())
    in_loop = await PythonAssistant(f"{module(source.format('async def'))}:answer").answer(prompt())
    assert (in_thread != in_loop, in_loop) == (True, str(threading.get_ident()))


STUCK = """
import threading
may_end = threading.Event()
running = threading.Semaphore(0)
def answer(prompt):
    if prompt.text == "stuck":
        running.release()
        may_end.wait()
    return prompt.text
"""


def assistants_threads() -> int:
    return sum(thread.name == "clawdbot-assistant" for thread in threading.enumerate())


async def test_a_thread_whose_time_is_up_keeps_its_place_until_it_returns(module: Module) -> None:
    """Stuck threads are bounded: while all are stuck, messages fail in time; when one returns, service goes on."""
    name = module(STUCK)
    assistant = PythonAssistant(f"{name}:answer", timeout=0.5, concurrency=2)
    owners = sys.modules[name]
    for _ in range(2):
        with pytest.raises(AssistantFailed, match="no answer within"):
            await assistant.answer(prompt("stuck"))
    with pytest.raises(AssistantFailed, match="no answer within"):
        await assistant.answer(prompt("no thread for me"))
    assert assistants_threads() == 2
    owners.may_end.set()
    while assistants_threads():
        await asyncio.sleep(0.001)
    assert await assistant.answer(prompt("back")) == "back"


async def test_cancellation_does_not_wait_for_a_thread(module: Module) -> None:
    """A gateway that stops is not held up, and hears of it as a cancellation."""
    name = module(STUCK)
    assistant = PythonAssistant(f"{name}:answer")
    owners = sys.modules[name]
    task = asyncio.create_task(assistant.answer(prompt("stuck")))
    await asyncio.to_thread(owners.running.acquire)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    owners.may_end.set()


async def test_a_coroutine_whose_time_is_up_is_cancelled(module: Module) -> None:
    """It may tidy up; the failure is told afterwards."""
    name = module(
        "import asyncio\ntidied = []\nasync def answer(prompt):\n"
        "    try: await asyncio.Event().wait()\n    finally: tidied.append(True)"
    )
    with pytest.raises(AssistantFailed, match="no answer within"):
        await PythonAssistant(f"{name}:answer", timeout=0.05).answer(prompt())
    assert sys.modules[name].tidied == [True]


async def test_close_ends_what_runs_and_refuses_what_comes(module: Module) -> None:
    """Coroutines are cancelled, threads are left to themselves."""
    name = module(STUCK)
    assistant = PythonAssistant(f"{name}:answer")
    owners = sys.modules[name]
    task = asyncio.create_task(assistant.answer(prompt("stuck")))
    await asyncio.to_thread(owners.running.acquire)
    await assistant.close()
    for asking in (task, assistant.answer(prompt())):
        with pytest.raises(AssistantFailed, match="stopped"):
            await asking
    owners.may_end.set()


def test_a_stuck_thread_does_not_keep_the_gateway_from_stopping(tmp_path: Path) -> None:
    """A process whose assistant hangs in a thread ends when its event loop ends, without a word."""
    (tmp_path / "hanging.py").write_text("import time\ndef answer(prompt): time.sleep(3600)")
    script = """
import asyncio
from clawdbot.assistant.python import PythonAssistant
from clawdbot.errors import AssistantFailed
from tests.support.assistants import prompt

async def main():
    try:
        await PythonAssistant("hanging:answer", timeout=0.1).answer(prompt())
    except AssistantFailed:
        print("gave up")

asyncio.run(main())
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": f"{tmp_path}:{root}:{root / 'src'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "gave up\n", "")


async def test_a_system_without_threads_to_spare_is_a_failure_that_passes(
    module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place of a thread that could not start is free for the next."""
    assistant = PythonAssistant(f"{module('def answer(prompt): return prompt.text')}:answer", concurrency=1)

    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(AssistantFailed, match="RuntimeError"):
            await assistant.answer(prompt())
    assert await assistant.answer(prompt("back")) == "back"


@pytest.mark.parametrize("target", ["", "module", ":answer", "module:", ":"])
def test_a_target_of_another_form_is_a_configuration_error(target: str) -> None:
    """The hint shows the form."""
    with pytest.raises(ConfigError, match='not "module:callable"') as refused:
        PythonAssistant(target)
    assert "my_bot:answer" in refused.value.hint


@pytest.mark.parametrize(
    ("source", "path", "why"),
    [
        ("import no_such_module_anywhere", "answer", "cannot import .*no_such_module_anywhere"),
        ("1 / 0", "answer", "raised ZeroDivisionError"),
        ("raise SystemExit", "answer", "raised SystemExit"),
        ("def answer(:", "answer", "raised SyntaxError"),
        ("", "answer", "has no answer"),
        ("class Bot: pass", "Bot.answer", "has no Bot.answer"),
        ("answer = 'text'", "answer", "is not a function"),
    ],
)
def test_a_callable_that_cannot_be_had_is_a_configuration_error(
    source: str, path: str, why: str, module: Module
) -> None:
    """Found out at the start of the gateway, not at the first message."""
    with pytest.raises(ConfigError, match=why):
        PythonAssistant(f"{module(source)}:{path}")


def test_a_module_that_is_not_there_is_a_configuration_error() -> None:
    """The hint says where modules are looked for."""
    with pytest.raises(ConfigError, match="cannot import no_such_module_anywhere") as refused:
        PythonAssistant("no_such_module_anywhere:answer")
    assert "PYTHONPATH" in refused.value.hint
