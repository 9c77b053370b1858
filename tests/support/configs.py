"""Configurations as tests write them, and what is said about them."""

from collections.abc import Mapping
from pathlib import Path

from clawdbot.config import Config, load, problems
from clawdbot.domain.gate import DmRules
from clawdbot.domain.names import AccountId, Channel, ChannelAccount

TOKEN = "123456:ABC-def_1"


class Desk:
    """A directory with a ``clawdbot.json`` in it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "clawdbot.json"

    def write(self, text: str) -> Path:
        self.path.write_text(text, "utf-8")
        return self.path

    def config(self, text: str, environ: Mapping[str, str] | None = None) -> Config:
        """What a text says. Raises ConfigError."""
        return load(self.write(text), environ or {})

    def problems(self, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        """Everything that is found in a text, as ``error: line: key: message (hint)`` without the file's name."""
        found = problems(self.write(text), environ or {})
        return [
            f"{problem.severity}: {str(problem).removeprefix('clawdbot.json:')}"
            + (f" ({problem.hint})" if problem.hint else "")
            for problem in found
        ]

    def errors(self, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        """The same, of errors alone and without that word."""
        found = self.problems(text, environ)
        return [problem.removeprefix("error: ") for problem in found if problem.startswith("error: ")]

    def warnings(self, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
        """The same, of warnings."""
        found = self.problems(text, environ)
        return [problem.removeprefix("warning: ") for problem in found if problem.startswith("warning: ")]

    def rules(self, channel: Channel, text: str, account: str = "default") -> DmRules:
        """The rules of an account of a channel, of whose section ``text`` is."""
        config = self.config(f"{{channels: {{{channel}: {text}}}}}")
        return config.accounts[ChannelAccount(channel, AccountId(account))].rules
