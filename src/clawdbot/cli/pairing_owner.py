"""``pairing approve --owner``: the first approval may make its sender the owner (threats.md D15)."""

import os
from collections.abc import Collection

import click

from clawdbot.cli import context
from clawdbot.cli.output import hint, say, warn
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError, Refused

owner_option = click.option(
    "--owner", "as_owner", is_flag=True, help="Make the sender the owner, who decides in chat; only if there is none."
)


def refuse_a_second() -> None:
    """Before anybody is approved. Raises Refused if there is an owner; ConfigError if nobody can know."""
    owners = context.config().owners.who
    if owners:
        raise Refused(f"there is an owner already: {owners[0]}", hint=_how_to_add())


def make_owner(where: ChannelAccount, sender: SenderId) -> None:
    """After the approval, which stands whatever happens here.

    Raises:
        Refused: somebody else became the owner meanwhile.
        ConfigError: it cannot be written.
    """
    from clawdbot.config.first_owner import make_owner as make
    from clawdbot.domain.owners import Owner

    owner = Owner(where.channel, sender)
    try:
        made = make(context.paths().config_path, owner, os.environ)
    except ConfigError as error:
        raise ConfigError(f"approved, but not made the owner: {error.message}", hint=error.hint) from None
    if not made:
        raise Refused("approved, but not made the owner: there is one by now", hint=_how_to_add())
    say(f"Made {visible(str(owner))} the owner: he is told who waits, and decides in chat.")


def warn_if_he_was(channel: Channel, ids: Collection[SenderId]) -> None:
    """After somebody is out: whether he was the owner, who hears nothing and decides nothing from now on."""
    try:
        owners = context.config().owners
    except ConfigError:  # and so it says nothing that could be warned of
        return
    out = owners.find(channel, ids)
    if out:
        is_last = len(out) == len(owners.who)
        warn("he was the owner: nobody decides in chat any more" if is_last else "he was an owner; others are left")
        hint(f'he is listed under "owner" in {context.paths().config_path}, and is it again once he is let in')


def _how_to_add() -> str:
    return f'to have another one, list him under "owner" in {context.paths().config_path}'
