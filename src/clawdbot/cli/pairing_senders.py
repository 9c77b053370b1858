"""``clawdbot pairing block``, ``unblock`` and ``revoke``: deciding about a sender rather than a request."""

import asyncio
from collections.abc import Callable

import click

from clawdbot.cli import context
from clawdbot.cli.context import TERMINAL, ChannelName
from clawdbot.cli.output import hint, say, warn
from clawdbot.cli.pairing_lists import account_option
from clawdbot.domain import codes
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import Blocked, IsBlocked, NotAllowed, NotBlocked, Revoked, Senders, Unblocked
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError, Refused, UsageError
from clawdbot.service import Service


@click.command("block")
@click.argument("channel", type=ChannelName())
@click.argument("id_or_code")
@account_option
def block_command(channel: Channel, id_or_code: str, account: str | None) -> None:
    """Silence for a sender. He is out of the allowlist and the queue, and gets no code again."""

    async def run() -> tuple[ChannelAccount, SenderId, Blocked | IsBlocked]:
        service = context.service()
        accounts = await context.accounts(service, [channel], account)
        where, sender = await _waiting_for(service, accounts, id_or_code) or (
            accounts[0] if len(accounts) == 1 else ChannelAccount(channel),
            context.sender(channel, id_or_code),
        )
        return where, sender, await service.block_sender(where, sender, by=TERMINAL)

    where, sender, answer = asyncio.run(run())
    match answer:
        case Blocked():
            say(f"Blocked {channel} sender {visible(sender)}{on_account(where)}.")
        case IsBlocked():
            say(f"{channel} sender {visible(sender)} is blocked already{on_account(where)}.")


async def _waiting_for(
    service: Service, accounts: list[ChannelAccount], text: str
) -> tuple[ChannelAccount, SenderId] | None:
    """The sender who waits with this code, if it is one."""
    code = codes.read(text)
    if code is not None:
        for account in accounts:
            request = (await service.read(account)).find(code, context.now())
            if request is not None:
                return account, request.sender
    return None


@click.command("unblock")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
def unblock_command(channel: Channel, id_: str, account: str | None) -> None:
    """End a block. The sender is a stranger again."""
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, Unblocked | NotBlocked]:
        service = context.service()
        where = await _only(service, channel, account, lambda known: sender in known.blocked)
        return where, await service.unblock_sender(where, sender)

    where, answer = asyncio.run(run())
    match answer:
        case Unblocked():
            say(f"Unblocked {channel} sender {visible(sender)}{on_account(where)}.")
        case NotBlocked():
            raise Refused(
                f"{channel} sender {visible(sender)} is not blocked",
                hint=f'run "clawdbot pairing allowlist {channel}" to see who is',
            )


@click.command("revoke")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
def revoke_command(channel: Channel, id_: str, account: str | None) -> None:
    """Take an approval back. The sender's next message does not get in any more."""
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, Revoked | NotAllowed]:
        service = context.service()
        where = await _only(service, channel, account, lambda known: sender in known.allowed)
        return where, await service.revoke_sender(where, sender)

    where, answer = asyncio.run(run())
    match answer:
        case Revoked():
            say(f"Revoked {channel} sender {visible(sender)}{on_account(where)}.")
            _warn_if_listed(where, sender)
        case NotAllowed():
            _refuse_revocation(where, sender)


def _refuse_revocation(where: ChannelAccount, sender: SenderId) -> None:
    message = f"{where.channel} sender {visible(sender)} is not approved"
    try:
        listed, _ = context.listed_in_config(where)
    except ConfigError:
        listed = frozenset()
    if sender in listed:
        raise Refused(
            f"{message}, but listed in the configuration",
            hint=f"take it out of channels.{where.channel}.allowFrom in {context.paths().config_path}",
        )
    raise Refused(message, hint=f'run "clawdbot pairing allowlist {where.channel}" to see who is')


def _warn_if_listed(where: ChannelAccount, sender: SenderId) -> None:
    """A revocation that changes nothing must not look like one that does."""
    try:
        listed, everyone = context.listed_in_config(where)
    except ConfigError as error:
        warn(f"whether the configuration lists the sender too is not known: {error}")
        return
    if everyone or sender in listed:
        warn(f"the sender still gets in: the configuration lists {'everybody' if everyone else 'him'}")
        hint(f"see channels.{where.channel}.allowFrom in {context.paths().config_path}")


async def _only(
    service: Service, channel: Channel, account: str | None, holds: Callable[[Senders], bool]
) -> ChannelAccount:
    """The one account that a sender is on; the first that could be meant if he is on none.

    Raises:
        UsageError: he is on several, and none is named.
    """
    accounts = await context.accounts(service, [channel], account)
    found = [one for one in accounts if holds(await service.read(one))]
    if len(found) > 1:
        raise UsageError(
            f"the sender is on several accounts: {', '.join(one.account for one in found)}",
            hint="name one with --account",
        )
    return (found or accounts)[0]


def on_account(where: ChannelAccount) -> str:
    """`` on account work``; nothing for the default account."""
    return "" if where == ChannelAccount(where.channel) else f" on account {where.account}"
