"""``clawdbot pairing approve`` and ``reject``: deciding about who waits, by the code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.labels import label_option
from clawdbot.cli.lasting import for_option
from clawdbot.cli.output import hint, say, warn
from clawdbot.cli.pairing_lists import account_option, look, on_account, say_linked
from clawdbot.cli.pairing_owner import make_owner, owner_option, refuse_a_second
from clawdbot.domain import codes, names
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.instants import minute
from clawdbot.domain.names import ITS_OWN_CONNECTION, Channel, ChannelAccount, SenderId
from clawdbot.domain.texts import APPROVED, visible
from clawdbot.errors import ClawdbotError, ConfigError, ConnectRefused, DeliveryFailed, NoGateway, Refused, UsageError

if TYPE_CHECKING:
    from clawdbot.service import Service

WRONG_CODE_PAUSE_S = 1.0
"""A wrong code costs whoever asks this long; a right one costs nothing (threats.md D13)."""

NOTIFY_PATIENCE_S = 10.0
"""How long the owner waits at most for a sender to be told; the approval stands already."""

channel_option = click.option(
    "--channel", "channel_", type=ChannelName(), help="The channel, if it is not the first word."
)


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The channels, and then the codes that wait."""
    words: Sequence[str] = ctx.params.get("words") or ()
    chosen: Channel | None = ctx.params.get("channel_")
    if not words and chosen is None:
        return ChannelName().shell_complete(ctx, param, incomplete)

    try:
        found = look([chosen or context.channel(words[0])], None)
    except ClawdbotError:  # nothing to offer; the command itself will say why
        return []
    now = context.now()
    waiting = [request.code.reveal() for known in found.values() for request in known.waiting(now)]
    return [CompletionItem(code) for code in waiting if code.startswith(incomplete.upper())]


words_argument = click.argument("words", nargs=-1, required=True, metavar="[CHANNEL] CODE", shell_complete=_complete)


@click.command("approve")
@words_argument
@channel_option
@account_option
@for_option("For so long only: 12h, 7d. After that the sender is a stranger again.")
@click.option("--notify", is_flag=True, help="Tell the sender on the same channel.")
@label_option("What you call him.")
@owner_option
def approve_command(
    words: Sequence[str],
    channel_: Channel | None,
    account: str | None,
    lasts: int | None,
    *,
    label: str,
    notify: bool,
    as_owner: bool,
) -> None:
    """Let in the sender whom a code belongs to."""
    from clawdbot.domain.facts import TERMINAL
    from clawdbot.domain.sender_answers import Approved, NoSuchRequest

    if as_owner:
        refuse_a_second()

    async def run() -> tuple[ChannelAccount, Approved]:
        service = context.service()
        where, code = await _locate(service, words, channel_, account)
        match await service.approve_sender(where, code, by=TERMINAL, lasts_ms=lasts):
            case Approved() as approved:
                if label:
                    await service.label_sender(where, approved.request.sender, label)
                return where, approved
            case NoSuchRequest():
                raise _no_such_request(where.channel)

    where, approved = context.wait_for(run())
    sender = approved.request.sender
    called = f' as "{label}"' if label else ""
    say(f"Approved {where.channel} sender {visible(sender)}{called}{on_account(where)}{_until(lasts)}.")
    if as_owner:
        make_owner(where, sender)
    if _tells_by_itself(where):
        say("The gateway tells the sender.")
    elif notify or _is_always_told(where):
        _notify(where, sender)


def _is_always_told(where: ChannelAccount) -> bool:
    """Whether the configuration wants the sender told; not while it is broken."""
    try:
        return context.config().notifies_on_approve(where)
    except ConfigError:
        return False


def _tells_by_itself(where: ChannelAccount) -> bool:
    """Whether a gateway runs here that sees the approval and tells the sender."""
    from clawdbot.gateway import instance

    return _is_always_told(where) and instance.find(context.paths().state_dir) is not None


def _notify(where: ChannelAccount, sender: SenderId) -> None:
    """Tell the sender; a failure is a warning, for the approval stands."""
    try:
        context.wait_for(_tell(where, sender))
        say(f"Told {visible(sender)}.")
    except ClawdbotError as error:
        warn(f"approved, but the sender could not be told: {error.message}")
        if error.hint:
            hint(error.hint)


