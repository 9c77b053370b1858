"""How the channels do in the gateway that runs on this state directory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ClawdbotError

if TYPE_CHECKING:
    from clawdbot.client.connection import Connection
    from clawdbot.config import GatewaySettings


@dataclass(frozen=True, slots=True)
class Live:
    """How one account does in the running gateway; texts are inert.

    Attributes:
        described: for people, in a line.
    """

    state: str
    bot: str
    error: str
    hint: str
    described: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the gateway of this state directory tells.

    Attributes:
        is_silent: one runs, and tells us nothing: what it knows, and has in its environment, is not known here.
    """

    accounts: Mapping[ChannelAccount, Live]
    is_silent: bool


WITHIN_S = 2.0
"""How long a gateway may take to tell how its channels do."""


async def known(settings: "GatewaySettings") -> Known:
    """How the accounts do; none, if no gateway runs or it cannot be asked."""
    from clawdbot.gateway.reports import accounts_of

    told = await health(settings)
    accounts = {
        where: Live(one.state, one.bot or "", one.last_error or "", one.hint or "", one.described)
        for where, one in accounts_of(told).items()
    }
    return Known(accounts, is_silent(told))


async def accounts(settings: "GatewaySettings") -> Mapping[ChannelAccount, Live]:
    """The same, where it does not matter why nothing is known."""
    return (await known(settings)).accounts


def is_silent(health: object) -> bool:
    """Does a gateway run here, though nothing was heard of its health?"""
    from clawdbot.gateway import instance

    return health is None and instance.find(context.paths().state_dir) is not None


async def health(settings: "GatewaySettings") -> object:
    """How the gateway of this state directory does, as it says to whoever comes in; ``None`` if that cannot be had.

    It is not asked where that would leave a pairing request behind: who only looks changes nothing that others see.
    """
    from clawdbot.cli.gateway_target import running_here

    if running_here() is None:
        return None
    try:
        if not await is_let_in(settings):
            return None
        async with link(settings, WITHIN_S) as connection:
            snapshot = connection.hello.snapshot
    except ClawdbotError:
        return None
    return snapshot.get("health") if isinstance(snapshot, dict) else None


@asynccontextmanager
async def link(settings: "GatewaySettings", within: float) -> AsyncIterator["Connection"]:
    """The gateway of this state directory, for as long as the context lasts, wherever other commands go.

    Raises:
        ConnectRefused: it does not let us in.
        GatewayUnavailable: it cannot be reached, or does not answer.
    """
    from clawdbot.cli.gateway_target import connected, connector, local

    target = local(settings, CallOptions())
    async with await connected(target, connector(target, within)) as connection:
        yield connection


async def is_let_in(settings: "GatewaySettings") -> bool:
    """Is this machine's device approved, or would it be without anybody being asked (threats.md G9)?"""
    from clawdbot.cli.own_device import is_operator, own_device

    device = await own_device()
    if device is None or (device.paired is None and device.waiting(context.now()) is None):
        return settings.silent_local
    return is_operator(device)
