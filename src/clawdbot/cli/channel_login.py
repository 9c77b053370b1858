"""``clawdbot channels login``: link a WhatsApp account to this machine."""

import asyncio
import io
import os
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

from clawdbot.channels.logins import note_login
from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.output import say
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.domain.texts import add_command, visible
from clawdbot.errors import Refused, UsageError

if TYPE_CHECKING:
    from clawdbot.channels.whatsapp.login import LoginEvent


@click.command("login")
@click.argument("channel", type=ChannelName(Channel.WHATSAPP))
@click.option("--account", metavar="ID", default="", help="Account id; the default account when left out.")
@click.option("--phone", metavar="NUMBER", default="", help="Get a code to type on the phone, instead of one to scan.")
def login_command(channel: Channel, account: str, phone: str) -> None:
    """Link a WhatsApp account by phone.

    Scan a code with it, or type one there (--phone).
    """
    where = ChannelAccount(channel, context.account_id(account))
    if channel is not Channel.WHATSAPP:
        raise UsageError(f"{channel} has no login", hint=f'run "{add_command(where)}"')
    asyncio.run(_login(where, phone))


async def _login(where: ChannelAccount, phone: str) -> None:
    from clawdbot.channels.program import inherited
    from clawdbot.channels.settings import WhatsappSettings
    from clawdbot.channels.whatsapp.login import login as events

    config = context.config()
    settings = config.accounts.get(where)
    if settings is None or not isinstance(settings.platform, WhatsappSettings):
        raise Refused(f"{where} is not configured", hint=f'run "{add_command(where)}"')
    environ = inherited(os.environ, config.secrets)
    steps = events(where, settings.platform, context.paths().state_dir, phone=phone, environ=environ)
    async with aclosing(steps) as found:
        async for event in found:
            _show(event, where)
    note_login(context.paths().state_dir, where)


def _show(event: "LoginEvent", where: ChannelAccount) -> None:
    from clawdbot.channels.whatsapp.login import LoggedIn, PairCode, QrCode

    match event:
        case QrCode(text):
            say("On the phone: WhatsApp, Settings, Linked devices, Link a device. Scan this:")
            say(_drawn(text))
        case PairCode(text):
            say("On the phone: WhatsApp, Settings, Linked devices, Link with phone number instead. Type this:")
            say(f"  {visible(text)}")
        case LoggedIn(number):
            say(f"Linked {where} to {visible(number)}.")
            say("Next: clawdbot gateway   (a running one takes it up by itself)")


def _drawn(text: str) -> str:
    """A QR code in half blocks, as small as terminals can show it."""
    import segno

    drawing = io.StringIO()
    segno.make(text, error="l").terminal(drawing, compact=True)
    return drawing.getvalue().rstrip("\n")
