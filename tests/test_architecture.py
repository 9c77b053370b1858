"""ARCHITECTURE.md names what there is: every module, room and function between its backticks."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "clawdbot"
TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## State")[0]

NAMED = re.findall(r"`([a-z_]+(?:/[a-z_]+)*/|[a-z_/]+\.py|[a-z_]+(?:/[a-z_]+)+(?:\.\w+)*|[a-z_]+_service[.\w]*)`", TEXT)
NAMED += re.findall(r"`((?:service|reception)\.[A-Z]\w+\.\w+)`", TEXT)


def is_there(name: str) -> bool:
    """Is it a room, a module (also without the room's name before it), or what a module defines?"""
    if name.endswith("/"):
        return (SOURCE / name).is_dir()
    if name.endswith(".py"):
        return any(path.as_posix().endswith(f"/{name}") for path in (*SOURCE.rglob("*.py"), *ROOT.glob("tests/*.py")))
    module, *defined = name.split(".")
    if not defined:
        return (SOURCE / module).is_dir() or (SOURCE / f"{module}.py").is_file()
    source = (SOURCE / f"{module}.py").read_text("utf-8")
    return all(re.search(rf"^ *(async def|def|class) {what}\b", source, re.MULTILINE) for what in defined)


@pytest.mark.parametrize("name", sorted({*NAMED}))
def test_what_the_architecture_names_is_there(name: str) -> None:
    assert is_there(name)


@pytest.mark.parametrize(
    "name", ["attic/", "gateway/attic", "attic.py", "domain/gate.open_to_all", "service.Door.on_direct_message"]
)
def test_what_is_not_there_would_be_found(name: str) -> None:
    assert not is_there(name)
