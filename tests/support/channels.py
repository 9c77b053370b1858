"""What the channels' tests share: who listens to an adapter, and what a platform of our own can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from clawdbot.channels.base import BotIdentity
from clawdbot.domain.names import Channel
from clawdbot.errors import ChannelFailed


@dataclass
class Reports:
    """A :class:`clawdbot.channels.base.Report` that remembers."""

    ready_as: list[BotIdentity] = field(default_factory=list)
    troubles: list[ChannelFailed] = field(default_factory=list)

    def ready(self, bot: BotIdentity) -> None:
        self.ready_as.append(bot)

    def trouble(self, failure: ChannelFailed) -> None:
        self.troubles.append(failure)


class Person(Protocol):
    """Somebody on a platform: writes to the bot, and gets what it writes."""

    received: list[str]

    @property
    def sender(self) -> str:
        """His id, as ``pairing list`` shows it."""

    @property
    def id_line(self) -> str:
        """The line of the pairing reply that tells him his id."""

    def write(self, text: str) -> object:
        """Send the bot a direct message."""

    async def next_message(self, timeout: float = 30.0) -> str:
        """The next text from the bot that was not asked for yet. Raises TimeoutError."""


class Presser(Person, Protocol):
    """Somebody on a platform with buttons. Messages of the bot go by what :meth:`buttons` calls them."""

    async def press(self, message: Any, data: str, *, timeout: float = 30.0) -> str:
        """Press a button under a message of the bot; what is shown then. Programs of people's own may send any data."""

    def buttons(self) -> Mapping[Any, list[list[str]]]:
        """What the buttons under each message say that has some."""

    def latest(self) -> Any:
        """The last message of the bot."""

    def shows(self, message: Any) -> str:
        """A message of the bot as it looks now."""


class Platform(Protocol):
    """A platform of our own, with one bot account, that the real adapter talks to over a real socket or pipe.

    An async context manager: it listens (or can be started) while it is entered.
    """

    channel: Channel

    def settings(self) -> dict[str, object]:
        """The keys of ``channels.<channel>`` that lead a gateway to it, credentials included."""

    def person(self, number: int, name: str) -> Person:
        """Somebody; another number is another person, the same number in another account the same one."""

    def noise(self, person: Any) -> Mapping[str, Callable[[], object]]:
        """What reaches a bot and is no new direct text from a person (threats.md D8), by what it is: in a group, from a
        bot, our own echo, an edit, a reaction, a status, history and so on, each as this platform sends it."""

    def redeliver(self, person: Any) -> object:
        """Send the last message of a person once more, as the platform does after a lost acknowledgement."""

    def drop(self) -> object:
        """Break the connections to the bot, as networks do; the platform comes back at once."""
