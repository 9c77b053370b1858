"""What commands need from the world: where the state is, the time, and names as the owner typed them."""

import os
import time
from collections.abc import Collection, Coroutine, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from clawdbot.domain import names, sender_ids
from clawdbot.domain.names import DEFAULT_ACCOUNT, AccountId, Channel, ChannelAccount, Instant, SenderId
from clawdbot.errors import ConfigError, Refused, UsageError
from clawdbot.paths import Paths, home_of, locate

if TYPE_CHECKING:
    from clawdbot.config import Config
    from clawdbot.domain.facts import Fact
    from clawdbot.history.log import Log
    from clawdbot.persons_service import PersonsService
    from clawdbot.service import Service
    from clawdbot.store.files import FileStore
    from clawdbot.store.onlooker import Onlooker


T = TypeVar("T")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Do what has to wait, to its end. Who only completes a word does not load what that needs."""
    import asyncio

    return asyncio.run(work)


def now() -> Instant:
    """The system's time."""
    return time.time_ns() // 1_000_000


def paths() -> Paths:
    return locate(os.environ, home_of(os.environ))


def store() -> "FileStore":
    from clawdbot.store.files import FileStore

    return FileStore(paths().state_dir)


def onlooker() -> "Onlooker":
    """The state files for a command that only looks: it loads nothing that decides, waits or writes."""
    from clawdbot.store.onlooker import Onlooker

    return Onlooker(paths().state_dir)


def service() -> "Service":
    """The owner's verbs on the state files: they work with and without a running gateway."""
    from clawdbot.service import Service

    return Service(store(), record=record)


def persons() -> "PersonsService":
    """The same, and what the owner says about people beforehand."""
    from clawdbot.persons_service import PersonsService

    return PersonsService(store(), record=record)


def record(fact: "Fact") -> None:
    """Take down in the history what was decided. Who only looks does not load what that needs."""
    from clawdbot.history.scribe import at_once

    at_once(history())(fact)


def history() -> "Log":
    """The history of the state directory."""
    from clawdbot.history.log import Log

    return Log(paths().state_dir, now=now)


def config() -> "Config":
    """The configuration. Raises ConfigError."""
    from clawdbot.config import load

    return load(paths().config_path, os.environ)


class ChannelName(click.ParamType[Channel]):
    """A channel as an argument.

    Args:
        offered: those that help and completion name; all are understood.
    """

    name = "channel"

    def __init__(self, *offered: Channel) -> None:
        self.offered = offered or tuple(Channel)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return f"{{{'|'.join(self.offered)}}}" if len(self.offered) > 1 else self.offered[0]

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Channel:
        return value if isinstance(value, Channel) else channel(str(value))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name.value) for name in self.offered if name.startswith(incomplete.lower())]


def channel(text: str) -> Channel:
    """A channel by name. Raises UsageError with the nearest one."""
    try:
        return names.channel(text)
    except ValueError:
        near = get_close_matches(text.strip().lower(), list(Channel), n=1)
        hint = f'did you mean "{near[0]}"?' if near else f"channels are {', '.join(Channel)}"
        raise UsageError(f'there is no channel "{text}"', hint=hint) from None


def account_id(text: str) -> AccountId:
    """An account by name. Raises UsageError."""
    try:
        return names.account_id(text)
    except ValueError as error:
        raise UsageError(f'"{text}" is no account: {error}', hint='run "clawdbot channels status"') from None


def sender(on: Channel, text: str) -> SenderId:
    """A sender's id as the owner spells it. Raises UsageError with the reason."""
    try:
        return sender_ids.normalise(on, text)
    except ValueError as error:
        raise UsageError(
            f'"{text}" is no {on} sender id: {error}', hint=f'run "clawdbot pairing list {on}" to see ids'
        ) from None


async def accounts(service: "Service", channels: Sequence[Channel], account: str | None) -> list[ChannelAccount]:
    """:func:`among` what the service knows."""
    return among(await service.accounts(), channels, account)


def among(stored: Collection[ChannelAccount], channels: Sequence[Channel], account: str | None) -> list[ChannelAccount]:
    """The accounts of some channels that are stored or configured, the default ones always; or the one that is named.

    Raises:
        Refused: no such account on any of the channels.
    """
    known = {known for known in stored if known.channel in channels}
    if account is None:
        return sorted(known | {ChannelAccount(channel) for channel in channels})
    wanted = account_id(account)
    if wanted == DEFAULT_ACCOUNT:
        return [ChannelAccount(channel) for channel in channels]
    known |= {one for one in _configured() if one.channel in channels}
    found = [one for one in known if one.account == wanted]
    if not found:
        there = {channel: [one.account for one in sorted(known) if one.channel is channel] for channel in channels}
        listed = "; ".join(f"accounts of {channel}: {', '.join(names)}" for channel, names in there.items() if names)
        raise Refused(
            f'there is no account "{account}" on {", ".join(channels)}',
            hint=listed or 'run "clawdbot channels status" to see the accounts',
        )
    return sorted(found)


def _configured() -> list[ChannelAccount]:
    """The configured accounts; none while the configuration is broken, which is not what was asked about."""
    try:
        return list(config().accounts)
    except (ConfigError, OSError):
        return []


def listed_in_config(account: ChannelAccount) -> tuple[frozenset[SenderId], bool]:
    """Whom the configuration itself lets in: the listed ids, and whether that is everybody.

    Raises:
        ConfigError: the configuration is broken.
    """
    configured = config().accounts.get(account)
    return (configured.rules.listed, configured.rules.everyone) if configured else (frozenset(), False)
