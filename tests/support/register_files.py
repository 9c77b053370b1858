"""Registers on the disk: the reference's files as they were recorded, and files as other programs put them there."""

import json
import shutil
from pathlib import Path
from typing import Any

from clawdbot.domain.effects import Change
from clawdbot.store.device_rows import DEVICES
from clawdbot.store.locks import Patience
from clawdbot.store.node_rows import NODES
from clawdbot.store.register import Kind
from clawdbot.store.register_files import RegisterFiles, about

VECTORS = Path(__file__).parents[1] / "vectors" / "state"
KINDS: list[Kind[Any, Any, Any]] = [DEVICES, NODES]


def files(state_dir: Path, kind: Kind[Any, Any, Any] = DEVICES) -> RegisterFiles[Any, Any, Any]:
    return RegisterFiles(state_dir, kind, Patience())


def recorded(state_dir: Path) -> None:
    """A state directory as the reference left it."""
    for folder in ("devices", "nodes"):
        shutil.copytree(VECTORS / folder, state_dir / folder)


def document(state_dir: Path, name: str) -> Any:
    """``document(state_dir, "devices/paired")``."""
    path = state_dir / f"{name}.json"
    return json.loads(path.read_bytes()) if path.exists() else {}


def put(state_dir: Path, name: str, content: bytes | Any) -> Path:
    """Replace a file as another program would."""
    path = state_dir / f"{name}.json"
    for folder in (state_dir, path.parent):
        folder.mkdir(0o700, exist_ok=True)
    temporary = path.with_name("new")
    temporary.write_bytes(content if isinstance(content, bytes) else json.dumps(content, indent=2).encode())
    temporary.chmod(0o600)
    return temporary.rename(path)


def make(state_dir: Path, *moves: Any) -> list[Any]:
    """Decide at once, saved together; what was answered."""
    kind = DEVICES if type(moves[0]).__name__ == "DeviceMove" else NODES
    decides = [about(kind.id(move.key), move) for move in moves]
    outcomes = files(state_dir, kind).transact(decides)
    return [outcome.answer if isinstance(outcome, Change) else outcome for outcome in outcomes]


def state(state_dir: Path, move: Any) -> Any:
    """What the files say about the device that a move is about."""
    kind = DEVICES if type(move).__name__ == "DeviceMove" else NODES
    register = files(state_dir, kind).look()
    assert register is not None
    return register.get(kind.id(move.key))
