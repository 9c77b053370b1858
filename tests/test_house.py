"""The house rules (ARCHITECTURE.md) as tests over the source tree, each shown to be able to fail.

Every rule is a function from a module to what is wrong with it. A new package gets a row in :data:`ARROWS`; a module
that has no test module of its own gets a row in :data:`TESTED_ELSEWHERE`, with the reason.
"""

import ast
import fnmatch
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar, get_args

import pytest

from clawdbot.domain.effects import Effect

N = TypeVar("N", bound=ast.AST)

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src" / "clawdbot"

FLOORS_BELOW = (
    *("domain", "errors", "obstacles", "paths", "config", "wire", "channels", "store", "assistant"),
    *("replies", "words_on_file", "service", "persons_service", "reception"),
    *("register_service", "device_service", "node_service"),
    *("client", "history"),
)
ARROWS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "domain": ("domain", "errors"),
    "paths": ("domain", "errors"),
    "processes": (),
    "obstacles": (),
    "wire": ("wire", "domain", "errors"),
    "channels": ("channels", "domain", "errors", "processes"),
    "store": ("store", "domain", "errors", "obstacles"),
    "assistant": ("assistant", "domain", "errors", "processes"),
    "config": ("config", "domain", "errors", "obstacles", "paths", "channels.settings"),
    "replies": ("domain", "errors", "channels.base"),
    "words_on_file": ("domain", "store.base"),
    "service": ("domain", "errors", "channels.base", "store.base", "replies", "words_on_file"),
    "persons_service": ("domain", "errors", "store.base", "service"),
    "reception": ("domain", "errors", "channels.base", "assistant.base", "service"),
    "register_service": ("domain", "errors", "store.base", "service"),
    "device_service": ("domain", "errors", "store.base", "service", "register_service"),
    "node_service": ("domain", "errors", "store.base", "service", "register_service"),
    "history": ("history", "domain", "errors", "store.base", "store.disk", "store.locks"),
    "client": ("client", "wire", "domain", "errors", "obstacles", "paths"),
    "audit": ("audit", "domain", "errors", "paths", "config", "store", "channels.settings"),
    "backup": ("backup", "domain", "errors", "paths", "store"),
    "gateway": ("gateway", "__version__", *FLOORS_BELOW),
    "node": ("node", "__version__", *FLOORS_BELOW),
    "cli": ("cli", "__version__", "audit", "backup", *FLOORS_BELOW),
    "__main__": ("cli",),
    "__init__": (*FLOORS_BELOW, "gateway", "node", "cli"),
}
"""What each room may import of ours. ``__init__`` is the package itself: the public names."""

LAZY_ARROWS: dict[str, tuple[str, ...]] = {"cli": ("gateway", "node")}
"""What a room may also import inside a function: a command pays for the gateway only when it starts one."""

STANDARD_LIBRARY_ONLY = {"errors", "obstacles", "paths", "processes", "domain"}
"""Rooms that use no other library."""

BUT_FOR = {"domain.identity": {"cryptography"}}
"""… and the modules among them that do: ``cryptography`` only computes."""

TESTED_ELSEWHERE = {
    "__init__": ("test_public_api.py", "the public names"),
    "__main__": ("cli/test_transcripts.py", "python -m clawdbot is the command line"),
    "cli.*": ("cli/test_transcripts.py", "commands are sessions: what is typed and what is answered"),
    "channels.settings": ("config/test_platforms.py", "plain values, tested through what the configuration says"),
    "replies": ("test_service.py", "the last step of what the door decides: one road, tested as one"),
    "reception": ("test_service.py", "it goes on where the door ends: one road, tested as one"),
    "wire.fields": ("wire/test_params.py", "the vocabulary of the schemas, tested through them"),
    "gateway.dialogue": ("gateway/test_connection.py", "what happens and what is to be done, tested in dialogues"),
    "domain.sender_answers": ("domain/test_senders.py", "plain values, tested as what is answered"),
    "store.files": ("store/test_contract.py", "one suite for every engine"),
    "store.memory": ("store/test_contract.py", "one suite for every engine"),
}
"""Module, or a pattern of names → the file or folder under ``tests`` that tests it, and why not one of its own."""


MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 50


class Module:
    """A module of ours, by its name within the package: ``domain.codes``."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.room = name.partition(".")[0]
        self.lines = source.count("\n") + 1
        self.tree = ast.parse(source)

    def find(self, *kinds: type[N]) -> Iterator[N]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        yield from self.find(ast.FunctionDef)
        yield from self.find(ast.AsyncFunctionDef)


Rule = Callable[[Module], Iterator[str]]


@cache
def house() -> list[Module]:
    paths = sorted(SOURCE.rglob("*.py"))
    return [Module(".".join(path.relative_to(SOURCE).with_suffix("").parts), path.read_text("utf-8")) for path in paths]


# --- 1. one arrow ----------------------------------------------------------------------------------------------------


def imported(module: Module) -> Iterator[tuple[str, bool]]:
    """Each name that a module imports, in full, and whether only when a function runs."""
    inside = {id(node) for function in module.functions() for node in ast.walk(function)}
    for plain in module.find(ast.Import):
        yield from ((alias.name, id(plain) in inside) for alias in plain.names)
    for statement in module.find(ast.ImportFrom):
        origin = "." * statement.level + (statement.module or "")
        yield from ((f"{origin}.{alias.name}", id(statement) in inside) for alias in statement.names)


def one_arrow(module: Module) -> Iterator[str]:
    """Rooms import downwards only, and the inner ones no library."""
    if module.room not in ARROWS:
        yield f"{module.room} has no row in ARROWS"
        return
    for name, lazily in imported(module):
        top, _, ours = name.partition(".")
        allowed = ARROWS[module.room] + (LAZY_ARROWS.get(module.room, ()) if lazily else ())
        if top == "clawdbot":
            if not any(ours == room or ours.startswith(f"{room}.") for room in allowed):
                yield f"imports {name}"
        elif not top:
            yield f"imports {name}: name the whole path"
        elif module.room in STANDARD_LIBRARY_ONLY and top not in sys.stdlib_module_names | BUT_FOR.get(
            module.name, set()
        ):
            yield f"imports the library {top}"


# --- 2. time, randomness and configuration are arguments -------------------------------------------------------------

PURE = re.compile(r"domain\..*|wire\..*|channels\.(.*\.)?parse")
WORLD = {"asyncio", "os", "random", "secrets", "socket", "subprocess", "tempfile", "threading", "time"}
FROM_THE_AIR = re.compile(
    r"((.*\.)?(datetime|date)\.(now|utcnow|today)|(.*\.)?uuid[14]|.*PrivateKey\.generate|open|input|print|globals)"
)


def nothing_from_the_air(module: Module) -> Iterator[str]:
    """Where decisions are made and messages are read, nobody looks at a clock, a die, the environment or a file."""
    if not PURE.fullmatch(module.name):
        return
    yield from (f"imports {name}" for name, _ in imported(module) if name.partition(".")[0] in WORLD)
    names = [ast.unparse(node) for node in [*module.find(ast.Attribute), *module.find(ast.Name)]]
    yield from (f"takes {name}" for name in names if FROM_THE_AIR.fullmatch(name))
    yield from ("waits" for _ in [*module.find(ast.AsyncFunctionDef), *module.find(ast.Await)])


# --- 3. decide, commit, perform --------------------------------------------------------------------------------------

EFFECTS = {effect.__name__ for effect in get_args(Effect)}


def effects_are_decided(module: Module) -> Iterator[str]:
    """Only a decision asks for an effect; everybody else performs what was decided."""
    if module.room != "domain":
        called = (ast.unparse(call.func).rpartition(".")[2] for call in module.find(ast.Call))
        yield from (f"makes up the effect {name}" for name in called if name in EFFECTS)


# --- 4. what guards the door raises, what is expected is a value -----------------------------------------------------

RIDDLE = re.compile(r"\b[Tt]uple\[bool\b")
LOOSE = re.compile(r"\bAny\b")


def no_riddles(module: Module) -> Iterator[str]:
    """No answer is a pair that begins with whether it worked."""
    for function in module.functions():
        if function.returns is not None and RIDDLE.search(ast.unparse(function.returns)):
            yield f"{function.name} answers with {ast.unparse(function.returns)}"


def no_loose_ends(module: Module) -> Iterator[str]:
    """Nothing in the domain is typed as anything: no ``dict[str, Any]`` passes a boundary."""
    if module.room == "domain":
        yield from ("uses Any" for name in module.find(ast.Name) if LOOSE.fullmatch(name.id))
        quoted = (text.value for text in module.find(ast.Constant) if isinstance(text.value, str))
        yield from (f"uses {text}" for text in quoted if re.fullmatch(r"\w+\[.*\bAny\b.*\]", text))


# --- 5. small rooms --------------------------------------------------------------------------------------------------


def small_rooms(module: Module) -> Iterator[str]:
    """A file of 300 lines and a function of 40 are enough; these are the limits where it must be divided."""
    if module.lines > MAX_FILE_LINES:
        yield f"has {module.lines} lines"
    for function in module.functions():
        length = (function.end_lineno or 0) - function.lineno + 1
        if length > MAX_FUNCTION_LINES:
            yield f"{function.name} has {length} lines"


def own_test(name: str) -> Path:
    *folders, last = name.split(".")
    return TESTS.joinpath(*folders, f"test_{last}.py")


def is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def untested(module: Module) -> Iterator[str]:
    """A module has the test module of its name, or a row that says which suite tests it and why."""
    passes_on = all(
        isinstance(node, ast.Expr | ast.Import | ast.ImportFrom) or is_all(node) for node in module.tree.body
    )
    protocol = module.name.endswith(".base")
    suites = [suite for names, (suite, _) in TESTED_ELSEWHERE.items() if fnmatch.fnmatchcase(module.name, names)]
    elsewhere = any((TESTS / suite).exists() for suite in suites)
    if not (passes_on or protocol or elsewhere or own_test(module.name).is_file()):
        yield f"has no {own_test(module.name).relative_to(TESTS.parent)}"


# --- the tests -------------------------------------------------------------------------------------------------------

RULES = [one_arrow, nothing_from_the_air, effects_are_decided, no_riddles, no_loose_ends, small_rooms]


def broken(rule: Rule) -> list[str]:
    return [f"{module.name}: {problem}" for module in house() for problem in rule(module)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    """No module of ours breaks it."""
    assert broken(rule) == []


def test_every_module_is_tested() -> None:
    """Each module has its tests, of its own or in a suite that the table names."""
    assert broken(untested) == []


def test_the_table_of_other_suites_is_true() -> None:
    """A row that names no module any more, or one that has tests of its own, goes."""
    names = [module.name for module in house()]
    for row, (_, reason) in TESTED_ELSEWHERE.items():
        assert reason
        assert fnmatch.filter(names, row)
        assert not own_test(row).is_file()


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (one_arrow, "domain.codes", "import clawdbot.store.files"),
        (one_arrow, "domain.codes", "from clawdbot import service"),
        (one_arrow, "domain.codes", "from clawdbot import Service"),
        (one_arrow, "domain.codes", "from ..store import files"),
        (one_arrow, "domain.codes", "import msgspec"),
        (one_arrow, "domain.codes", "def late():\n    from aiohttp import web"),
        (one_arrow, "domain.codes", "from cryptography import x509"),
        (one_arrow, "domain.identity", "import msgspec"),
        (one_arrow, "errors", "from clawdbot.domain import names"),
        (one_arrow, "wire.frames", "from clawdbot.channels.base import Deliver"),
        (one_arrow, "store.files", "from clawdbot.channels import base"),
        (one_arrow, "channels.telegram.adapter", "from clawdbot.store.base import Store"),
        (one_arrow, "service", "from clawdbot.store.files import FileStore"),
        (one_arrow, "service", "from clawdbot.store import baseline"),
        (one_arrow, "service", "if TYPE_CHECKING:\n    from clawdbot.channels.telegram import adapter"),
        (one_arrow, "gateway.server", "from clawdbot.cli import output"),
        (one_arrow, "cli.gateway", "from clawdbot.gateway.app import run"),
        (one_arrow, "attic.boxes", ""),
        (nothing_from_the_air, "domain.codes", "import time"),
        (nothing_from_the_air, "domain.codes", "from os import environ"),
        (nothing_from_the_air, "wire.frames", "import secrets"),
        (nothing_from_the_air, "wire.frames", "def f(): return datetime.datetime.now(UTC)"),
        (nothing_from_the_air, "channels.telegram.parse", "made = field(default_factory=datetime.now)"),
        (nothing_from_the_air, "channels.parse", "from uuid import uuid4\nid = uuid4()"),
        (nothing_from_the_air, "domain.identity", "key = Ed25519PrivateKey.generate()"),
        (nothing_from_the_air, "domain.codes", "text = open('codes').read()"),
        (nothing_from_the_air, "domain.codes", "async def draw(): ..."),
        (effects_are_decided, "service", "effects = [SendCode(sender, code)]"),
        (effects_are_decided, "gateway.hub", "perform(effects.Disconnect(device))"),
        (no_riddles, "service", "def approve() -> tuple[bool, str]: ..."),
        (no_riddles, "cli.app", "async def approve() -> Awaitable['tuple[bool, str | None]']: ..."),
        (no_riddles, "store.files", "class A:\n    def b(self) -> None | Tuple[bool, ...]: ..."),
        (no_loose_ends, "domain.codes", "def f(frame: dict[str, Any]) -> None: ..."),
        (no_loose_ends, "domain.codes", "def f() -> 'Mapping[str, Any]': ..."),
        (small_rooms, "domain.codes", "\n" * MAX_FILE_LINES),
        (small_rooms, "domain.codes", "def f():\n" + "    pass\n" * MAX_FUNCTION_LINES),
        (untested, "domain.attic", "x = 1"),
        (untested, "domain.attic.__init__", "LIMIT = 3"),
    ],
)
def test_the_rule_can_be_broken(rule: Rule, name: str, source: str) -> None:
    """The check finds what it is for."""
    assert list(rule(Module(name, source)))


@pytest.mark.parametrize(
    ("rule", "name", "source"),
    [
        (
            one_arrow,
            "domain.codes",
            "import re\nfrom clawdbot.domain.secret import Secret\nfrom clawdbot.domain import names",
        ),
        (one_arrow, "domain.identity", "from cryptography.hazmat.primitives import serialization"),
        (one_arrow, "service", "from clawdbot.store.base import Store\nfrom clawdbot.domain import gate"),
        (one_arrow, "cli.gateway", "def run():\n    from clawdbot.gateway.app import run"),
        (one_arrow, "cli.app", "from clawdbot import __version__\nimport click"),
        (
            nothing_from_the_air,
            "domain.instants",
            "from datetime import datetime\ndef f(t): return datetime.fromisoformat(t)",
        ),
        (nothing_from_the_air, "channels.telegram.api", "import time\nasync def f(): await g()"),
        (nothing_from_the_air, "domain.codes", "def f(now, opened): return now - opened"),
        (effects_are_decided, "domain.senders", "Change(state, answer, (SendCode(sender, code),))"),
        (effects_are_decided, "service", "match effect:\n    case SendCode(_, code): send(code)"),
        (no_riddles, "service", "def f() -> tuple[str, bool]: ..."),
        (no_loose_ends, "wire.frames", "def f(frame: dict[str, Any]) -> None: ..."),
        (no_loose_ends, "domain.codes", "'Any text'"),
        (small_rooms, "domain.codes", "\n" * (MAX_FILE_LINES - 1)),
        (small_rooms, "domain.codes", "def f():\n" + "    pass\n" * (MAX_FUNCTION_LINES - 1)),
        (untested, "domain.codes", "x = 1"),
        (untested, "domain.attic.__init__", '"""Words."""\nfrom a import b\n__all__ = ["b"]'),
        (untested, "store.base", "class Store(Protocol): ..."),
    ],
)
def test_the_rule_can_be_kept(rule: Rule, name: str, source: str) -> None:
    """The check does not cry wolf."""
    assert list(rule(Module(name, source))) == []
