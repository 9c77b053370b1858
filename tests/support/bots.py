"""A bot of ours on a platform of ours, in this process: the real configuration, files, door, supervisor and adapter.

What the gateway's process puts around them (commands, signals) is tested beside it; what is left out here is nothing
that a message meets on its way.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from clawdbot.assistant.base import Prompt
from clawdbot.channels.backoff import Backoff
from clawdbot.channels.base import ChannelAdapter, DirectMessage
from clawdbot.config import Config, ConfigFile
from clawdbot.domain import codes
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.gate import Admit, Ignore
from clawdbot.domain.names import DEFAULT_ACCOUNT, AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import Approved, NoSuchRequest, Request
from clawdbot.domain.texts import APPROVED
from clawdbot.gateway.adapters import open_adapter
from clawdbot.gateway.held import open_held
from clawdbot.gateway.supervisor import State, Supervisor
from clawdbot.reception import Reception
from clawdbot.service import Door, Service, wall_clock
from clawdbot.store.files import FileStore
from tests.support.channels import Person, Platform
from tests.support.waiting import eventually

SOON = Backoff(first=0.05, most=0.2)


class Clock:
    """The wall clock, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return wall_clock() + self.ahead_ms


class Assistant:
    """Repeats what it is told; ``heard`` is all of it, and ``hold`` keeps one text waiting until it is let go."""

    def __init__(self) -> None:
        self.heard: list[Prompt] = []
        self._held: dict[str, asyncio.Event] = {}

    @property
    def texts(self) -> list[str]:
        return [prompt.text for prompt in self.heard]

    def hold(self, text: str) -> asyncio.Event:
        self._held[text] = asyncio.Event()
        return self._held[text]

    async def answer(self, prompt: Prompt) -> str:
        self.heard.append(prompt)
        if prompt.text in self._held:
            await self._held[prompt.text].wait()
        return f"You said: {prompt.text}"

    async def close(self) -> None:
        pass


@dataclass
class Bot:
    """One bot account, or more, of one channel, on a state directory.

    Attributes:
        decisions: what the door has decided, about whom, in order.
        sections: what stands under ``channels.<channel>.accounts.<name>``.
    """

    channel: Channel
    state: Path
    clock: Clock = field(default_factory=Clock)
    assistant: Assistant = field(default_factory=Assistant)
    decisions: list[tuple[DirectMessage, Admit | Ignore]] = field(default_factory=list)
    sections: dict[str, dict[str, object]] = field(default_factory=dict)
    _numbers: int = 0

    def configure(self, account: str = DEFAULT_ACCOUNT, /, **keys: object) -> None:
        """Say something about an account; it holds from the next message on."""
        section = self.sections.setdefault(account, {})
        section.update(keys)
        aside = self.state / "clawdbot.json.new"
        self.state.mkdir(mode=0o700, exist_ok=True)
        aside.write_text(json.dumps({"channels": {self.channel: {"accounts": self.sections}}}), "utf-8")
        aside.chmod(0o600)
        aside.replace(self.state / "clawdbot.json")

    def account(self, name: str = DEFAULT_ACCOUNT) -> ChannelAccount:
        return ChannelAccount(self.channel, AccountId(name))

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Bot"]:
        """Receive; stopped at the end as the gateway stops."""
        self.store = FileStore(self.state)
        self.config = ConfigFile(self.state / "clawdbot.json", {"HOME": str(self.state)})
        self.service = Service(self.store, now=self.clock)
        door = _Door(self.decisions, self.store, rules=self._rules, send=self._send, now=self.clock)
        held = open_held(
            door,
            self.state,
            self.store,
            config=self.config.current,
            supervisor=lambda: self.supervisor,
            deliver=lambda message: reception.on_direct_message(message),
            now=self.clock,
        )
        reception = Reception(held, assistant=self.assistant, send=self._send)
        self.supervisor = Supervisor(
            config=self.config.current,
            open_adapter=self._open,
            deliver=reception.on_direct_message,
            backoff=SOON,
        )
        runs = [asyncio.create_task(held.run()), asyncio.create_task(self.supervisor.run())]
        try:
            await self.until_ready()
            yield self
        finally:
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)
            await self.store.close()

    async def until_ready(self) -> None:
        """All accounts receive."""

        def ready() -> bool:
            found = self.supervisor.status
            assert not any(one.state in REFUSED for one in found.values()), found
            return len(found) == len(self.sections) and all(one.state is State.READY for one in found.values())

        await eventually(ready, "the accounts are ready")

    def _open(self, config: Config, account: ChannelAccount) -> ChannelAdapter:
        """The gateway's adapter, in more of a hurry."""
        adapter: Any = open_adapter(config, account, self.state)
        adapter._timing = replace(adapter._timing, grace=0.2, backoff=SOON)
        return cast(ChannelAdapter, adapter)

    def _rules(self, account: ChannelAccount) -> Any:
        return self.config.current().rules(account)

    async def _send(self, account: ChannelAccount, conversation: str, text: str) -> None:
        await self.supervisor.adapter(account).send(conversation, text)

    # --- what the owner does ------------------------------------------------------------------------------------------

    async def waiting(self, name: str = DEFAULT_ACCOUNT) -> list[Request]:
        return await self.service.waiting(self.account(name))

    async def approve(self, code: str, name: str = DEFAULT_ACCOUNT) -> Approved | NoSuchRequest:
        return await self.service.approve_sender(self.account(name), PairingCode(code), by="test")

    async def tell(self, sender: str) -> None:
        """The owner's ``--notify``."""
        await self.supervisor.adapter(self.account()).tell(SenderId(sender), APPROVED)

    # --- what people do -----------------------------------------------------------------------------------------------

    async def asks(self, person: Person, text: str = "hello") -> str:
        """A stranger writes; the code that he gets."""
        person.write(text)
        return code_in(await person.next_message())

    async def paired(self, person: Person) -> None:
        """A person writes, and is let in."""
        assert isinstance(await self.approve(await self.asks(person)), Approved)

    async def answers(self, person: Person, text: str = "") -> None:
        """A person who is in writes, and is answered; whatever was sent before has been looked at by then."""
        self._numbers += 1
        text = text or f"still there {self._numbers}?"
        person.write(text)
        assert await person.next_message() == f"You said: {text}"

    async def decided(self, text: str, times: int = 1) -> None:
        """The door has decided about a text so many times."""
        await eventually(
            lambda: sum(message.text == text for message, _ in self.decisions) >= times, f"{text!r} is decided about"
        )


REFUSED = frozenset({State.REFUSED, State.TOKEN_REFUSED, State.NEEDS_LOGIN, State.LOGGED_OUT, State.BANNED})


class _Door(Door):
    """The door, with a record of what it decided."""

    def __init__(self, decisions: list[tuple[DirectMessage, Admit | Ignore]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._decisions = decisions

    async def knock(self, message: DirectMessage) -> Admit | Ignore:
        decision = await super().knock(message)
        self._decisions.append((message, decision))
        return decision


def code_in(reply: str) -> str:
    """The code of a pairing reply."""
    code = reply.partition("Pairing code: ")[2].partition("\n")[0]
    assert codes.read(code) is not None, reply
    return code


@asynccontextmanager
async def bot_on(platform: Platform, **keys: object) -> AsyncIterator[Bot]:
    """A bot with one account, that receives."""
    with tempfile.TemporaryDirectory(prefix="clawdbot-") as folder:
        bot = Bot(platform.channel, Path(folder) / "state")
        bot.configure(DEFAULT_ACCOUNT, **{**platform.settings(), **keys})
        async with bot.running():
            yield bot
