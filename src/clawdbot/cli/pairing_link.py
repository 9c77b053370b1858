"""``clawdbot pairing link`` and ``unlink``: which ids are one person, by the owner's word."""

import click

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.output import say
from clawdbot.cli.pairing_lists import account_option, on_account
from clawdbot.cli.pairing_senders import knows, only
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_answers import Linked, NotLinked, Parted, SamePerson
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError


@click.command("link")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@click.argument("other_", metavar="OTHER_ID")
@account_option
def link_command(channel: Channel, id_: str, other_: str, account: str | None) -> None:
    """Say that two ids are one person. What you decide about one is decided about both from now on.

    If one is blocked, both are; otherwise, if one is in, the first message from the other lets it in, too. A request
    stays that of its id: to reject it leaves what waits under the other.
    """
    sender, other = _two(channel, id_, other_)

    async def run() -> tuple[ChannelAccount, Linked | SamePerson]:
        persons = context.persons()
        where = await only(persons, channel, account, lambda known: knows(known, sender) or knows(known, other))
        return where, await persons.link(where, sender, other)

    where, answer = context.wait_for(run())
    both = f"{channel} senders {visible(sender)} and {visible(other)}"
    match answer:
        case Linked(_, blocked, expected):
            say(f"{both} are one person{on_account(where)}.")
            if blocked:
                say(f"Blocked, too: {_listed(blocked)}.")
            if expected:
                say(f"Expected, and in with the first message: {_listed(expected)}.")
        case SamePerson():
            say(f"{both} are one person already{on_account(where)}.")


@click.command("unlink")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@click.argument("other_", metavar="OTHER_ID")
@account_option
def unlink_command(channel: Channel, id_: str, other_: str, account: str | None) -> None:
    """Take a link back. The other id is a person by itself again.

    If it is in or blocked, it stays so; if it was only expected, it is not any more.
    """
    sender, other = _two(channel, id_, other_)

    async def run() -> tuple[ChannelAccount, Parted | NotLinked]:
        persons = context.persons()
        where = await only(persons, channel, account, lambda known: bool(known.linked(frozenset({sender, other}))))
        return where, await persons.unlink(where, sender, other)

    where, answer = context.wait_for(run())
    match answer:
        case Parted(gone):
            say(f"{channel} sender {visible(gone)} is a person by itself again{on_account(where)}.")
        case NotLinked():
            raise Refused(
                f"{channel} senders {visible(sender)} and {visible(other)} are not linked",
                hint=f'run "clawdbot explain {channel} {visible(sender)}" to see what is',
            )


def _two(channel: Channel, id_: str, other_: str) -> tuple[SenderId, SenderId]:
    sender, other = context.sender(channel, id_), context.sender(channel, other_)
    if sender == other:
        raise UsageError("that is the same id twice", hint="name two ids of one person")
    return sender, other


def _listed(ids: frozenset[SenderId]) -> str:
    return ", ".join(visible(one) for one in sorted(ids))
