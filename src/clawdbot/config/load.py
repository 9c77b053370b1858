"""Reads the configuration file: text in; frozen structs, or what is wrong and where, out (``docs/config.md``)."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from clawdbot.config import files, gateway, json5, known, tokens
from clawdbot.config.accounts import MAX_CAP, read_channels
from clawdbot.config.assistant import read_assistant
from clawdbot.config.discovery import read_discovery
from clawdbot.config.json5 import Json5Error, Object
from clawdbot.config.model import Config, ConfigProblem, Severity
from clawdbot.config.owner import read_owners
from clawdbot.config.reading import NOWHERE, Notes, Section, dotted, kind
from clawdbot.domain.names import Channel
from clawdbot.domain.senders import DEFAULT_CAP
from clawdbot.errors import ConfigError, ConfigUnavailable
from clawdbot.obstacles import way_out

MAX_BYTES = 1024 * 1024

_SERVED = ("assistant", "channels", "discovery", "env", "gateway", "owner", "pairing")

_SERVED_VARIABLES = frozenset(
    {tokens.SLACK_APP.variable, *(login.variable for login in tokens.LOGINS.values()), *gateway.VARIABLES}
)


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Read the configuration as it is now; a file that is not there says nothing, and all defaults hold.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong; the message names file, line, key and value.
    """
    try:
        return interpret(path, read_bytes(path), environ)
    except Broken as broken:
        raise broken.error(path) from None


def problems(path: Path, environ: Mapping[str, str]) -> list[ConfigProblem]:
    """Everything that is wrong or hardly meant, in the order of the file."""
    try:
        return _examine(path, read_bytes(path), environ)[1]
    except Broken as broken:
        return [broken.problem]


class Broken(Exception):
    """The file cannot be used; ``unavailable``: not because of what it says, but because nobody can see that now."""

    def __init__(self, problem: ConfigProblem, *, more: int = 0, unavailable: bool = False) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.more = more
        self.unavailable = unavailable

    def error(self, path: Path) -> ConfigError:
        """The same for everybody else; a new one each time, as an exception is raised once."""
        doctor = f'{self.more} more; run "clawdbot doctor" to see them all' if self.more else ""
        kind = ConfigUnavailable if self.unavailable else ConfigError
        return kind(str(self.problem), hint=self.problem.hint or doctor or f"mend it in {path}")


def interpret(path: Path, content: bytes | None, environ: Mapping[str, str]) -> Config:
    """What a file's content says; ``None`` is no file. Raises Broken."""
    config, found = _examine(path, content, environ)
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    if errors:
        raise Broken(errors[0], more=len(errors) - 1)
    return config


def read_bytes(path: Path) -> bytes | None:
    """The content of the file, or ``None`` if there is none. Raises Broken."""
    try:
        return files.read(path, MAX_BYTES)
    except FileNotFoundError:
        if path.is_symlink():
            raise Broken(_problem(path, "is a link to a file that is not there")) from None
        return None
    except OSError as error:
        problem = _problem(path, f"cannot be read: {error.strerror}", way_out(error, path))
        raise Broken(problem, unavailable=True) from None
    except ValueError as error:
        raise Broken(_problem(path, str(error))) from None


def _problem(path: Path, message: str, hint: str = "") -> ConfigProblem:
    """Of the file as a whole."""
    return ConfigProblem(path.name, 0, "", message, hint or f"look at {path}")


def _examine(path: Path, content: bytes | None, environ: Mapping[str, str]) -> tuple[Config, list[ConfigProblem]]:
    """Read as much as can be read, and note everything that is wrong. Raises Broken if it is no object at all."""
    text = "" if content is None else decode(path, content)
    notes = Notes(path, text, environ)
    root = Section(notes, NOWHERE if content is None else _root(path, text), ())
    root.only(_SERVED, known.SECTIONS | known.BOOKKEEPING, dict.fromkeys(Channel, 'it belongs under "channels"'))
    variables = _variables(root.section("env"), environ)
    pairing = root.section("pairing")
    cap = DEFAULT_CAP
    if pairing is not None:
        pairing.only(("maxPending",))
        cap = pairing.whole("maxPending", 1, MAX_CAP) or DEFAULT_CAP
    accounts = read_channels(root, variables, cap)
    door = gateway.read_gateway(root, variables)
    assistant = read_assistant(root.section("assistant"))
    owners, notify = read_owners(root)
    config = Config(
        accounts=MappingProxyType(accounts),
        gateway=door,
        assistant=assistant,
        owners=owners,
        notify=notify,
        advertised=read_discovery(root, variables),
        pairing_cap=cap,
        not_served=tuple(key for key in notes.not_served if key not in known.BOOKKEEPING),
        warnings=tuple(problem for problem in notes.problems if problem.severity is Severity.WARNING),
    )
    return config, notes.problems


def decode(path: Path, content: bytes) -> str:
    """The text of the file. Raises Broken."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Broken(ConfigProblem(path.name, line, "", "is not UTF-8 text", "save it as UTF-8")) from None


def misread(path: Path, text: str, error: Json5Error) -> Broken:
    """The same, by file, line and key."""
    line = json5.line(text, error.at)
    return Broken(ConfigProblem(path.name, line, dotted(error.path), error.message, error.hint))


def _root(path: Path, text: str) -> Object:
    if not text.strip():
        raise Broken(ConfigProblem(path.name, 0, "", "is empty", "write {} into it, or remove it"))
    try:
        root = json5.parse(text)
    except Json5Error as error:
        raise misread(path, text, error) from None
    if not isinstance(root, Object):
        message = f"must hold an object, not {kind(root)}"
        raise Broken(ConfigProblem(path.name, json5.line(text, root.start), "", message, "write {} around it"))
    return root


def _variables(env: Section | None, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, and what the file adds to it; only tokens, and what the gateway wants, are looked up there."""
    added: dict[str, str] = {}
    more = env.section("vars") if env is not None else None
    for section in (env, more):
        for member in section or ():
            if section is env and member.key == "vars":
                continue
            if member.key in _SERVED_VARIABLES and section is not None:
                value = section.secret(member.key)
                added[member.key] = value.reveal() if value is not None else ""
            elif section is not None:
                section.notes.ignore((*section.path, member.key))
    return added | {name: value for name, value in environ.items() if value.strip()}
