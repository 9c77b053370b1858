"""``clawdbot import``: take over the state of the reference, of OpenClaw, or of another gateway of ours."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.output import say
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, StoreCorrupt, UsageError
from clawdbot.paths import Paths

if TYPE_CHECKING:
    from clawdbot.backup.carrying import Plan
    from clawdbot.backup.snapshot import Files
    from clawdbot.backup.source import Source

STOP = "stop the gateway that runs there, and try again"


@click.command("import")
@click.option(
    "--from",
    "source",
    metavar="DIR",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The other state directory: ~/.openclaw, or ~/.clawdbot of another user or machine.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@click.pass_context
def command(ctx: click.Context, source: Path, dry_run: bool) -> None:
    """Take over the state of another directory: the reference's, OpenClaw's or ours.

    Who is in, who waits, devices, nodes, identity and configuration; not the configuration of OpenClaw. Nothing that is
    here is replaced: where both say something about the same, nothing is taken. What is there stays as it is; stop the
    gateway that runs on it before.
    """
    paths = context.paths()
    if source.resolve() == paths.state_dir.resolve():
        raise UsageError(f"{source} is the state directory itself", hint="name the one to take from")
    plan = _plan(source, paths)
    _print(plan, dry_run=dry_run)
    if plan.conflicts:
        ctx.exit(1)
    if plan.taken and not dry_run:
        _take(plan, paths)


def _plan(source: Path, paths: Paths) -> "Plan":
    from clawdbot.backup import carrying, snapshot, sqlite_source, successor

    tables = sqlite_source.read(source, successor.FOLDER, successor.DATABASE, successor.SHAPES)
    theirs = _directory(source) if tables is None else successor.source(tables, *_beside(source))
    return carrying.plan(theirs, snapshot.read(paths, sessions=False))


def _beside(source: Path) -> tuple["Files", Sequence[str]]:
    """What there is in a state directory: files of the names that are ours, and the names of the others."""
    from clawdbot.backup import inventory, snapshot
    from clawdbot.backup.inventory import CONFIG

    return snapshot.read(Paths(source, source / CONFIG), sessions=False), inventory.strangers(source)


def _directory(source: Path) -> "Source":
    """A directory that is laid out as the reference's, and ours."""
    from clawdbot.backup.inventory import CONFIG
    from clawdbot.backup.source import Source
    from clawdbot.config import problems
    from clawdbot.config.model import Severity as ConfigSeverity
    from clawdbot.store.files import FileStore
    from clawdbot.store.inspection import Severity

    for problem in FileStore(source).problems():
        if problem.severity is Severity.ERROR:
            raise StoreCorrupt(f"{problem.path}: {problem.text}", hint="mend it there first; nothing was taken")
    files, strangers = _beside(source)
    if files != _beside(source)[0]:
        raise Refused(f"{source} changes while it is read", hint=STOP)
    wrong = [one for one in problems(source / CONFIG, os.environ) if one.severity is ConfigSeverity.ERROR]
    why = f"it could not be used: {wrong[0]}" if wrong else ""
    return Source.of_directory(files, strangers, config_problem=why)


def _print(plan: "Plan", *, dry_run: bool) -> None:
    from clawdbot.backup.carrying import amount

    amounts = {name: amount(name, content) for name, content in plan.taken.items()}
    lines = [f"{name} ({much})" if much else name for name, much in amounts.items()]
    _print_names("would take" if dry_run or plan.conflicts else "take", lines)
    _print_names("here already", plan.same)
    _print_names("conflict", plan.conflicts)
    for name, why in plan.ignored.items():
        say(f"left out: {visible(name, 200)} ({visible(why, 400)})")
    if plan.conflicts:
        say("Nothing is taken: both directories say something else about the same.")
        say("next: decide which of them is right, move the other away (clawdbot backup keeps a copy), and import again")
    elif not plan.taken:
        say("There is nothing to take.")
    elif dry_run:
        say("Nothing was changed.")


def _print_names(what: str, names: Sequence[str]) -> None:
    for name in names:
        say(f"{what}: {name}")


def _take(plan: "Plan", paths: Paths) -> None:
    from clawdbot.backup.inventory import CONFIG
    from clawdbot.backup.placing import place
    from clawdbot.gateway import instance

    if CONFIG in plan.taken and paths.config_path != paths.state_dir / CONFIG:
        raise Refused(f"the configuration is to be {paths.config_path}", hint="unset CLAWDBOT_CONFIG_PATH meanwhile")
    with instance.hold(paths.state_dir), context.store().standing_still(*plan.taken):
        here = [name for name in plan.taken if os.path.lexists(paths.state_dir / name)]
        if here:
            raise Refused(f"{paths.state_dir} changes meanwhile", hint="try again")
        place(paths.state_dir, plan.taken)
    say(f"taken over into {paths.state_dir}: {len(plan.taken)} files")
    say("next: clawdbot status")
