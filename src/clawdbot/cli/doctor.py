"""``clawdbot doctor``: what is wrong with state, configuration and channels, and the way out of each."""

from collections.abc import Iterator

import click

from clawdbot.cli import context
from clawdbot.cli.findings import Scene, examine, look, shown
from clawdbot.cli.output import as_json, say, spelled, warn
from clawdbot.domain.texts import visible
from clawdbot.errors import StoreError
from clawdbot.paths import Paths
from clawdbot.store.disk import guarded, is_loose
from clawdbot.store.files import FileStore
from clawdbot.store.inspection import Severity

REQUESTS = ("-pairing.json", "pending.json")
"""Files of which nothing is lost but requests: whoever waits asks again."""


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, fix: bool, json_: bool) -> None:
    """Check state, configuration and channels; say the way out of what is wrong.

    Channels are looked at beside a running gateway; whether anything can be saved is tried. Exit code 1 while something
    is wrong. --fix closes files to others, removes leftovers of killed processes, and sets unreadable pairing requests
    aside; it touches neither who is in nor who is blocked.
    """
    paths = context.paths()
    scene = look(paths)
    findings, done = examine(scene), list[str]()
    if fix:
        done = [f"set aside: {path}" for path in _mend(paths)]
        scene, before = look(paths), findings
        findings = examine(scene)
        done += [f"mended: {finding.text}" for finding in before if finding not in findings]
    notes = [spelled(note) for note in _notes(scene)]
    if json_:
        found = [finding.as_json() for finding in findings]
        as_json({"ok": not findings, "findings": found, "done": done, "notes": notes})
    else:
        for line in done:
            say(line)
        for finding in findings:
            say(f"{finding.severity}: {finding.text}")
            if finding.hint:
                say(f"  {finding.hint}")
        for note in notes:
            say(f"note: {note}")
    if findings:
        ctx.exit(1)
    if not json_:
        say("Everything is in order.")


def _notes(scene: Scene) -> Iterator[str]:
    """What is worth knowing and not wrong."""
    from clawdbot.gateway import instance

    running = instance.find(scene.paths.state_dir)
    yield f"a gateway runs{running.described}" if running else "no gateway runs"
    config = scene.config
    if config is None:
        return
    if not scene.accounts:
        yield 'no channel is configured; run "clawdbot channels add telegram"'
    if any(settings.token for settings in config.accounts.values()):
        yield 'the tokens were not tried; "clawdbot channels status --probe" asks the platforms'
    if config.assistant is None:
        yield "no assistant is configured: approved senders are told so (docs/assistant.md)"
    if config.not_served:
        yield f"accepted, and without effect in this version: {', '.join(map(visible, config.not_served))}"


def _mend(paths: Paths) -> Iterator[str]:
    """Mend what loses nothing: modes, leftovers, and requests that nobody can read (their senders ask again).

    Yields the files that were set aside.
    """
    store = FileStore(paths.state_dir)
    try:
        store.tidy()
        for problem in store.problems():
            path = problem.path
            if problem.severity is Severity.ERROR and path.name.endswith(REQUESTS) and path.is_file():
                yield shown(store.set_aside(path))
        if is_loose(paths.config_path):
            with guarded("close to others", paths.config_path):
                paths.config_path.chmod(0o600)
    except StoreError as error:
        warn(f"not everything could be mended: {error}")
