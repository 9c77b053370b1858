"""``clawdbot pairing list`` and ``allowlist``: who waits, who is in, who is blocked. They only read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import click

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.output import as_json, say, table, warn
from clawdbot.domain.held import FOLDER, Slip
from clawdbot.domain.instants import ago, iso
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount, Instant, SenderId
from clawdbot.domain.sender_records import TTL_MS, Request, Senders
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError, StoreError

account_option = click.option("--account", metavar="ID", help="One account of the channel only.")
json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")


def on_account(where: ChannelAccount) -> str:
    """`` on account work``; nothing for the default account."""
    return "" if where == ChannelAccount(where.channel) else f" on account {where.account}"


def say_linked(linked: Collection[SenderId]) -> None:
    """About which other ids the same was decided, because the owner linked them."""
    if linked:
        say(f"The same for {', '.join(visible(one) for one in sorted(linked))}: linked, and so one person.")


def look(among: Sequence[Channel], account: str | None) -> dict[ChannelAccount, Senders]:
    """What is known of the senders of some channels, or of the account among them that is named."""
    onlooker = context.onlooker()
    return {one: onlooker.read(one) for one in context.among(onlooker.accounts(), among, account)}


# --- list: who waits -------------------------------------------------------------------------------------------------


@click.command("list")
@click.argument("channel", type=ChannelName(), required=False)
@click.option("--channel", "channel_option", type=ChannelName(), help="The same as the argument.")
@account_option
@click.option("--all", "all_", is_flag=True, help="Every channel; the same as naming none.")
@json_option
def list_command(
    channel: Channel | None, channel_option: Channel | None, account: str | None, all_: bool, json_: bool
) -> None:
    """Show who waits for approval."""
    chosen = None if all_ else channel or channel_option
    among = [chosen] if chosen else list(Channel)
    found = look(among, account)
    if json_:
        _print_json(chosen, among, found)
    else:
        _print_requests(chosen, found)


class HeldNames:
    """Tells whose first message is held, by the names of the files; none of them is opened."""

    def __init__(self) -> None:
        from clawdbot.store.disk import existing

        try:
            with existing(context.paths().state_dir, FOLDER) as folder:
                self._names = frozenset(folder.names() if folder else ())
        except StoreError as error:
            warn(f"whether first messages are held is not shown: {error}")
            self._names = frozenset()

    def hold(self, account: ChannelAccount, request: Request) -> bool:
        return Slip(account, request.sender, request.created_at).file_name in self._names


def _print_json(chosen: Channel | None, among: Sequence[Channel], found: dict[ChannelAccount, Senders]) -> None:
    now, held = context.now(), HeldNames()
    requests: dict[Channel, list[dict[str, object]]] = {channel: [] for channel in among}
    for account, known in found.items():
        requests[account.channel] += [
            _request_json(account, known.labels.get(request.sender), request, is_held=held.hold(account, request))
            for request in known.waiting(now)
        ]
    if chosen:
        as_json({"channel": chosen, "requests": requests[chosen]})
    else:
        as_json({"channels": [{"channel": name, "requests": those} for name, those in requests.items() if those]})


_NO_NAMES = ("username", "sender", "chatId")
"""What is kept about a sender and is not what he calls himself; a username is shown as one."""


def _request_json(account: ChannelAccount, label: str | None, request: Request, *, is_held: bool) -> dict[str, object]:
    return {
        "id": request.sender,
        "code": request.code.reveal(),
        "createdAt": iso(request.created_at),
        "lastSeenAt": iso(request.last_seen),
        **({"meta": dict(request.meta)} if request.meta else {}),
        **({"label": label} if label else {}),
        **({"held": True} if is_held else {}),
        **({} if account.account == DEFAULT_ACCOUNT else {"account": account.account}),
    }


def _print_requests(chosen: Channel | None, found: dict[ChannelAccount, Senders]) -> None:
    now, held = context.now(), HeldNames()
    waiting = {account: requests for account, known in found.items() if (requests := known.waiting(now))}
    for account, requests in waiting.items():
        say(f"{account}: {len(requests)} waiting")
        headings = ["Code", account.channel.id_label, "Who", "Asked", "Expires"]
        rows = [_request_row(request, found[account].labels.get(request.sender), now) for request in requests]
        kept = [held.hold(account, request) for request in requests]
        if any(kept):
            headings.append("First message")
            rows = [[*row, "held" if one else ""] for row, one in zip(rows, kept, strict=True)]
        table(headings, rows)
        say()
    for account, known in found.items():
        if known.full_at is not None and 0 <= now - known.full_at < TTL_MS:
            say(f"{account}: the queue was full {ago(known.full_at, now)}; a stranger was turned away without a code.")
    if waiting:
        say(f"Approve with: clawdbot pairing approve {next(iter(waiting)).channel} <code>")
    else:
        say(f"No pending {chosen} pairing requests." if chosen else "No pending pairing requests.")


def _request_row(request: Request, label: str | None, now: Instant) -> list[str]:
    expires = ago(request.created_at + TTL_MS, now)
    who = f"{label} ({_who(request)})" if label and _who(request) else label or _who(request)
    return [request.code.reveal(), request.sender, who, ago(request.created_at, now), expires]


def _who(request: Request) -> str:
    """What the sender calls himself, each name once, from outside: the table makes it inert."""
    username = request.meta.get("username")
    names = dict.fromkeys(value for key, value in request.meta.items() if key not in _NO_NAMES)
    return " ".join([*names, *([f"@{username}"] if username else [])])


# --- allowlist: who is in --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """A line of ``pairing allowlist``."""

    account: ChannelAccount
    sender: str
    since: Instant | None
    how: str
    blocked: bool = False
    until: Instant | None = None
    label: str = ""

    def as_json(self) -> dict[str, object]:
        return {
            "channel": self.account.channel,
            "account": self.account.account,
            "id": self.sender,
            "since": None if self.since is None else iso(self.since),
            "how": self.how,
            **({} if self.until is None else {"until": iso(self.until)}),
            **({"label": self.label} if self.label else {}),
        }


@click.command("allowlist")
@click.argument("channel", type=ChannelName(), required=False)
@account_option
@json_option
def allowlist_command(channel: Channel | None, account: str | None, json_: bool) -> None:
    """Show who is in, and who is blocked. Each with since when and how."""
    among = [channel] if channel else list(Channel)
    members = [member for one, known in look(among, account).items() for member in _members(one, known)]
    allowed = [member for member in members if not member.blocked]
    blocked = [member for member in members if member.blocked]
    if json_:
        as_json({"allowed": [one.as_json() for one in allowed], "blocked": [one.as_json() for one in blocked]})
        return
    if not allowed:
        say(f"Nobody is on the {channel} allowlist." if channel else "Nobody is on an allowlist.")
    _print_members(allowed)
    if blocked:
        say("Blocked:")
        _print_members(blocked)


def _members(account: ChannelAccount, known: Senders) -> list[Member]:
    label = known.labels
    approved = [
        Member(
            account,
            sender,
            approval.approved_at,
            f"approved ({approval.by or 'by another program'})",
            until=approval.until,
            label=label.get(sender, ""),
        )
        for sender, approval in known.allowed.items()
    ]
    blocked = [
        Member(
            account, sender, block.blocked_at, f"blocked ({block.by or 'unknown'})", True, None, label.get(sender, "")
        )
        for sender, block in known.blocked.items()
    ]
    quiet = [
        Member(account, sender, None, "turned away for a while", True, one.until, label.get(sender, ""))
        for sender, one in known.quiet.items()
        if context.now() < one.until
    ]
    expected = [
        Member(account, sender, one.at, f"expected ({one.by or 'unknown'})", False, one.until, label.get(sender, ""))
        for sender, one in known.expected.items()
        if one.holds(context.now())
    ]
    return [*_configured(account), *approved, *expected, *blocked, *quiet]


def _configured(account: ChannelAccount) -> list[Member]:
    try:
        listed, everyone = context.listed_in_config(account)
    except ConfigError as error:
        warn(f"what the configuration lists is not shown: {error}")
        return []
    names = [*(["*"] if everyone else []), *sorted(listed)]
    return [Member(account, name, None, "listed in the configuration") for name in names]


def _print_members(members: Sequence[Member]) -> None:
    """Columns that would be empty are left out."""
    now = context.now()
    columns = {
        "Channel": [str(one.account) for one in members],
        "Id": [one.sender for one in members],
        "Label": [one.label for one in members],
        "Since": ["" if one.since is None else ago(one.since, now) for one in members],
        "How": [one.how for one in members],
        "Ends": ["" if one.until is None else _ends(one.until, now) for one in members],
    }
    shown = {name: cells for name, cells in columns.items() if name in _ALWAYS or any(cells)}
    if members:
        table(list(shown), zip(*shown.values(), strict=True))


_ALWAYS = frozenset({"Channel", "Id", "Since", "How"})


def _ends(until: Instant, now: Instant) -> str:
    return f"over since {ago(until, now)}" if until <= now else ago(until, now)