async def _tell(where: ChannelAccount, sender: SenderId) -> None:
    """Through the gateway that runs, for it has the connection and may alone have the token; else by an adapter."""
    import asyncio

    from clawdbot.gateway.adapters import open_adapter

    if await _gateway_tells(where, sender):
        return
    adapter = open_adapter(context.config(), where, context.paths().state_dir)
    try:
        async with asyncio.timeout(NOTIFY_PATIENCE_S):
            await adapter.tell(sender, APPROVED)
    except TimeoutError:
        reason = f"{where.channel} did not take the message within {NOTIFY_PATIENCE_S:.0f} s"
        raise DeliveryFailed(reason, hint='run "clawdbot channels status --probe"') from None
    finally:
        await adapter.close()


async def _gateway_tells(where: ChannelAccount, sender: SenderId) -> bool:
    """Let the gateway of this state directory tell the sender; ``False`` if it cannot, and an adapter perhaps can."""
    from clawdbot.cli import live
    from clawdbot.cli.gateway_target import running_here

    if running_here() is None:
        return False
    config = context.config()
    account = config.accounts.get(where)
    is_alone = where.channel in ITS_OWN_CONNECTION or account is None or bool(account.token_problem)
    if not is_alone and not await live.is_let_in(config.gateway):
        return False
    params = {"channel": where.channel.value, "account": where.account, "sender": sender}
    try:
        async with live.link(config.gateway, NOTIFY_PATIENCE_S) as gateway:
            await gateway.call("dm.pair.notify", params)
    except (ConnectRefused, NoGateway):
        if is_alone:
            raise
        return False
    return True


@click.command("reject")
@words_argument
@channel_option
@account_option
@for_option("Silence for so long: 1h, 7d. Until then the sender gets no other code.")
def reject_command(words: Sequence[str], channel_: Channel | None, account: str | None, lasts: int | None) -> None:
    """Dismiss a request, and it alone. The sender is told nothing and may ask again.

    With --for the person is turned away until then, under every id that you linked.
    """
    from clawdbot.domain.sender_answers import NoSuchRequest, Rejected

    async def run() -> tuple[ChannelAccount, Rejected]:
        service = context.service()
        where, code = await _locate(service, words, channel_, account)
        match await service.reject_sender(where, code, quiet_ms=lasts):
            case Rejected() as rejected:
                return where, rejected
            case NoSuchRequest():
                raise _no_such_request(where.channel)

    where, rejected = context.wait_for(run())
    term = _until(lasts).replace(" until", "; silence until")
    say(f"Rejected {where.channel} sender {visible(rejected.request.sender)}{on_account(where)}{term}.")
    say_linked(rejected.linked)


def _until(lasts: int | None) -> str:
    return "" if lasts is None else f" until {minute(context.now() + lasts)}"


async def _locate(
    service: "Service", words: Sequence[str], channel: Channel | None, account: str | None
) -> tuple[ChannelAccount, PairingCode]:
    """Find the account on which a code waits, from what the owner typed: ``[channel] code``, a code in pieces allowed.

    Raises:
        Refused: no live request has that code.
        UsageError: an unknown channel, or a code alone while several channels wait.
    """
    import asyncio

    if channel is None:
        channel, words = _channel_first(words)
    code = codes.read("".join(words))
    if code is None:
        listing = f"clawdbot pairing list {channel}" if channel else "clawdbot pairing list"
        raise UsageError("a pairing code is missing", hint=f'run "{listing}"')
    accounts = await context.accounts(service, [channel] if channel else list(Channel), account)
    if channel is None:
        waiting = sorted({one.channel for one in accounts if await service.waiting(one)})
        if len(waiting) > 1:
            raise UsageError(
                f"requests wait on several channels: {', '.join(waiting)}",
                hint=f'name the channel: "{click.get_current_context().command_path} {waiting[0]} <code>"',
            )
    found = await service.where_waits(code, accounts)
    if len(found) == 1:
        return found[0], code
    if found:
        raise UsageError(
            f"that code waits on several accounts: {', '.join(one.account for one in found)}",
            hint="name one with --account",
        )
    await asyncio.sleep(WRONG_CODE_PAUSE_S)
    raise _no_such_request(channel)


def _channel_first(words: Sequence[str]) -> tuple[Channel | None, Sequence[str]]:
    """Tell ``telegram ABCD EFGH`` from ``ABCD EFGH``: a first word that is no channel begins a code if it stands alone,
    or if the words together have a code's length."""
    try:
        return names.channel(words[0]), words[1:]
    except ValueError:
        code = codes.read("".join(words))
        if len(words) == 1 or (code is not None and len(code.reveal()) == codes.LENGTH):
            return None, words
        return context.channel(words[0]), words[1:]


def _no_such_request(channel: Channel | None) -> Refused:
    listing = f"clawdbot pairing list {channel}" if channel else "clawdbot pairing list"
    return Refused("no pending request with that code", hint=f'codes expire after an hour; run "{listing}"')
