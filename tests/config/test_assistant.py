"""The ``assistant`` section: three ways, and what does not go together."""

import pytest

from clawdbot.config.model import AssistantSettings, CommandSettings, HttpSettings, PythonSettings
from clawdbot.domain.secret import Secret
from tests.support.configs import Desk

GOOD: list[tuple[str, AssistantSettings | None]] = [
    ("", None),
    ("assistant: {command: ['cat']}", CommandSettings(("cat",))),
    (
        "assistant: {command: ['${SHELL}', '-c', 'echo $${SHELL} $HOME'], timeoutSeconds: 2.5, concurrency: 1}",
        CommandSettings(("/bin/sh", "-c", "echo ${SHELL} $HOME"), timeout=2.5, concurrency=1),
    ),
    (
        "assistant: {url: 'http://127.0.0.1:11434/v1', model: 'llama'}",
        HttpSettings("http://127.0.0.1:11434/v1", "llama"),
    ),
    (
        "assistant: {url: 'https://x/?v=1', model: 'm', apiKey: '${KEY}', system: 'Be kind.', concurrency: 64}",
        HttpSettings("https://x/?v=1", "m", Secret("k3y"), "Be kind.", concurrency=64),
    ),
    ("assistant: {url: 'https://x', model: 'm', apiKey: '', system: ''}", HttpSettings("https://x", "m")),
    (
        "assistant: {python: 'my.bot:Bot.answer', timeoutSeconds: 3600}",
        PythonSettings("my.bot:Bot.answer", timeout=3600),
    ),
]


@pytest.mark.parametrize(("text", "settings"), GOOD, ids=[text for text, _ in GOOD])
def test_the_three_ways(desk: Desk, text: str, settings: AssistantSettings | None) -> None:
    assert desk.config(f"{{{text}}}", {"SHELL": "/bin/sh", "KEY": "k3y"}).assistant == settings


WORDS = '(write a list of words: ["/path/to/program", "argument"])'
BAD = [
    ("null", [": must be an object, not null"]),
    ("'cat'", [": must be an object, not a string"]),
    ("{}", [": says none of command, url and python (say one of them)"]),
    (
        "{command: ['a'], url: 'http://x', model: 'm'}",
        [": says command and url of command, url and python (say one of them)"],
    ),
    ("{command: 'a b'}", [f".command: must be a list, not a string {WORDS}"]),
    ("{command: []}", [f".command: names no program {WORDS}"]),
    ("{command: [' ']}", [f".command: names no program {WORDS}"]),
    ("{command: ['a', 5]}", [".command[1]: must be a word of text, not a number"]),
    ("{command: ['a', 'b\\0c']}", [".command[1]: must be a word of text without NUL characters"]),
    (
        "{command: ['a', '${NOT_SET}']}",
        [
            ".command[1]: the environment variable NOT_SET is not set"
            ' (set it, or write "$${NOT_SET}" for the text itself)'
        ],
    ),
    (
        "{command: ['a'], model: 'm', apiKey: 'k'}",
        [".model: goes with assistant.url alone", ".apiKey: goes with assistant.url alone"],
    ),
    ("{url: 'http://x'}", [".model: is missing (name one of the models that the endpoint has)"]),
    ("{url: 'http://x', model: ' '}", [".model: is empty (name one of the models that the endpoint has)"]),
    ("{url: 'http://x', model: 5}", [".model: must be a string, not 5"]),
    ("{url: 'x', model: 'm'}", [".url: must be an http or https URL (write it like https://api.example.com/v1)"]),
    ("{python: 'my_bot'}", ['.python: is not of the form "module:callable" (write it like my_bot:answer)']),
    ("{python: 'my-bot:answer'}", ['.python: is not of the form "module:callable" (write it like my_bot:answer)']),
    ("{python: ['a:b']}", [".python: must be a string, not a list"]),
    ("{command: ['a'], timeoutSeconds: 0}", [".timeoutSeconds: must be a number from 1 to 3600, not 0"]),
    ("{command: ['a'], timeoutSeconds: NaN}", [".timeoutSeconds: must be a number from 1 to 3600, not NaN"]),
    ("{command: ['a'], timeoutSeconds: Infinity}", [".timeoutSeconds: must be a number from 1 to 3600, not Infinity"]),
    ("{command: ['a'], timeoutSeconds: '60'}", ['.timeoutSeconds: must be a number from 1 to 3600, not "60"']),
    ("{command: ['a'], timeoutSeconds: true}", [".timeoutSeconds: must be a number from 1 to 3600, not true"]),
    ("{command: ['a'], concurrency: 4.0}", [".concurrency: must be a whole number from 1 to 64, not 4.0"]),
    ("{command: ['a'], concurrency: false}", [".concurrency: must be a whole number from 1 to 64, not false"]),
    ("{command: ['a'], timeout: 5}", ['.timeout: there is no such key (did you mean "timeoutSeconds"?)']),
    ("{comand: ['a']}", ['.comand: there is no such key (did you mean "command"?)']),
]


@pytest.mark.parametrize(("text", "errors"), BAD, ids=[text for text, _ in BAD])
def test_what_cannot_be_meant(desk: Desk, text: str, errors: list[str]) -> None:
    assert sorted(desk.errors(f"{{assistant: {text}}}")) == sorted(f"1: assistant{error}" for error in errors)


def test_S7_what_may_hold_a_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(CommandSettings(("curl", "s3cret")))
    assert "s3cret" not in repr(HttpSettings("https://x/?key=s3cret", "m", Secret("s3cret")))
