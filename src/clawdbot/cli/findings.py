"""What is wrong with state, configuration and channels: what ``clawdbot doctor`` finds, each thing once."""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from clawdbot.cli import context, live
from clawdbot.cli.live import Live
from clawdbot.cli.output import spelled
from clawdbot.config import AccountConfig, CommandSettings, Config, ConfigFile, problems
from clawdbot.config.gateway_model import GatewayMode
from clawdbot.domain import gate
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.owners import Owner
from clawdbot.domain.texts import add_command, visible
from clawdbot.errors import ConfigError, NeedsLogin, StoreError
from clawdbot.paths import Paths
from clawdbot.store.base import SendersKey
from clawdbot.store.disk import is_loose
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import FIX, Severity, is_closed


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and what to do about it. The text shows nothing from outside unescaped."""

    severity: str
    text: str
    hint: str = ""

    def as_json(self) -> dict[str, object]:
        return {"severity": self.severity, "text": spelled(self.text), "hint": spelled(self.hint) or None}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is looked at.

    Attributes:
        config: the configuration; ``None`` while it is broken.
        live: how the channels do in the gateway that runs here, if one does and can be asked.
        is_silent: one runs, and cannot be asked.
        accounts: the configured ones, and those that only that gateway has.
    """

    paths: Paths
    config: Config | None
    live: Mapping[ChannelAccount, Live] = field(default_factory=dict)
    is_silent: bool = False
    accounts: Mapping[ChannelAccount, AccountConfig] = field(default_factory=dict)


def look(paths: Paths) -> Scene:
    """Read the configuration, and ask the gateway."""
    from clawdbot.gateway.overview import with_those_that_run

    try:
        config = ConfigFile(paths.config_path, os.environ).current()
    except ConfigError:
        return Scene(paths, None)
    known = asyncio.run(live.known(config.gateway))
    accounts = with_those_that_run(config, known.accounts)
    return Scene(paths, config, known.accounts, known.is_silent, accounts)


def examine(scene: Scene) -> list[Finding]:
    """Everything that is wrong. Where the state directory is closed to us, that explains the rest."""
    found = list(_state(scene.paths))
    if is_closed(scene.paths.state_dir):
        return found
    found += [*_configuration(scene), *_channels(scene)]
    if not any(one.severity == Severity.ERROR for one in found):
        found += _gateway_now(scene.paths)
    return found


def shown(path: Path) -> str:
    """A path as people may see it."""
    return visible(str(path), 400)


def _state(paths: Paths) -> Iterator[Finding]:
    store = FileStore(paths.state_dir)
    for problem in [*store.problems(), *store.unwritable()]:
        yield Finding(problem.severity, f"{shown(problem.path)}: {problem.text}", problem.hint)


def _configuration(scene: Scene) -> Iterator[Finding]:
    paths, config = scene.paths, scene.config
    for problem in problems(paths.config_path, os.environ):
        where = f"{shown(paths.config_path.parent)}{os.sep}" if problem.file else ""
        yield from _as_the_gateway_has_it(Finding(problem.severity, f"{where}{problem}", problem.hint), scene)
    if is_loose(paths.config_path):
        yield Finding(Severity.WARNING, f"{shown(paths.config_path)}: others on this machine can read it", FIX)
    if config is None:
        return
    yield from _gateway(paths, config)
    yield from _owners(scene, config)
    yield from _notify(config)
    if isinstance(config.assistant, CommandSettings):
        program = config.assistant.argv[0]
        if shutil.which(program) is None:
            text = f"assistant.command: {visible(program, 400)} is not found from here, or may not be executed"
            yield Finding(Severity.WARNING, text, "give its full path, and make it executable: chmod +x")


def _as_the_gateway_has_it(finding: Finding, scene: Scene) -> Iterator[Finding]:
    """What an account lacks here the gateway may have in its environment; if it has not, it says so itself."""
    from clawdbot.gateway.overview import ASK, PERHAPS

    account = next((one for one in scene.accounts if finding.hint == f'run "{add_command(one)}"'), None)
    if account is None:
        yield finding
    elif scene.is_silent:
        yield replace(finding, text=f"{finding.text}{PERHAPS}", hint=f'run "{ASK}"')
    elif account not in scene.live:
        yield finding


def _owners(scene: Scene, config: Config) -> Iterator[Finding]:
    """Owners whom the bot does not let in: they wait for notices that never come (``docs/owner.md``)."""
    for owner in config.owners.who:
        accounts = [one for one in scene.accounts.values() if one.enabled and one.account.channel is owner.channel]
        if not accounts:
            text, hint = f"{owner.channel} is not set up", f'run "clawdbot channels add {owner.channel}"'
        elif any(_is_in(scene.paths, account, owner) for account in accounts):
            continue
        else:
            text, hint = "he is not in", "let him write to the bot and approve him, or list him in its allowFrom"
        yield Finding(
            Severity.WARNING, f"owner {visible(str(owner))} is told nothing and decides nothing: {text}", hint
        )


def _is_in(paths: Paths, settings: AccountConfig, owner: Owner) -> bool:
    try:
        known = asyncio.run(FileStore(paths.state_dir).read(SendersKey(settings.account)))
    except StoreError:
        return True  # nobody knows; what is wrong with the file is said already
    return isinstance(gate.decide(settings.rules, known, owner.sender, now=context.now()), gate.Admit)


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
        text = f"{shown(paths.config_path)}: the gateway would not start: {visible(error.message, 400)}"
        yield Finding(Severity.ERROR, text, error.hint)


def _channels(scene: Scene) -> Iterator[Finding]:
    """What keeps channels from working: what the gateway that runs here knows, and where none does, what is seen."""
    from clawdbot.gateway.supervisor import GIVEN_UP

    for where, settings in scene.accounts.items():
        if settings.enabled and where not in scene.live:
            yield from _session(scene.paths, settings)
    for where, report in scene.live.items():
        if report.error:
            severity = Severity.ERROR if report.state in GIVEN_UP else Severity.WARNING
            yield Finding(severity, f"{where}: {report.described}", report.hint)


def _session(paths: Paths, settings: AccountConfig) -> Iterator[Finding]:
    """What the gateway would say as soon as it starts."""
    from clawdbot.gateway.adapters import check_session

    try:
        check_session(settings, paths.state_dir)
    except NeedsLogin as missing:
        yield Finding(Severity.ERROR, f"{settings.account}: {missing.message}", missing.hint)


def _gateway_now(paths: Paths) -> Iterator[Finding]:
    """What the gateway that runs here says against itself, where nothing else that was found explains it."""
    from clawdbot.gateway.healthcheck import complaints

    for text in complaints(paths.state_dir):
        yield Finding(Severity.ERROR, f"the gateway that runs is not ready: {visible(text, 400)}", "look at its log")
