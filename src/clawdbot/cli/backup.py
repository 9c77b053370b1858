"""``clawdbot backup`` and ``clawdbot restore``: the state directory as one private file, and back."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.output import hint, say
from clawdbot.domain.instants import iso
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused

if TYPE_CHECKING:
    from clawdbot.backup.archive import Backup

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.option("--output", metavar="FILE", type=FILE, help="Where to; a new file in this directory, if not named.")
@click.option("--with-sessions", is_flag=True, help="Also the sessions of WhatsApp: whoever has them is the account.")
def backup_command(output: Path | None, with_sessions: bool) -> None:
    """Write the whole state into one private file.

    Approvals, requests, devices, identity and configuration. Works beside a running gateway: the file holds the state
    of one moment. It holds your secrets, too.
    """
    from clawdbot.backup import archive
    from clawdbot.backup.snapshot import snapshot

    paths, now = context.paths(), context.now()
    files = snapshot(paths, context.store(), sessions=with_sessions)
    if not files:
        raise Refused(f"there is nothing in {paths.state_dir} to keep", hint='look where it is: "clawdbot status"')
    path = output or Path(time.strftime("clawdbot-backup-%Y%m%d-%H%M%S.tar.gz", time.localtime(now / 1000)))
    archive.save(path.absolute(), archive.pack(files, made_at=now))
    say(f"{visible(str(path), 400)}: {len(files)} files of {paths.state_dir}")
    hint("it holds secrets: keep it where only you can read it")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is there; it is kept in before-restore-N.")
def restore_command(file: Path, force: bool) -> None:
    """Bring a backup back.

    All of it or nothing. Refused while a gateway runs, and where state is already, unless --force is given.
    """
    from clawdbot.backup import archive
    from clawdbot.gateway import instance

    backup = archive.load(file)
    with instance.hold(context.paths().state_dir, to_restore=True):
        aside = _restore(backup, force=force)
    say(f"restored: the state of {iso(backup.made_at)}")
    if aside is not None:
        say(f"kept what was there: {aside}")
    say("next: clawdbot status")


def _restore(backup: "Backup", *, force: bool) -> Path | None:
    """Put everything into place under the locks; where what was there is now."""
    from clawdbot.backup import inventory
    from clawdbot.backup.inventory import CONFIG, Part, part
    from clawdbot.backup.placing import place

    paths = context.paths()
    elsewhere = paths.config_path != paths.state_dir / CONFIG
    files = {name: content for name, content in backup.files.items() if name != CONFIG or not elsewhere}
    if len(files) < len(backup.files):
        hint(f"the configuration is left as it is: {paths.config_path} is not in the state directory")
    with context.store().standing_still(*files):
        there = inventory.present(paths.state_dir)
        replaced = [name for name in there if part(name) is Part.STATE or name in files]
        if there and not force:
            raise Refused(
                f"there is state in {paths.state_dir} already",
                hint='replace it with --force; before, "clawdbot backup"',
            )
        sessions = [name for name in files if part(name) is Part.SESSION]
        replaced += [journal for name in sessions for journal in inventory.journals(paths.state_dir, name)]
        return place(paths.state_dir, files, instead=replaced)
