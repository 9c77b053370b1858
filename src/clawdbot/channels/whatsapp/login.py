"""Linking this machine to a WhatsApp account: by scanning a QR code, or by typing a code on the phone."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from clawdbot.channels.settings import WhatsappSettings
from clawdbot.channels.whatsapp import protocol
from clawdbot.channels.whatsapp.adapter import place
from clawdbot.channels.whatsapp.connection import Connection, Timing
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.sender_ids import normalise
from clawdbot.domain.texts import login_command
from clawdbot.errors import ChannelFailed, UsageError


@dataclass(frozen=True, slots=True)
class QrCode:
    """What to scan; each replaces the one before. Whoever scans it links his account: show it, and keep it nowhere."""

    text: str


@dataclass(frozen=True, slots=True)
class PairCode:
    """What to type on the phone, under Linked devices → Link with phone number instead."""

    text: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Done: the number of the account that this machine is linked to. The last event."""

    number: str


LoginEvent = QrCode | PairCode | LoggedIn


async def login(
    account: ChannelAccount,
    settings: WhatsappSettings,
    state_dir: Path,
    *,
    phone: str = "",
    environ: Mapping[str, str] | None = None,
    timing: Timing | None = None,
) -> AsyncGenerator[LoginEvent, None]:
    """Link an account; one that is linked is left as it is.

    Args:
        phone: the account's number, to get a code to type; empty for a QR code.
        environ: what the bridge gets for an environment; ours without secrets, if not said.

    Raises:
        UsageError: that is no phone number.
        ChannelRefused: the bridge cannot be used.
        ChannelFailed: WhatsApp cannot be reached, or nobody linked the machine in time.
    """
    number, timing = _number(phone), timing or Timing()
    where = place(account, settings, state_dir, environ)
    deadline = asyncio.get_running_loop().time() + timing.login
    with suppress(TimeoutError):
        async with (
            Connection.opened(where, timing, protocol.Mode.LOGIN, number) as connection,
            aclosing(connection.events()) as events,
        ):
            while True:
                async with asyncio.timeout_at(deadline):
                    event = await anext(events)
                match event:
                    case protocol.QrCode(code):
                        yield QrCode(code)
                    case protocol.PairCode(code):
                        yield PairCode(code)
                    case protocol.Account():
                        yield LoggedIn(connection.known(event).number)
                        return
                    case protocol.Connected():
                        await asyncio.sleep(timing.settle)
                        yield LoggedIn(connection.known(event).number)
                        return
                    case _:
                        pass
    raise ChannelFailed("nobody linked this machine in time", hint=f'run "{login_command(account)}"')


def _number(phone: str) -> str:
    if not phone:
        return ""
    try:
        number = normalise(Channel.WHATSAPP, phone)
    except ValueError as error:
        raise UsageError(f"--phone: {error}") from None
    if not number.startswith("+"):
        raise UsageError("--phone: not a phone number", hint="write it with + and the country code")
    return number
