"""How the channels do in the gateway that runs on this state directory."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import ClawdbotError

if TYPE_CHECKING:
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


WITHIN_S = 2.0
"""How long a gateway may take to tell how its channels do."""


async def accounts(settings: "GatewaySettings") -> dict[ChannelAccount, Live]:
    """How the accounts do; none, if no gateway runs or it cannot be asked."""
    from clawdbot.gateway.reports import accounts_of

    return {
        where: Live(one.state, one.bot or "", one.last_error or "", one.hint or "", one.described)
        for where, one in accounts_of(await health(settings)).items()
    }


async def health(settings: "GatewaySettings") -> object:
    """How the gateway of this state directory does, as it says to whoever comes in; ``None`` if that cannot be had.

    It is not asked where that would leave a pairing request behind: who only looks changes nothing that others see.
    """
    from clawdbot.cli.gateway_target import connector, local, running_here

    if running_here() is None:
        return None
    try:
        if not await _is_let_in(settings):
            return None
        target = local(settings, CallOptions())
        async with await connector(target, WITHIN_S).connect() as connection:
            snapshot = connection.hello.snapshot
    except ClawdbotError:
        return None
    return snapshot.get("health") if isinstance(snapshot, dict) else None


async def _is_let_in(settings: "GatewaySettings") -> bool:
    """Is this machine's device approved, or would it be without anybody being asked (threats.md G9)?"""
    from clawdbot.cli.own_device import is_operator, own_device

    device = await own_device()
    if device is None or (device.paired is None and device.waiting(context.now()) is None):
        return settings.silent_local
    return is_operator(device)
