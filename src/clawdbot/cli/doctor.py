"""``clawdbot doctor``: what is wrong with state, configuration and tokens, and the way out of each."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from clawdbot.cli import context
from clawdbot.cli.output import hint, say
from clawdbot.config import Config, ConfigFile, problems
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError
from clawdbot.paths import Paths
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import Severity

FIX = 'run "clawdbot doctor --fix"'
LOOSE = 0o077


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: where, what, and what to do about it."""

    severity: str
    where: str
    text: str
    hint: str = ""


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@click.pass_context
def command(ctx: click.Context, fix: bool) -> None:
    """Check state, configuration and tokens, and say the way out of whatever is wrong.

    Exit code 1 while something is wrong. --fix closes files to others, removes leftovers of killed processes, and sets
    unreadable pairing requests aside; it touches neither the allowlist nor the blocks.
    """
    paths = context.paths()
    if fix:
        _mend(paths)
    findings = [*_state(paths), *_configuration(paths)]
    for finding in findings:
        say(f"{finding.severity}: {visible(finding.where, 400)}: {finding.text}")
        if finding.hint:
            say(f"  {finding.hint}")
    for note in _notes(paths):
        say(f"note: {note}")
    if findings:
        ctx.exit(1)
    say("Everything is in order.")


# --- looking ---------------------------------------------------------------------------------------------------------


def _state(paths: Paths) -> Iterator[Finding]:
    for problem in FileStore(paths.state_dir).problems():
        yield Finding(problem.severity, str(problem.path), problem.text, problem.hint)


def _configuration(paths: Paths) -> Iterator[Finding]:
    for problem in problems(paths.config_path, os.environ):
        yield Finding(problem.severity, str(paths.config_path), str(problem), problem.hint)
    config = _config(paths)
    if config is None:
        return
    if _is_loose(paths.config_path):
        yield Finding(Severity.WARNING, str(paths.config_path), "others on this machine can read it", FIX)


def _is_loose(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & LOOSE)
    except OSError:
        return False


def _config(paths: Paths) -> Config | None:
    try:
        return ConfigFile(paths.config_path, os.environ).current()
    except ConfigError:
        return None


def _notes(paths: Paths) -> Iterator[str]:
    """What is worth knowing and not wrong."""
    from clawdbot.gateway import instance

    pid = instance.running(paths.state_dir)
    yield "no gateway runs" if pid is None else f"a gateway runs (process {pid})" if pid else "a gateway runs"
    config = _config(paths)
    if config is None:
        return
    if not config.accounts:
        yield 'no channel is configured; run "clawdbot channels add telegram"'
    if config.assistant is None:
        yield "no assistant is configured: approved senders are told so (docs/assistant.md)"
    if config.not_served:
        yield f"accepted, and without effect in this version: {', '.join(map(visible, config.not_served))}"


# --- mending ---------------------------------------------------------------------------------------------------------


def _mend(paths: Paths) -> None:
    """Mend what loses nothing: modes, leftovers, and requests that nobody can read (their senders ask again)."""
    store = FileStore(paths.state_dir)
    store.tidy()
    for problem in store.problems():
        if (
            problem.severity is Severity.ERROR
            and problem.path.name.endswith("-pairing.json")
            and problem.path.is_file()
        ):
            say(f"set aside: {store.set_aside(problem.path)}")
    if _is_loose(paths.config_path):
        try:
            paths.config_path.chmod(0o600)
        except OSError as error:
            hint(f"{paths.config_path} could not be closed to others: {error.strerror}")
        else:
            say(f"closed to others: {paths.config_path}")
