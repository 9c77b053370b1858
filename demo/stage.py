"""What the scenes are played on: people, a gateway process, the owner's terminal; and what is told is checked."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clawdbot.domain.instants import iso, parse_iso
from tests.support.channels import Person, Platform

ROOT = Path(__file__).parents[1]
PATIENCE_S = 30.0
LOGIN = ("token", "botToken", "appToken")
"""The keys of what an owner logs in with."""


class Failed(Exception):
    """A step did not go as told."""


@dataclass
class Answer:
    """What a command printed."""

    code: int
    text: str


def title(text: str) -> None:
    print(f"\n\033[1m── {text}\033[0m" if sys.stdout.isatty() else f"\n── {text}", flush=True)


def check(holds: bool, text: str) -> None:
    """Say what was to be shown; stop the demonstration if it is not so."""
    if not holds:
        raise Failed(text)
    print(f"   ✓ {text}", flush=True)


def _quote(who: str, text: str) -> None:
    first, *rest = text.splitlines() or [""]
    print(f"   {who:<14} {first}")
    for line in rest:
        print(f"   {'':<14} {line}")
    sys.stdout.flush()


class Stage:
    """A state directory, a platform, and a gateway between them."""

    def __init__(self, home: Path, platform: Platform) -> None:
        self.platform = platform
        self.channel = platform.channel
        self.people: dict[str, Person] = {}
        self.names: dict[str, str] = {}
        self.state = home / "state"
        self.record = home / "assistant.jsonl"
        self._log = home / "gateway.log"
        self._gateway: asyncio.subprocess.Process | None = None

    def lay_configuration(self) -> None:
        """What an owner has written: an assistant, and where the platform is; the login is added by command."""
        config = {
            "assistant": {"command": [sys.executable, str(ROOT / "demo" / "assistant.py"), str(self.record)]},
            "channels": {self.channel: {key: value for key, value in self.settings.items() if key not in LOGIN}},
        }
        self.state.mkdir(mode=0o700)
        (self.state / "clawdbot.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")

    @property
    def settings(self) -> dict[str, object]:
        return self.platform.settings()

    @property
    def login(self) -> list[str]:
        """What the owner logs in with."""
        return [str(self.settings[key]) for key in LOGIN if key in self.settings]

    def processed(self, sender: str = "") -> list[str]:
        """The texts that reached the assistant, of one sender or of all."""
        if not self.record.exists():
            return []
        prompts = [json.loads(line) for line in self.record.read_text("utf-8").splitlines()]
        return [prompt["text"] for prompt in prompts if sender in ("", prompt["sender"])]

    # --- people -------------------------------------------------------------------------------------------------------

    def enter(self, number: int, name: str) -> Person:
        """Somebody new."""
        self.people[name] = self.platform.person(number, name)
        self.names[self.people[name].sender] = name
        return self.people[name]

    async def says(self, person: Person, text: str) -> None:
        """A person writes; returns when the bot has done with the message."""
        _quote(f"{self.names[person.sender]} → bot", text)
        before = self._done_with(person)
        person.write(text)
        await self.until(lambda: self._done_with(person) > before, "the bot takes the message")

    def _done_with(self, person: Person) -> int:
        ignored = self.log().count(f"ignored a message of sender {person.sender}:")
        return ignored + len(self.processed(person.sender))

    async def gets(self, person: Person) -> str:
        """The next message that a person gets."""
        name = self.names[person.sender]
        try:
            text = await person.next_message(timeout=PATIENCE_S)
        except TimeoutError:
            raise Failed(f"{name} gets a message") from None
        _quote(f"bot → {name}", text)
        return text

    async def gets_code(self, person: Person) -> str:
        """The code in the next message that a person gets."""
        found = re.search(r"^Pairing code: (\S+)$", await self.gets(person), re.MULTILINE)
        check(found is not None and re.fullmatch(r"[A-HJ-NP-Z2-9]{8}", found[1]) is not None, "that is a pairing code")
        return found[1] if found else ""

    async def until(self, condition: Callable[[], bool], told: str) -> None:
        """Wait for something that happens by itself."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise Failed(told) from None

    # --- the owner ----------------------------------------------------------------------------------------------------

    async def owner(self, *words: str, stdin: str = "", exit_code: int = 0) -> Answer:
        """The owner types a command."""
        print(f"   $ clawdbot {' '.join(words)}", flush=True)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "clawdbot",
            *words,
            env=self._environ(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate(stdin.encode())
        text = output.decode()
        for line in text.splitlines():
            print(f"   {line}")
        if process.returncode != exit_code:
            raise Failed(f"clawdbot {' '.join(words)} ends with exit code {exit_code}, not {process.returncode}")
        return Answer(exit_code, text)

    def age_requests(self, seconds: int) -> None:
        """Let time pass for those who wait, as if they had asked so much earlier."""
        path = self.state / "credentials" / f"{self.channel}-pairing.json"
        stored = json.loads(path.read_text("utf-8"))
        for request in stored["requests"]:
            request["createdAt"] = _earlier(request["createdAt"], seconds)
        aside = path.with_suffix(".demo")
        aside.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
        aside.chmod(0o600)
        aside.replace(path)

    # --- the gateway --------------------------------------------------------------------------------------------------

    async def start_gateway(self) -> None:
        print("   $ clawdbot gateway --port 0 --verbose &", flush=True)
        with self._log.open("w") as log:
            self._gateway = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "clawdbot", "gateway", "--port", "0", "--verbose"),
                env=self._environ(),
                stdout=log,
                stderr=log,
            )
        await self.until(lambda: "ready as" in self.log(), "the gateway is ready")
        for line in self.log().splitlines():
            if "DEBUG" not in line:
                print(f"   {line}")

    def log(self) -> str:
        return self._log.read_text("utf-8") if self._log.exists() else ""

    async def stop_gateway(self) -> int:
        """Ask the gateway to stop, as systemd would; returns its exit code."""
        if self._gateway is None or self._gateway.returncode is not None:
            return -1
        self._gateway.terminate()
        async with asyncio.timeout(PATIENCE_S):
            return await self._gateway.wait()

    def _environ(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CLAWDBOT_") and not name.endswith("_TOKEN")
        }
        return {**kept, "CLAWDBOT_STATE_DIR": str(self.state), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _earlier(instant: str, seconds: int) -> str:
    return iso((parse_iso(instant) or 0) - seconds * 1000)
