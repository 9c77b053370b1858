"""``clawdbot pairing block``, ``unblock`` and ``revoke``: deciding about a sender rather than a request."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.labels import label_option, no_label
from clawdbot.cli.lasting import for_option
from clawdbot.cli.output import hint, say, warn
from clawdbot.cli.pairing_lists import account_option, on_account, say_linked
from clawdbot.cli.pairing_owner import warn_if_he_was
from clawdbot.domain import codes
from clawdbot.domain.endings import Endless, ExtendAnswer, Extended
from clawdbot.domain.facts import TERMINAL
from clawdbot.domain.instants import minute
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount, SenderId
from clawdbot.domain.persons import find
from clawdbot.domain.senders import (
    AlreadyAllowed,
    Announced,
    Blocked,
    IsBlocked,
    Labelled,
    NotAllowed,
    NotBlocked,
    Revoked,
    Senders,
    Unblocked,
)
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError, Refused, UsageError

if TYPE_CHECKING:
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
        where, sender = await _waiting_for(service, accounts, id_or_code) or await _named(service, accounts, id_or_code)
        return where, sender, await service.block_sender(where, sender, by=TERMINAL)

    where, sender, answer = context.wait_for(run())
    match answer:
        case Blocked(key, aliases, linked):
            say(f"Blocked {channel} sender {visible(sender)}{on_account(where)}.")
            say_linked(linked)
            warn_if_he_was(channel, {sender, key, *aliases, *linked})
        case IsBlocked():
            say(f"{channel} sender {visible(sender)} is blocked already{on_account(where)}.")


async def _waiting_for(
    service: "Service", accounts: list[ChannelAccount], text: str
) -> tuple[ChannelAccount, SenderId] | None:
    """The sender who waits with this code, if it is one."""
    code = codes.read(text)
    if code is not None:
        for account in accounts:
            request = (await service.read(account)).find(code, context.now())
            if request is not None:
                return account, request.sender
    return None


async def _named(service: "Service", accounts: list[ChannelAccount], text: str) -> tuple[ChannelAccount, SenderId]:
    """A sender by his id, on the account where he is known; on none of them, the default one is meant."""
    channel = accounts[0].channel
    sender = context.sender(channel, text)
    found = await _holding(service, accounts, lambda known: _is_in_or_waits(known, sender))
    if not found:
        return (accounts[0] if len(accounts) == 1 else ChannelAccount(channel)), sender
    return _single(found), sender


@click.command("unblock")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
def unblock_command(channel: Channel, id_: str, account: str | None) -> None:
    """End a block. The sender is a stranger again.

    The same for one who was turned away for a while: he may ask at once.
    """
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, Unblocked | NotBlocked]:
        service = context.service()
        where = await only(service, channel, account, lambda known: _is_shut_out(known, sender))
        return where, await service.unblock_sender(where, sender)

    where, answer = context.wait_for(run())
    match answer:
        case Unblocked(linked=linked):
            say(f"Unblocked {channel} sender {visible(sender)}{on_account(where)}.")
            say_linked(linked)
        case NotBlocked():
            raise Refused(
                f"{channel} sender {visible(sender)} is not blocked",
                hint=f'run "clawdbot pairing allowlist {channel}" to see who is',
            )


@click.command("expect")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
@label_option("What you call him.")
@for_option("Expect him for so long: 1d, 2w. If he comes later he is a stranger.")
def expect_command(channel: Channel, id_: str, account: str | None, label: str, lasts: int | None) -> None:
    """Announce a person. His first message lets him in, without a code and even if the queue is full."""
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, Announced | AlreadyAllowed | IsBlocked]:
        service = context.service()
        where = (await context.accounts(service, [channel], account or DEFAULT_ACCOUNT))[0]
        answer = await service.expect_sender(where, sender, by=TERMINAL, lasts_ms=lasts)
        if label and isinstance(answer, Announced):
            await service.label_sender(where, sender, label)
        return where, answer

    where, answer = context.wait_for(run())
    match answer:
        case Announced(until=until, linked=linked):
            limit = "" if until is None else f" until {minute(until)}"
            say(f"{channel} sender {visible(sender)} is expected{limit}{on_account(where)}.")
            say_linked(linked)
        case AlreadyAllowed():
            say(f"{channel} sender {visible(sender)} is in already{on_account(where)}.")
        case IsBlocked():
            unblock = f'run "clawdbot pairing unblock {channel} {visible(sender)}"'
            raise Refused(f"{channel} sender {visible(sender)} is blocked", hint=unblock)


@click.command("label")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@click.argument("words", nargs=-1, metavar="[TEXT]")
@account_option
def label_command(channel: Channel, id_: str, words: tuple[str, ...], account: str | None) -> None:
    """Call a person something. In your own lists; without a text the label is taken away."""
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, Labelled]:
        service = context.service()
        where = await only(service, channel, account, lambda known: knows(known, sender))
        return where, await service.label_sender(where, sender, " ".join(words))

    try:
        where, answer = context.wait_for(run())
    except ValueError as error:
        raise no_label(error) from None
    called = f'is called "{answer.label}"' if answer.label else "has no label"
    say(f"{channel} sender {visible(answer.sender)} {called}{on_account(where)}.")
    say_linked(answer.linked)


def knows(known: Senders, sender: SenderId) -> bool:
    return _is_in_or_waits(known, sender) or _is_shut_out(known, sender) or sender in known.labels


def _is_in(known: Senders, sender: SenderId) -> bool:
    return find(known.allowed, sender) is not None or find(known.expected, sender) is not None


def _is_in_or_waits(known: Senders, sender: SenderId) -> bool:
    return _is_in(known, sender) or find(known.requests, sender) is not None


def _is_shut_out(known: Senders, sender: SenderId) -> bool:
    return find(known.blocked, sender) is not None or find(known.quiet, sender) is not None


@click.command("extend")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
@for_option("For so long from now on: 12h, 7d. Else for as long as the approval was given for.")
def extend_command(channel: Channel, id_: str, account: str | None, lasts: int | None) -> None:
    """Extend an approval that ends. It never gets shorter by that."""
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, ExtendAnswer]:
        service = context.service()
        where = await only(service, channel, account, lambda known: _is_in(known, sender))
        return where, await service.extend_sender(where, sender, by=TERMINAL, lasts_ms=lasts)

    where, answer = context.wait_for(run())
    match answer:
        case Extended(until=until, linked=linked):
            say(f"{channel} sender {visible(sender)} is in until {minute(until)}{on_account(where)}.")
            say_linked(linked)
        case Endless():
            say(f"{channel} sender {visible(sender)} is in for good{on_account(where)}.")
        case NotAllowed():
            _refuse_stranger(where, sender)


@click.command("revoke")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
def revoke_command(channel: Channel, id_: str, account: str | None) -> None:
    """Take an approval back. The sender's next message does not get in any more.

    Nor does the word of an invite from before; one that you make for him afterwards does.
    """
    sender = context.sender(channel, id_)

    async def run() -> tuple[ChannelAccount, Revoked | NotAllowed]:
        service = context.service()
        where = await only(service, channel, account, lambda known: _is_in(known, sender))
        return where, await service.revoke_sender(where, sender)

    where, answer = context.wait_for(run())
    match answer:
        case Revoked(key, aliases, linked):
            say(f"Revoked {channel} sender {visible(sender)}{on_account(where)}.")
            say_linked(linked)
            if not _warn_if_listed(where, {sender, key, *aliases}):
                warn_if_he_was(channel, {sender, key, *aliases, *linked})
        case NotAllowed():
            _refuse_stranger(where, sender)


def _refuse_stranger(where: ChannelAccount, sender: SenderId) -> None:
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


def _warn_if_listed(where: ChannelAccount, ids: Collection[SenderId]) -> bool:
    """A revocation that changes nothing must not look like one that does. Is it one, or nobody can know?"""
    try:
        listed, everyone = context.listed_in_config(where)
    except ConfigError as error:
        warn(f"whether the configuration lists the sender too is not known: {error}")
        return True
    if not everyone and listed.isdisjoint(ids):
        return False
    warn(f"the sender still gets in: the configuration lists {'everybody' if everyone else 'him'}")
    hint(f"see channels.{where.channel}.allowFrom in {context.paths().config_path}")
    return True


async def only(
    service: "Service", channel: Channel, account: str | None, holds: Callable[[Senders], bool]
) -> ChannelAccount:
    """The one account that a sender is on; the first that could be meant if he is on none.

    Raises:
        UsageError: he is on several, and none is named.
    """
    accounts = await context.accounts(service, [channel], account)
    return _single(await _holding(service, accounts, holds) or accounts[:1])


async def _holding(
    service: "Service", accounts: list[ChannelAccount], holds: Callable[[Senders], bool]
) -> list[ChannelAccount]:
    return [one for one in accounts if holds(await service.read(one))]


def _single(found: list[ChannelAccount]) -> ChannelAccount:
    if len(found) > 1:
        raise UsageError(
            f"the sender is on several accounts: {', '.join(one.account for one in found)}",
            hint="name one with --account",
        )
    return found[0]
