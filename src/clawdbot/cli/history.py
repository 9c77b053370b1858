"""``clawdbot history``: who asked, who decided, who came, who was refused; and whether the record of it is whole."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Final

import click

from clawdbot.cli import context
from clawdbot.cli.context import ChannelName
from clawdbot.cli.lasting import span_ms
from clawdbot.cli.output import as_json, say, table
from clawdbot.cli.output import hint as next_step
from clawdbot.domain.facts import Fact, Of
from clawdbot.domain.instants import iso, parse_iso
from clawdbot.domain.names import Channel, Instant
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError
from clawdbot.history.chain import Report
from clawdbot.history.entry import Entry, Head
from clawdbot.history.log import Log, Mark

LOOK_S: Final = 0.3
"""Between two looks of ``--follow``."""

_HEAD = re.compile(r"([1-9][0-9]{0,14}):([0-9a-f]{64})", re.A)
_SHORT: Final = 12


class Since(click.ParamType[Instant]):
    """A span of time that ends now, or the instant where one begins."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        if isinstance(value, int):
            return value
        text = str(value).strip()
        if (span := span_ms(text)) is not None:
            return context.now() - span
        instant = parse_iso(text if "T" in text else f"{text}T00:00:00Z")
        if instant is None:
            raise UsageError(f'"{visible(text)}" is no time', hint='say "7d", "12h" or "2026-11-22T17:00:00Z"')
        return instant


class NotedHead(click.ParamType[Head]):
    """A head that an earlier ``--verify`` named."""

    name = "head"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        if isinstance(value, Head):
            return value
        found = _HEAD.fullmatch(str(value).strip())
        if found is None:
            raise UsageError("that is no head", hint='"clawdbot history --verify" prints one: 12:9f86d0…')
        return Head(int(found[1]), found[2])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for."""

    channel: Channel | None
    since: Instant | None

    def __call__(self, entry: Entry) -> bool:
        account = entry.fact.about.account
        fits = self.channel is None or (account is not None and account.channel is self.channel)
        return fits and (self.since is None or entry.fact.at >= self.since)


@click.command("history")
@click.option("--channel", type=ChannelName(), help="Only what is about senders of one channel.")
@click.option("--since", type=Since(), metavar="TIME", help="Only what is no older: 7d, 12h, 2026-11-22.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="The last so many.")
@click.option("--follow", is_flag=True, help="Go on with what happens, until interrupted.")
@click.option("--verify", is_flag=True, help="See that nothing was changed, taken out, put in or moved.")
@click.option("--expect", type=NotedHead(), metavar="HEAD", help="With --verify: the log must hold this head.")
@click.option("--json", "json_", is_flag=True, help="Print JSON; with --follow an object a line.")
def command(
    channel: Channel | None,
    since: Instant | None,
    limit: int,
    follow: bool,
    verify: bool,
    expect: Head | None,
    json_: bool,
) -> int:
    """Show who asked, who decided and who was refused.

    It is kept in the state directory, an entry a line, each bound to the one before by its hash. It never holds a code,
    a token or a message.
    """
    if expect is not None and not verify:
        raise UsageError("--expect says what --verify is to find", hint='run "clawdbot history --verify --expect …"')
    history, wanted = context.history(), Wanted(channel, since)
    if verify:
        return _verify(history, expect, json_=json_)
    if follow:
        _follow(history, wanted, limit, _print_json_line if json_ else _print_line)
        return 0
    found = [entry for entry in history.entries() if wanted(entry)][-limit:]
    if json_:
        as_json({"entries": [entry.as_json() for entry in found]})
    elif found:
        table(["At", "What", "Who", "By", "From", "Why"], [_row(entry) for entry in found])
    else:
        say("Nothing is on record.")
    return 0


# --- showing ---------------------------------------------------------------------------------------------------------


def _row(entry: Entry) -> list[str]:
    fact = entry.fact
    what = fact.kind if fact.times == 1 else f"{fact.kind} ({fact.times} times)"
    return [iso(fact.at)[:19] + "Z", what, _who(fact), _by(fact), fact.address, fact.why]


def _who(fact: Fact) -> str:
    about = fact.about
    if about.of is Of.HISTORY:
        return "the history"
    if about.account is not None:
        return f"{about.account} {about.id or 'others'}"
    return f"{about.of} {about.id[:_SHORT] or 'unknown'}"


def _by(fact: Fact) -> str:
    """Who did it; what was done by the subject itself, or by who knows whom, by where it was done."""
    return fact.by or {"files": "another program"}.get(fact.surface, "") if fact.about.of is not Of.HISTORY else ""


def _print_line(entry: Entry) -> None:
    say("  ".join(visible(cell, 300) for cell in _row(entry) if cell))


def _print_json_line(entry: Entry) -> None:
    import json

    say(json.dumps(entry.as_json()))


def _follow(history: Log, wanted: Callable[[Entry], bool], limit: int, show: Callable[[Entry], None]) -> None:
    mark = Mark()
    for look in count():
        found, mark = history.entries_since(mark)
        shown: Iterable[Entry] = filter(wanted, found)
        for entry in list(shown)[-limit:] if look == 0 else shown:
            show(entry)
        time.sleep(LOOK_S)


# --- verification ----------------------------------------------------------------------------------------------------


def _verify(history: Log, expect: Head | None, *, json_: bool) -> int:
    report = history.verify(expect)
    if expect is not None and expect.seq < report.pruned:
        message = f"entry {expect.seq} was removed to keep the history small; the log begins behind it"
        raise Refused(message, hint=f'note a later head: "clawdbot history --verify" says {report.head}')
    if json_:
        as_json(_as_json(report))
    else:
        _print_report(report)
    return 0 if report.broken is None else Refused.exit_code


def _as_json(report: Report) -> dict[str, object]:
    broken = report.broken
    at = None if broken is None else {"file": broken.file, "line": broken.line, "why": broken.why}
    return {
        "whole": broken is None,
        "broken": at,
        "entries": report.entries,
        "removed": report.pruned,
        "beyondAnchor": report.beyond,
        "torn": report.torn,
        "head": None if broken else str(report.head),
    }


def _print_report(report: Report) -> None:
    if report.broken is not None:
        say(f"BROKEN at history/{report.broken}")
        say(f"{_entries(report.entries)} before it {'is' if report.entries == 1 else 'are'} whole.")
        next_step("compare with a backup; what is broken stays as it is, and new entries follow behind it")
        return
    removed = f"; {report.pruned} older ones were removed to keep it small" if report.pruned else ""
    say(f"Whole: {_entries(report.entries)}{removed}.")
    if report.torn:
        say("The last line is torn: whoever wrote it was cut short. The next entry says so, and goes on.")
    if report.beyond:
        say(f"The last {report.beyond} are beyond the anchor: whoever wrote them was cut short before it moved that.")
    if report.head.seq:
        say(f"Head: {report.head}")


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
