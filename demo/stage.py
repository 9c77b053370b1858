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
from tests.fakes.telegram import FakeTelegram, FakeUser

ROOT = Path(__file__).parents[1]
PATIENCE_S = 30.0


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
    """A state directory, a Bot API server, and a gateway between them."""

    def __init__(self, home: Path, telegram: FakeTelegram) -> None:
        self.telegram = telegram
        self.people: dict[str, FakeUser] = {}
        self.state = home / "state"
        self.record = home / "assistant.jsonl"
        self.token_file = home / "token"
        self._log = home / "gateway.log"
        self._gateway: asyncio.subprocess.Process | None = None

    def lay_configuration(self) -> None:
        """What an owner has written: an assistant, and where the Bot API is."""
        config = {
            "assistant": {"command": [sys.executable, str(ROOT / "demo" / "assistant.py"), str(self.record)]},
            "channels": {"telegram": {"apiBase": self.telegram.url}},
        }
        self.state.mkdir(mode=0o700)
        (self.state / "clawdbot.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
        self.token_file.write_text(self.telegram.token, "utf-8")
        self.token_file.chmod(0o600)

    def processed(self) -> list[str]:
        """The texts that reached the assistant."""
        if not self.record.exists():
            return []
        return [json.loads(line)["text"] for line in self.record.read_text("utf-8").splitlines()]

    # --- people -------------------------------------------------------------------------------------------------------

    def enter(self, id: int, name: str, **more: str) -> FakeUser:
        """Somebody new."""
        self.people[name] = self.telegram.user(id, name, **more)
        return self.people[name]

    async def says(self, person: FakeUser, text: str) -> None:
        """A person writes; returns when the bot has done with the message."""
        _quote(f"{person.names['first_name']} → bot", text)
        person.write(text)
        await self.until(lambda: not self.telegram.unconfirmed, "the bot takes the message")

    async def gets(self, person: FakeUser) -> str:
        """The next message that a person gets."""
        try:
            text = await person.next_message(timeout=PATIENCE_S)
        except TimeoutError:
            raise Failed(f"{person.names['first_name']} gets a message") from None
        _quote(f"bot → {person.names['first_name']}", text)
        return text

    async def gets_code(self, person: FakeUser) -> str:
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
        path = self.state / "credentials" / "telegram-pairing.json"
        stored = json.loads(path.read_text("utf-8"))
        for request in stored["requests"]:
            request["createdAt"] = _earlier(request["createdAt"], seconds)
        aside = path.with_suffix(".demo")
        aside.write_text(json.dumps(stored, indent=2) + "\n", "utf-8")
        aside.chmod(0o600)
        aside.replace(path)

    # --- the gateway --------------------------------------------------------------------------------------------------

    async def start_gateway(self) -> None:
        print("   $ clawdbot gateway --port 0 &", flush=True)
        with self._log.open("w") as log:
            self._gateway = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "clawdbot", "gateway", "--port", "0", env=self._environ(), stdout=log, stderr=log
            )
        await self.until(lambda: "ready as" in self.log(), "the gateway is ready")
        for line in self.log().splitlines():
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
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLAWDBOT_", "TELEGRAM_"))}
        return {**kept, "CLAWDBOT_STATE_DIR": str(self.state), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _earlier(instant: str, seconds: int) -> str:
    return iso((parse_iso(instant) or 0) - seconds * 1000)
