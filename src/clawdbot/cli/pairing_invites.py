"""``clawdbot pairing invite``, ``invites`` and ``uninvite``: a word that lets in who writes it to the bot."""

from dataclasses import dataclass

import click

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.labels import label_option
from clawdbot.cli.lasting import Lasting
from clawdbot.cli.output import as_json, hint, say, table, warn
from clawdbot.cli.pairing_lists import account_option, json_option, look, on_account
from clawdbot.domain import invites
from clawdbot.domain.instants import ago, iso, minute
from clawdbot.domain.invites import MAX_USES, Invite
from clawdbot.domain.inviting import MAX_INVITES
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount
from clawdbot.domain.sender_answers import InviteMade, InviteVoided, NoSuchInvite, TooManyInvites
from clawdbot.domain.texts import add_command, visible
from clawdbot.errors import ClawdbotError, ConfigError, Refused

PROBE_S = 5.0
"""How long Telegram may take to say how the bot is called; the word is good without."""


@click.command("invite")
@click.argument("channel", type=ChannelName())
@account_option
@click.option("--for", "within", type=Lasting(), default="24h", metavar="TIME", help="Good for so long: 1h, 7d.")
@click.option(
    "--uses",
    type=click.IntRange(1, MAX_USES),
    default=1,
    metavar="N",
    show_default=True,
    help="How many people it lets in.",
)
@click.option("--lasting", type=Lasting(), metavar="TIME", help="Who comes in by it is in for so long: 12h, 7d.")
@label_option("What you call whoever comes in by it.")
@json_option
def invite_command(
    channel: Channel, account: str | None, within: int, uses: int, lasting: int | None, label: str, json_: bool
) -> None:
    """Make a word that lets in who writes it. Good for a day and one person, if nothing else is said.

    On Telegram it is a link, too. The word is shown once: whoever has it gets in.
    """

    async def run() -> tuple[ChannelAccount, InviteMade | TooManyInvites, str | None]:
        persons = context.persons()
        where = (await context.accounts(persons, [channel], account or DEFAULT_ACCOUNT))[0]
        answer = await persons.invite(where, within_ms=within, uses=uses, lasts_ms=lasting, label=label)
        return where, answer, await _bot_name(where) if isinstance(answer, InviteMade) else None

    where, answer, bot = context.wait_for(run())
    match answer:
        case InviteMade() as made:
            shown = Shown(where, made, bot)
            if json_:
                as_json(shown.as_json())
            else:
                shown.print()
            _warn_if_not_set_up(where)
        case TooManyInvites():
            raise Refused(
                f"{MAX_INVITES} invites to {channel} are good already",
                hint=f'run "clawdbot pairing invites {channel}", and void one with "clawdbot pairing uninvite"',
            )


@dataclass(frozen=True, slots=True)
class Shown:
    """A new invite, for the owner's eyes. ``bot`` is how a Telegram bot is called, if that is known."""

    account: ChannelAccount
    made: InviteMade
    bot: str | None

    @property
    def link(self) -> str | None:
        return None if self.bot is None else invites.link(self.made.word, self.bot)

    def as_json(self) -> dict[str, object]:
        shown = {**_json(self.account, invites.short(self.made.digest), self.made.invite), "link": self.link}
        return {**shown, "word": self.made.word.grouped()}

    def print(self) -> None:
        one, channel = self.made.invite, self.account.channel
        people = "one person" if one.uses == 1 else f"{one.uses} people"
        where = f"{channel} until {minute(one.until)}"
        say(f"Invite {invites.short(self.made.digest)}{on_account(self.account)} lets in {people} on {where}:")
        if self.link is not None:
            say(f"  {self.link}")
        say(f"  {self.made.word.grouped()}")
        how = "follows the link, or writes" if self.link else "writes"
        say(f"Who {how} the word to the bot, and nothing else, is in. It is not shown again.")
        if channel is Channel.TELEGRAM and self.link is None:
            hint("how the bot is called is not known now; https://t.me/<bot>?start=<word without dashes> is a link")


def _warn_if_not_set_up(where: ChannelAccount) -> None:
    """A word for a channel that nobody can write to; a gateway may have an account that the configuration has not."""
    from clawdbot.cli.live import accounts

    try:
        config = context.config()
    except ConfigError:  # other commands say so
        return
    if where not in config.accounts and where not in context.wait_for(accounts(config.gateway)):
        warn(f"{where} is not set up: nobody can write the word to it yet")
        hint(f'run "{add_command(where)}"')


async def _bot_name(where: ChannelAccount) -> str | None:
    """How a Telegram bot is called: as the running gateway knows, else as Telegram says."""
    if where.channel is not Channel.TELEGRAM:
        return None
    import asyncio

    from clawdbot.cli.channel_add import probe
    from clawdbot.cli.live import accounts

    try:
        config = context.config()
        if where not in config.accounts:
            return None
        live = (await accounts(config.gateway)).get(where)
        async with asyncio.timeout(PROBE_S):
            name = live.bot if live and live.bot else (await probe(config, where)).name
    except (ClawdbotError, TimeoutError):
        return None
    return name


def _json(account: ChannelAccount, short: str, invite: Invite) -> dict[str, object]:
    return {
        "channel": account.channel,
        "account": account.account,
        "id": short,
        "usesLeft": invite.uses,
        "until": iso(invite.until),
        "madeAt": None if invite.at is None else iso(invite.at),
        "by": invite.by,
        "label": invite.label or None,
        "lastingMs": invite.lasts_ms,
    }


@click.command("invites")
@click.argument("channel", type=ChannelName(), required=False)
@account_option
@json_option
def invites_command(channel: Channel | None, account: str | None, json_: bool) -> None:
    """Show the invites that are not over. Never their words, which are not kept."""

    now = context.now()
    found = [
        (one, invites.short(digest), invite)
        for one, known in look([channel] if channel else list(Channel), account).items()
        for digest, invite in known.current(now).invites.items()
    ]
    if json_:
        as_json({"invites": [_json(*each) for each in found]})
    elif found:
        table(["Channel", "Id", "Label", "Uses left", "Ends", "Made"], [_row(*each) for each in found])
    else:
        say(f"No invites to {channel}." if channel else "No invites.")


def _row(account: ChannelAccount, short: str, invite: Invite) -> list[str]:
    now = context.now()
    since = "" if invite.at is None else f"{ago(invite.at, now)} "
    left = str(invite.uses) if invite.uses else "used up"
    return [str(account), short, invite.label, left, ago(invite.until, now), f"{since}({invite.by or 'unknown'})"]


@click.command("uninvite")
@click.argument("channel", type=ChannelName())
@click.argument("id_", metavar="ID")
@account_option
def uninvite_command(channel: Channel, id_: str, account: str | None) -> None:
    """Void an invite. Its word lets nobody in any more; who came in by it stays."""

    async def run() -> tuple[ChannelAccount, InviteVoided | NoSuchInvite]:
        persons = context.persons()
        found: tuple[ChannelAccount, InviteVoided | NoSuchInvite] = (ChannelAccount(channel), NoSuchInvite())
        for one in await context.accounts(persons, [channel], account):
            found = one, await persons.uninvite(one, id_)
            if isinstance(found[1], InviteVoided):
                break
        return found

    where, answer = context.wait_for(run())
    match answer:
        case InviteVoided(short):
            say(f"Invite {short}{on_account(where)} is void.")
        case NoSuchInvite():
            raise Refused(
                f'there is no invite "{visible(id_)}" to {channel}',
                hint=f'run "clawdbot pairing invites {channel}" to see them',
            )
