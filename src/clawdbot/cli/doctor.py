"""``clawdbot doctor``: what is wrong with state, configuration and channels, and the way out of each."""

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from clawdbot.cli import context
from clawdbot.cli.live import accounts
from clawdbot.cli.output import say, warn
from clawdbot.config import CommandSettings, Config, ConfigFile, problems
from clawdbot.config.gateway_model import GatewayMode
from clawdbot.domain import gate
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.owners import Owner
from clawdbot.domain.texts import visible
from clawdbot.errors import ConfigError, StoreError
from clawdbot.paths import Paths
from clawdbot.store.base import SendersKey
from clawdbot.store.disk import LOOSE, guarded
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import FIX, Severity

REQUESTS = ("-pairing.json", "pending.json")
"""Files of which nothing is lost but requests: whoever waits asks again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and what to do about it. The text shows nothing from outside unescaped."""

    severity: str
    text: str
    hint: str = ""


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@click.pass_context
def command(ctx: click.Context, fix: bool) -> None:
    """Check state, configuration and channels; say the way out of what is wrong.

    Channels are looked at beside a running gateway. Exit code 1 while something is wrong. --fix closes files to others,
    removes leftovers of killed processes, and sets unreadable pairing requests aside; it touches neither who is in nor
    who is blocked.
    """
    paths = context.paths()
    findings = _examine(paths)
    if fix:
        _mend(paths)
        before, findings = findings, _examine(paths)
        for finding in before:
            if finding not in findings:
                say(f"mended: {finding.text}")
    for finding in findings:
        say(f"{finding.severity}: {finding.text}")
        if finding.hint:
            say(f"  {finding.hint}")
    for note in _notes(paths):
        say(f"note: {note}")
    if findings:
        ctx.exit(1)
    say("Everything is in order.")


# --- looking ---------------------------------------------------------------------------------------------------------


def _examine(paths: Paths) -> list[Finding]:
    return [*_state(paths), *_configuration(paths), *_channels(paths)]


def _state(paths: Paths) -> Iterator[Finding]:
    for problem in FileStore(paths.state_dir).problems():
        yield Finding(problem.severity, f"{_shown(problem.path)}: {problem.text}", problem.hint)


def _configuration(paths: Paths) -> Iterator[Finding]:
    folder = _shown(paths.config_path.parent)
    for problem in problems(paths.config_path, os.environ):
        yield Finding(problem.severity, f"{folder}{os.sep}{problem}", problem.hint)
    if _is_loose(paths.config_path):
        yield Finding(Severity.WARNING, f"{_shown(paths.config_path)}: others on this machine can read it", FIX)
    config = _config(paths)
    if config is None:
        return
    yield from _gateway(paths, config)
    yield from _owners(paths, config)
    yield from _notify(config)
    if isinstance(config.assistant, CommandSettings):
        program = config.assistant.argv[0]
        if shutil.which(program) is None:
            text = f"assistant.command: {visible(program, 400)} is not found from here, or may not be executed"
            yield Finding(Severity.WARNING, text, "give its full path, and make it executable: chmod +x")


def _owners(paths: Paths, config: Config) -> Iterator[Finding]:
    """Owners whom the bot does not let in: they wait for notices that never come (``docs/owner.md``)."""
    for owner in config.owners.who:
        accounts = [
            one for one, settings in config.accounts.items() if settings.enabled and one.channel is owner.channel
        ]
        if not accounts:
            text, hint = f"{owner.channel} is not set up", f'run "clawdbot channels add {owner.channel}"'
        elif any(_is_in(paths, config, account, owner) for account in accounts):
            continue
        else:
            text, hint = "he is not in", "let him write to the bot and approve him, or list him in its allowFrom"
        yield Finding(
            Severity.WARNING, f"owner {visible(str(owner))} is told nothing and decides nothing: {text}", hint
        )


def _is_in(paths: Paths, config: Config, account: ChannelAccount, owner: Owner) -> bool:
    try:
        known = asyncio.run(FileStore(paths.state_dir).read(SendersKey(account)))
    except StoreError:
        return True  # nobody knows; what is wrong with the file is said already
    return isinstance(gate.decide(config.rules(account), known, owner.sender, now=context.now()), gate.Admit)


def _notify(config: Config) -> Iterator[Finding]:
    """What keeps owners from being told outside the chats; a URL is named by its number and kind (threats.md S7)."""
    from clawdbot.gateway import push

    urls = config.notify.urls
    if urls and not push.is_installed():
        text = f"owner.notify names {len(urls)} to tell, and Apprise, which tells them, is not installed"
        yield Finding(Severity.WARNING, text, f"install it: {push.INSTALL}")
        return
    for number, url in enumerate(urls, 1):
        if not push.is_known(url):
            text = f"owner.notify: Apprise cannot use no. {number} ({push.kind(url)})"
            yield Finding(Severity.WARNING, text, "see https://appriseit.com for how it is written")


def _gateway(paths: Paths, config: Config) -> Iterator[Finding]:
    """What the gateway would refuse to start with; not where it is another machine that it is to run on."""
    from clawdbot.gateway.addresses import settled
    from clawdbot.gateway.settings import check

    if config.gateway.mode is GatewayMode.REMOTE:
        return
    try:
        check(settled(config.gateway))
    except ConfigError as error:
        text = f"{_shown(paths.config_path)}: the gateway would not start: {visible(error.message, 400)}"
        yield Finding(Severity.ERROR, text, error.hint)


def _channels(paths: Paths) -> Iterator[Finding]:
    """What keeps channels from working in the gateway that runs here; only that one knows."""
    from clawdbot.gateway.supervisor import GIVEN_UP

    config = _config(paths)
    known = asyncio.run(accounts(config.gateway)) if config and config.accounts else {}
    for where, live in known.items():
        if live.error:
            severity = Severity.ERROR if live.state in GIVEN_UP else Severity.WARNING
            yield Finding(severity, f"{where}: {live.described}", live.hint)


def _shown(path: Path) -> str:
    return visible(str(path), 400)


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

    running = instance.find(paths.state_dir)
    yield f"a gateway runs{running.described}" if running else "no gateway runs"
    config = _config(paths)
    if config is None:
        return
    if not config.accounts:
        yield 'no channel is configured; run "clawdbot channels add telegram"'
    if any(settings.token for settings in config.accounts.values()):
        yield 'the tokens were not tried; "clawdbot channels status --probe" asks the platforms'
    if config.assistant is None:
        yield "no assistant is configured: approved senders are told so (docs/assistant.md)"
    if config.not_served:
        yield f"accepted, and without effect in this version: {', '.join(map(visible, config.not_served))}"


# --- mending ---------------------------------------------------------------------------------------------------------


def _mend(paths: Paths) -> None:
    """Mend what loses nothing: modes, leftovers, and requests that nobody can read (their senders ask again)."""
    store = FileStore(paths.state_dir)
    try:
        store.tidy()
        for problem in store.problems():
            path = problem.path
            if problem.severity is Severity.ERROR and path.name.endswith(REQUESTS) and path.is_file():
                say(f"set aside: {_shown(store.set_aside(path))}")
        if _is_loose(paths.config_path):
            with guarded("close to others", paths.config_path):
                paths.config_path.chmod(0o600)
    except StoreError as error:
        warn(f"not everything could be mended: {error}")
