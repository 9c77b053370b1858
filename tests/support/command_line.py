"""The command line within the test's own process: as fast as a call, with its output and its exit code."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clawdbot.cli import app


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """``clawdbot`` on a home directory of its own."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.state = home / ".clawdbot"
        self._capture = capture

    async def __call__(self, *words: str) -> Said:
        """Run a command beside whatever the test has running."""
        self._capture.readouterr()
        code = await asyncio.to_thread(app.run, list(words))
        out, err = self._capture.readouterr()
        return Said(code, out, err)

    async def done(self, *words: str) -> Said:
        """Run a command that must succeed."""
        said = await self(*words)
        assert said.code == 0, said
        return said

    def configure(self, **gateway: object) -> None:
        """Write a configuration whose ``gateway`` section is this."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        path = self.state / "clawdbot.json"
        path.write_text(json.dumps({"gateway": gateway}))
        path.chmod(0o600)
