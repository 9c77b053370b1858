"""``clawdbot explain``: why somebody is in, waiting or refused, by which rule, and what would change it.

It reads the state files and the configuration as a running gateway would, and asks the same decisions; nobody is told.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import click

from clawdbot.cli import context
from clawdbot.cli.explain_device import device_command
from clawdbot.cli.explain_steps import step_json, step_text
from clawdbot.cli.output import as_json, say
from clawdbot.cli.pairing_lists import account_option, json_option
from clawdbot.config import Config
from clawdbot.config.spots import Spot, Spots, find
from clawdbot.domain import explain, names, senders
from clawdbot.domain.explain import Case, Cause, Explanation, Standing
from clawdbot.domain.instants import ago, iso
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import Senders
from clawdbot.domain.texts import add_command, visible
from clawdbot.store.layout import FOLDER, Part, file_name

ON_RECORD = {
    Cause.BLOCKED: Part.SENDERS,
    Cause.EXPECTED: Part.SENDERS,
    Cause.QUIET: Part.SENDERS,
    Cause.APPROVED: Part.ALLOW_FROM,
    Cause.WAITING: Part.PAIRING,
}
"""The file of an account in which it stands, where that is no file of the configuration."""

ELSEWHERE = (Cause.BLOCKED, Cause.EXPECTED, Cause.QUIET, Cause.LISTED, Cause.APPROVED, Cause.WAITING)
"""What is worth knowing about other accounts of the channel."""


class ByChannel(click.Group):
    """``device``, and a command for each channel under every name that it has."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        try:
            return super().get_command(ctx, names.channel(cmd_name))
        except ValueError:
            return super().get_command(ctx, cmd_name)


@click.group("explain", cls=ByChannel)
def command() -> None:
    """Say why somebody is in, waiting or refused, and what would change it.

    \b
      clawdbot explain telegram 123456789
      clawdbot explain device 0f3a9c
    """


command.add_command(device_command)


def _channel_command(channel: Channel) -> click.Command:
    @click.command(channel.value, help=f"Explain a sender of {channel}, by his id.")
    @click.argument("id_", metavar="ID")
    @account_option
    @json_option
    def on_channel(id_: str, account: str | None, json_: bool) -> None:
        found = _examine(channel, context.sender(channel, id_), account)
        if json_:
            as_json(_as_json(found))
        else:
            _print(found)

    return on_channel


for _channel in Channel:
    command.add_command(_channel_command(_channel))


# --- looking ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What is said about a sender on an account, and where it stands."""

    account: ChannelAccount
    case: Case
    explanation: Explanation
    spots: Spots
    configured: bool
    switched_on: bool
    elsewhere: Mapping[ChannelAccount, Cause]

    @property
    def where(self) -> str:
        """The file, line and key that decide, or the file of the record."""
        cause = self.explanation.cause
        if (part := ON_RECORD.get(cause)) is not None:
            return f"{FOLDER}/{file_name(self.account, part)}"
        spot = self.spot
        return str(spot) if spot is not None else "the default" if self.configured else "nothing is configured"

    @property
    def spot(self) -> Spot | None:
        match self.explanation.cause:
            case Cause.LISTED:
                return next((self.spots.listed[one] for one in sorted(self.case.listed)), None)
            case Cause.EVERYONE:
                return self.spots.everyone
            case _:
                return self.spots.policy

    @property
    def rule(self) -> str:
        """The rule of threats.md; an account that is not there admits nobody."""
        return self.explanation.rule if self.configured else "D5"

    @property
    def why(self) -> str:
        return self.explanation.cause if self.configured else f"there is no account {self.account} in the configuration"


def _examine(channel: Channel, sender: SenderId, account: str | None) -> Found:
    config = context.config()
    onlooker = context.onlooker()
    known = {one: onlooker.read(one) for one in onlooker.accounts() if one.channel is channel}
    there = sorted({one for one in (*known, *config.accounts) if one.channel is channel})
    where = ChannelAccount(channel, context.account_id(account)) if account is not None else _meant(there, channel)
    case = _case(config, where, known.get(where, Senders()), sender)
    elsewhere = {
        one: cause
        for one in there
        if one != where and one in config.accounts
        if (cause := explain.cause(_case(config, one, known.get(one, Senders()), sender))) in ELSEWHERE
    }
    configured = config.accounts.get(where)
    spots = find(context.paths().config_path, os.environ, where)
    is_on = configured is None or configured.enabled
    return Found(where, case, explain.sender(case), spots, configured is not None, is_on, elsewhere)


def _meant(there: list[ChannelAccount], channel: Channel) -> ChannelAccount:
    """The only account, else the default one."""
    return there[0] if len(there) == 1 else ChannelAccount(channel, DEFAULT_ACCOUNT)


def _case(config: Config, account: ChannelAccount, known: Senders, sender: SenderId) -> Case:
    configured = config.accounts.get(account)
    cap = configured.cap if configured else config.pairing_cap
    return Case(config.rules(account), known, sender, context.now(), cap)


