"""The ``assistant`` section: where admitted messages go."""

import re

from clawdbot.config.model import (
    ASSISTANT_CONCURRENCY,
    ASSISTANT_TIMEOUT_S,
    AssistantSettings,
    CommandSettings,
    HttpSettings,
    PythonSettings,
)
from clawdbot.config.reading import Section, held, kind

MAX_TIMEOUT_S = 3600
MAX_CONCURRENCY = 64

_WAYS = ("command", "url", "python")
_OF_URL = ("model", "apiKey", "system")
_LIMITS = ("timeoutSeconds", "concurrency")
_KEYS = (*_WAYS, *_OF_URL, *_LIMITS)
_TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def read_assistant(section: Section | None) -> AssistantSettings | None:
    """Read the section. ``None`` if it is not there, or wrong."""
    if section is None:
        return None
    section.only(_KEYS)
    timeout = section.number("timeoutSeconds", 1, MAX_TIMEOUT_S) or ASSISTANT_TIMEOUT_S
    concurrency = section.whole("concurrency", 1, MAX_CONCURRENCY) or ASSISTANT_CONCURRENCY
    ways = [way for way in _WAYS if way in section]
    if "url" not in ways:
        for key in _OF_URL:
            if key in section:
                section.error(key, "goes with assistant.url alone")
    match ways:
        case ["command"]:
            argv = _command(section)
            return CommandSettings(argv, timeout=timeout, concurrency=concurrency) if argv else None
        case ["url"]:
            return _http(section, timeout, concurrency)
        case ["python"]:
            target = _target(section)
            return PythonSettings(target, timeout=timeout, concurrency=concurrency) if target else None
        case [] if any(member.key not in _KEYS for member in section):
            return None  # probably a misspelt way, which is noted, with the nearest one
        case _:
            section.notes.error(
                section.node.start,
                section.path,
                f"says {' and '.join(ways) or 'none'} of command, url and python",
                "say one of them",
            )
            return None


def _command(section: Section) -> tuple[str, ...]:
    hint = 'write a list of words: ["/path/to/program", "argument"]'
    items = section.items("command", hint)
    if items is None:
        return ()
    words = []
    for index, item in enumerate(items):
        word = held(item)
        path = (*section.path, "command", index)
        if not isinstance(word, str):
            section.notes.error(item.start, path, f"must be a word of text, not {kind(item)}")
        elif "\0" in word:
            section.notes.error(item.start, path, "must be a word of text without NUL characters")
        else:
            words.append(section.notes.filled(word, item.start, path))
    if not items or (words and not words[0].strip()):
        section.error("command", "names no program", hint)
    return tuple(words)


def _http(section: Section, timeout: float, concurrency: int) -> HttpSettings | None:
    url = section.url("url")
    model = section.string("model")
    if "model" not in section or (model is not None and not model.strip()):
        state = "is empty" if "model" in section else "is missing"
        section.error("model", state, "name one of the models that the endpoint has")
    api_key = section.secret("apiKey")
    system = section.string("system")
    if url is None or model is None:
        return None
    return HttpSettings(
        url, model, api_key if api_key else None, system or None, timeout=timeout, concurrency=concurrency
    )


def _target(section: Section) -> str | None:
    target = section.string("python")
    if target is not None and not _TARGET.fullmatch(target):
        section.error("python", 'is not of the form "module:callable"', "write it like my_bot:answer")
    return target
