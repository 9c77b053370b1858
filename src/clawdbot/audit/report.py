"""The whole audit of a configuration and a state directory, as they lie there."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from clawdbot.audit import channels, devices, files, gateway, invites, look
from clawdbot.audit.files import FileFact
from clawdbot.audit.findings import Finding, Severity, ranked
from clawdbot.config import Config, ConfigProblem, load, problems
from clawdbot.config import Severity as ConfigSeverity
from clawdbot.domain.device_records import Device
from clawdbot.domain.names import Instant
from clawdbot.errors import ConfigError, StoreError
from clawdbot.paths import Paths
from clawdbot.store.base import DeviceKey, SendersKey
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import Problem


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, and what was found.

    Attributes:
        config: the configuration, if it can be used at all.
        facts: the files that were looked at, besides the store's own.
    """

    config: Config | None
    facts: tuple[FileFact, ...]
    findings: tuple[Finding, ...]


async def audit(paths: Paths, environ: Mapping[str, str], *, now: Instant) -> Audit:
    """Look at everything; nothing is changed."""
    config = _config(paths, environ)
    store = FileStore(paths.state_dir, mend=False)
    facts = tuple(look.files(paths, config))
    found = [
        *_broken(problems(paths.config_path, environ), paths),
        *(gateway.check(config.gateway, str(paths.config_path)) if config else ()),
        *(channels.check(config, str(paths.config_path)) if config else ()),
        *devices.check(await _devices(store), str(paths.state_dir / "devices" / "paired.json"), now=now),
        *await _invites(store, now),
        *files.check(facts),
        *_state(store.problems(), paths),
        *_copied(paths),
    ]
    return Audit(config, facts, tuple(ranked(found)))


def _config(paths: Paths, environ: Mapping[str, str]) -> Config | None:
    try:
        return load(paths.config_path, environ)
    except ConfigError:
        return None


async def _devices(store: FileStore) -> Iterable[Device]:
    """Every device on record; none while the files are broken, which is a finding of its own."""
    try:
        return (await store.read_all(DeviceKey)).values()
    except StoreError:
        return ()


async def _invites(store: FileStore, now: Instant) -> list[Finding]:
    """What is open on each account; nothing of one whose files are broken, which is a finding of its own."""
    found: list[Finding] = []
    for key in await store.keys(SendersKey):
        if isinstance(key, SendersKey):
            with suppress(StoreError):
                found += invites.check(key.account, await store.read(key), now=now)
    return found


def _broken(found: Iterable[ConfigProblem], paths: Paths) -> Iterator[Finding]:
    for problem in found:
        if problem.severity is ConfigSeverity.ERROR:
            yield Finding(
                "config.invalid",
                Severity.CRITICAL,
                "The configuration cannot be used; nobody gets in, and nothing else of it was looked at",
                problem.message,
                problem.hint,
                f"{paths.config_path}:{problem.line}" if problem.line else str(paths.config_path),
                problem.key,
            )


def _state(found: Iterable[Problem], paths: Paths) -> Iterator[Finding]:
    """What the store says about its own files; the folder around them was looked at before."""
    for problem in found:
        if problem.path != paths.state_dir:
            title = "A file of the state is not as it should be"
            yield Finding("fs.state", Severity.WARN, title, problem.text, problem.hint, str(problem.path))


def _copied(paths: Paths) -> Iterator[Finding]:
    places = {paths.state_dir: "The state directory", paths.config_path.parent: "The configuration"}
    for path, called in places.items():
        program = look.copied_by(path)
        if program and (path == paths.state_dir or paths.state_dir not in (path, *path.parents)):
            yield files.synced(path, called, program)