# --- showing ---------------------------------------------------------------------------------------------------------

_WORDS = {
    Standing.IN: "is in",
    Standing.WAITING: "is waiting",
    Standing.ASKS: "would get a code with his next message",
    Standing.REFUSED: "is refused",
}


def _print(found: Found) -> None:
    said = found.explanation
    say(f"{found.account} sender {visible(found.case.sender)} {_WORDS[said.standing]}: {found.why}.")
    say(f"  rule    threats.md {found.rule}; {found.where}")
    say(f"  policy  {found.case.rules.policy} ({found.spots.policy or 'the default'})")
    for line in _record(found):
        say(f"  record  {visible(line, 200)}")
    for alias in sorted(found.case.aliases):
        say(f"  alias   {visible(alias)}, the same person (threats.md D7)")
    for other in sorted(found.case.known.linked(found.case.aliases | {found.case.sender})):
        say(f"  linked  {visible(other)}, one person with him by your word: decided about together")
    for line in _notes(found):
        say(f"  note    {line}")
    say()
    say("What would change it:")
    if not found.configured:
        say(f"  {add_command(found.account)}")
        return
    for step, then in said.steps:
        do, outcome = step_text(step, found.account, found.case, found.spots, context.paths().config_path), _then(then)
        say(f"  {do}")
        say(f"      {outcome}")


def _record(found: Found) -> list[str]:
    """What is on record about him, whatever decides."""
    known, sender, now, aliases = found.case.known, found.case.sender, found.case.now, found.case.aliases
    lines = []
    if (key := senders.find(known.blocked, sender, aliases)) is not None:
        block = known.blocked[key]
        lines.append(f"blocked {ago(block.blocked_at, now)} ({block.by or 'unknown'})")
    if (key := senders.find(known.quiet, sender, aliases)) is not None:
        lines.append(f"turned away until {iso(known.quiet[key].until)}")
    if (key := senders.find(known.expected, sender, aliases)) is not None:
        last = known.expected[key].until
        lines.append("expected" + ("" if last is None else f" until {iso(last)}"))
    if (key := senders.find(known.allowed, sender, aliases)) is not None:
        approval = known.allowed[key]
        since = "" if approval.approved_at is None else f" {ago(approval.approved_at, now)}"
        until = "" if approval.until is None else f", until {iso(approval.until)}"
        lines.append(f"approved{since} ({approval.by or 'by another program'}){until}")
    if (key := senders.find(known.requests, sender, aliases)) is not None:
        request = known.requests[key]
        expires = request.created_at + senders.TTL_MS
        ends = f"expires {ago(expires, now)}" if request.is_live(now) else f"expired {ago(expires, now)}"
        lines.append(f"asked {ago(request.created_at, now)}, {ends}")
    return lines


def _notes(found: Found) -> list[str]:
    notes = [remark.value for remark in found.explanation.remarks]
    if not found.switched_on:
        notes.append("the account is switched off (enabled: false), and receives nothing")
    if found.explanation.cause is Cause.QUEUE_FULL:
        notes.append(f"{len(found.case.waiting)} of {found.case.cap} wait")
    for account, cause in found.elsewhere.items():
        notes.append(f"on account {account.account}: {cause}; that counts there alone (threats.md D1)")
    return notes


def _then(cause: Cause) -> str:
    standing = explain.CAUSES[cause][0]
    match standing:
        case Standing.REFUSED:
            return f"then he is refused: {cause}"
        case Standing.ASKS:
            return "then his next message brings a code"
        case Standing.WAITING:
            return "then he waits"
        case Standing.IN:
            return f"then he is in: {cause}"


def _as_json(found: Found) -> dict[str, object]:
    said, spot = found.explanation, found.spot
    place = None if spot is None or said.cause in ON_RECORD else {"file": spot.file, "line": spot.line, "key": spot.key}
    steps = said.steps if found.configured else ()
    config = context.paths().config_path
    return {
        "channel": found.account.channel,
        "account": found.account.account,
        "id": found.case.sender,
        "aliases": sorted(found.case.aliases),
        "linked": sorted(found.case.known.linked(found.case.aliases | {found.case.sender})),
        "standing": said.standing,
        "cause": said.cause.name.lower() if found.configured else "not_configured",
        "why": found.why,
        "rule": found.rule,
        "policy": found.case.rules.policy,
        "where": place,
        "record": f"{FOLDER}/{file_name(found.account, ON_RECORD[said.cause])}" if said.cause in ON_RECORD else None,
        "remarks": _notes(found),
        "steps": [
            {
                **step_json(step, found.account, found.case, found.spots, config),
                "then": {"standing": explain.CAUSES[then][0], "cause": then.name.lower()},
            }
            for step, then in steps
        ],
        "elsewhere": [{"account": one.account, "cause": cause.name.lower()} for one, cause in found.elsewhere.items()],
    }
