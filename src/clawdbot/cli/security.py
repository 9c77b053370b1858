"""``clawdbot security audit``: what is open and should not be."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.gateway_target import running_here
from clawdbot.cli.output import as_json, say
from clawdbot.domain.texts import visible

if TYPE_CHECKING:
    from clawdbot.audit.findings import Finding
    from clawdbot.audit.report import Audit


@click.group("security")
def command() -> None:
    """Find what is open and should not be."""


@command.command("audit")
@click.option("--deep", is_flag=True, help="Also knock at the running gateway's door, as a stranger would.")
@click.option("--fix", is_flag=True, help="Close files that are open to others.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@click.pass_context
def audit_command(ctx: click.Context, deep: bool, fix: bool, json_: bool) -> None:
    """Check configuration, state and devices.

    For what is open and should not be. Exit code 1 while something critical is found. --fix closes files and removes
    leftovers of killed processes, and touches nothing else; --deep knocks without a device or a secret: nobody waits
    for approval after it, and the history shows it.
    """
    from clawdbot.audit.findings import Severity, counted, ranked

    mended = _fix() if fix else []
    looked = _look()
    findings = ranked([*looked.findings, *(_knock(looked) if deep else ())])
    counts = counted(findings)
    if json_:
        as_json(
            {
                "ts": context.now(),
                "summary": dict(counts),
                "findings": [finding.as_json() for finding in findings],
                **({"fixed": [str(path) for path in mended]} if fix else {}),
            }
        )
    else:
        _print(findings, mended)
        say(
            ", ".join(f"{number} {severity}" for severity, number in counts.items()) if findings else "Nothing is open."
        )
    if counts[Severity.CRITICAL]:
        ctx.exit(1)


def _look() -> "Audit":
    from clawdbot.audit.report import audit

    return asyncio.run(audit(context.paths(), os.environ, now=context.now()))


def _fix() -> list[Path]:
    """Close what is open to others, the store's files as the store does it; what is better than before."""
    from clawdbot.audit import mend

    store = context.store()
    closed = mend.close(_look().facts)
    odd = [problem.path for problem in store.problems()]
    store.tidy()
    still = {problem.path for problem in store.problems()}
    return list(dict.fromkeys([*closed, *(path for path in odd if path not in still)]))


def _knock(looked: "Audit") -> "Sequence[Finding]":
    from clawdbot.audit import knock, outside
    from clawdbot.domain.hosts import is_everywhere
    from clawdbot.gateway import instance
    from clawdbot.gateway.addresses import own_addresses, settled

    if looked.config is None:
        return ()
    settings = settled(looked.config.gateway)
    here = running_here()
    local, port = (here.host, here.port) if here else (settings.local_host, settings.port)
    secure = settings.tls.enabled or (here is not None and here.is_secure)
    hosts = dict.fromkeys([local, *(host for host in settings.hosts if not is_everywhere(host)), *own_addresses()])
    knocks = asyncio.run(knock.knock_everywhere(hosts, port, secure=secure))
    running = instance.running(context.paths().state_dir) is not None
    return list(outside.check(knocks, settings, running=running))


def _print(findings: "Sequence[Finding]", mended: Sequence[Path]) -> None:
    for path in mended:
        say(f"mended: {visible(str(path), 400)}")
    for finding in findings:
        where = ": ".join(part for part in (finding.file, finding.key) if part)
        say(f"{finding.severity}: {finding.id}: {finding.title}")
        for line in (where, finding.detail, finding.mend):
            if line:
                say(f"  {visible(line, 400)}")
