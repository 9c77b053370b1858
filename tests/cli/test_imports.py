"""What a command loads: help and completion only what they show, deciding about senders no channel and no network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.transcript import lay

HEAVY = {
    "aiohttp", "cryptography", "httpcore", "httpx", "telegram", "discord", "slack_sdk", "neonize", "anyio",
    "clawdbot.gateway", "clawdbot.config", "clawdbot.channels.telegram",
}  # fmt: skip

WORKING = {"asyncio", "ssl", "msgspec", "clawdbot.client", "clawdbot.history", "clawdbot.service", "clawdbot.store"}
"""What is needed where something is looked up or done, and not before."""

LOOKING = {
    "clawdbot.store", "clawdbot.store.disk", "clawdbot.store.documents", "clawdbot.store.entries",
    "clawdbot.store.invite_rows", "clawdbot.store.layout", "clawdbot.store.onlooker", "clawdbot.store.sight",
    "clawdbot.store.strict_json",
}  # fmt: skip
"""All of the store that whoever only looks at senders needs: nothing that locks, writes, decides or waits."""

WRITING = {
    "asyncio", "ssl", "socket", "concurrent.futures.thread", "fcntl", "random", "secrets", "tempfile",
    "msgspec", "clawdbot.client", "clawdbot.history", "clawdbot.service", "clawdbot.channels.base",
    "clawdbot.domain.senders", "clawdbot.domain.sender_answers", "clawdbot.domain.effects", "clawdbot.domain.gate",
}  # fmt: skip
"""What only deciding and writing take."""

ALWAYS = {"app", "lazy_group", "output"}

LOADED = """
import json, sys
from clawdbot.cli.app import run
try:
    code = run(sys.argv[1:])
except SystemExit as done:  # completion ends so
    code = done.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded(words: list[str], home: Path, **environ: str) -> set[str]:
    """The modules that are there when a command line is done."""
    environ = {"CLAWDBOT_STATE_DIR": str(home / "state"), "HOME": str(home), **environ}
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{LOADED}", *words],
        capture_output=True, text=True, check=True, env=environ,
    )  # fmt: skip
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0
    assert "clawdbot.cli.app" in modules
    return set(modules)


def completing(line: str, home: Path) -> set[str]:
    """The modules that are there when the last word of a line is completed."""
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    return loaded([], home, _CLAWDBOT_COMPLETE="bash_complete", **asked)


def of_store(modules: set[str]) -> set[str]:
    """The modules of the store among them."""
    return {name for name in modules if name.startswith("clawdbot.store")}


def commands(modules: set[str]) -> set[str]:
    """The modules of commands among them, but for those that every command line needs."""
    return {name.removeprefix("clawdbot.cli.") for name in modules if name.startswith("clawdbot.cli.")} - ALWAYS


def waiting(home: Path) -> Path:
    """A home on whose state files somebody waits."""
    asked = {"id": "7", "code": "ABCDEFGH", "createdAt": "@now-10s", "lastSeenAt": "@now-10s"}
    document = {"version": 1, "requests": [asked]}
    lay({"credentials/telegram-pairing.json": json.dumps(document)}, home / "state")
    return home


@pytest.mark.parametrize("words", [["pairing", "list", "telegram"], ["pairing", "list", "--json"]], ids=" ".join)
def test_looking_loads_nothing_that_decides_or_writes(words: list[str], tmp_path: Path) -> None:
    """``pairing list`` imports the reading part of the store, no event loop, no configuration, and no other command."""
    modules = loaded(words, waiting(tmp_path))
    assert (HEAVY | WRITING) & modules == set()
    assert of_store(modules) == LOOKING
    assert commands(modules) == {"pairing", "pairing_lists", "context"}


@pytest.mark.parametrize("words", [["pairing", "allowlist"], ["pairing", "invites"]], ids=" ".join)
def test_lists_about_senders_need_no_event_loop(words: list[str], tmp_path: Path) -> None:
    """Who is in is listed with the configuration, and invites by the command that makes them; both only look."""
    modules = loaded(words, waiting(tmp_path))
    assert {"asyncio", "cryptography", "clawdbot.service", "clawdbot.client", "clawdbot.gateway"} & modules == set()
    assert of_store(modules) == LOOKING


GATEWAY = {"gateway", "gateway_run", "context"}
"""The group runs the gateway itself, and so has the options of a run."""


@pytest.mark.parametrize(
    ("group", "its"),
    [
        ("", set()),
        ("pairing", {"pairing"}),
        ("channels", {"channels"}),
        ("devices", {"devices"}),
        ("nodes", {"nodes"}),
        ("node", {"node"}),
        ("gateway", GATEWAY),
    ],
)
def test_help_and_completion_of_a_group_load_none_of_its_commands(group: str, its: set[str], tmp_path: Path) -> None:
    """What is shown of them stands in the group's table."""
    words = group.split()
    for modules in (loaded([*words, "--help"], tmp_path), completing(" ".join(["clawdbot", *words, ""]), tmp_path)):
        assert (HEAVY | WORKING) & modules == set()
        assert commands(modules) == its


APPROVE = {"pairing", "pairing_codes", "pairing_lists", "pairing_owner", "labels", "lasting", "context"}
"""The command, and the rooms whose options and words it shares."""


@pytest.mark.parametrize(
    ("line", "its"),
    [
        ("pairing list --", {"pairing", "pairing_lists", "context"}),
        ("pairing list t", {"pairing", "pairing_lists", "context"}),
        ("pairing approve --", APPROVE),
        ("pairing approve t", APPROVE),
        ("gateway --b", GATEWAY),
        ("gateway run --bind l", GATEWAY),
    ],
)
def test_completion_loads_only_the_command_that_it_completes(line: str, its: set[str], tmp_path: Path) -> None:
    """Options and channels come without the state, the network, the configuration and the other commands."""
    modules = completing(f"clawdbot {line}", tmp_path)
    assert (HEAVY | WORKING) & modules == set()
    assert commands(modules) == its


def test_completing_a_code_loads_what_reads_the_state_and_nothing_else(tmp_path: Path) -> None:
    """The codes that wait are read from the state files: by what reads them, and nothing that could change them."""
    modules = completing("clawdbot pairing approve telegram ", waiting(tmp_path))
    assert (HEAVY | WRITING) & modules == set()
    assert of_store(modules) == LOOKING
    assert commands(modules) == APPROVE
