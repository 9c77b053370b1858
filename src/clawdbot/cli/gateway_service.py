"""``clawdbot gateway install|uninstall|start|stop|restart``: the gateway as a service of its user, by systemd."""

import os
import re
import sys

import click

from clawdbot.cli import context
from clawdbot.cli.output import hint, say
from clawdbot.cli.systemd import Systemd, lingers, systemd
from clawdbot.cli.unit import SECRETS, Unit
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError
from clawdbot.paths import CONFIG_PATH, STATE_DIR, Paths, home_of

NAME = "clawdbot-gateway"

SECRET_VARIABLES = re.compile(r"[A-Z_]*_(TOKEN|PASSWORD|API_KEY)")


@click.command("install")
@click.option("--print", "only_print", is_flag=True, help="Only show the unit.")
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen, before the configuration.")
@click.option("--log-format", type=click.Choice(["human", "json"]), help="Log lines for people, or JSON for programs.")
@click.option("--force", is_flag=True, help="Also in the place of a unit of this name that says something else.")
def install_command(only_print: bool, port: int | None, log_format: str | None, force: bool) -> None:
    """Run the gateway as a service of yours.

    By systemd, now and whenever you are logged in. The unit names this interpreter, the state directory and the search
    path as they are now.
    """
    paths = context.paths()
    unit = _unit(paths, port, log_format)
    if only_print:
        click.echo(unit.text(), nl=False)
        return
    context.config()  # what the gateway would refuse to start with is said here
    manager = systemd(home_of(os.environ))
    there = manager.installed(unit.file_name)
    if there not in (None, unit.text()) and not force:
        raise Refused(
            f"{manager.folder / unit.file_name} is there and says something else",
            hint='put this one in its place with --force; "--print" shows it',
        )
    manager.write(unit.file_name, unit.text())
    manager.call("daemon-reload")
    manager.call("enable", unit.file_name)
    manager.call("restart", unit.file_name)
    say(f"installed and started: {manager.folder / unit.file_name}")
    _advise(paths)


@click.command("uninstall")
def uninstall_command() -> None:
    """Stop the service and remove it.

    The state stays.
    """
    manager, unit = _installed()
    manager.call("disable", "--now", unit.file_name)
    (manager.folder / unit.file_name).unlink(missing_ok=True)
    manager.call("daemon-reload")
    say(f"removed: {manager.folder / unit.file_name}")


@click.command("start")
def start_command() -> None:
    """Start the service.

    Done once the gateway listens.
    """
    _order("start")


@click.command("stop")
def stop_command() -> None:
    """Stop the service.

    Messages that are being answered are finished.
    """
    _order("stop")


@click.command("restart")
def restart_command() -> None:
    """Stop the service and start it again."""
    _order("restart")


def _order(verb: str) -> None:
    manager, unit = _installed()
    manager.call(verb, unit.file_name)
    say(f"{verb}: done ({unit.file_name})")


def _installed() -> tuple[Systemd, Unit]:
    """The service of this state directory. Raises Refused if there is none."""
    unit = _unit(context.paths())
    manager = systemd(home_of(os.environ))
    if manager.installed(unit.file_name) is None:
        raise Refused(f"there is no service {unit.file_name}", hint='run "clawdbot gateway install"')
    return manager, unit


def _unit(paths: Paths, port: int | None = None, log_format: str | None = None) -> Unit:
    """The unit of a state directory; secrets of the environment do not go into it."""
    if not sys.executable:
        raise UsageError("the interpreter does not know where it is", hint="run clawdbot by its full path")
    said = {
        STATE_DIR: str(paths.state_dir),
        **({CONFIG_PATH: str(paths.config_path)} if os.environ.get(CONFIG_PATH, "").strip() else {}),
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONUNBUFFERED": "1",
    }
    options = [
        *(["--port", str(port)] if port is not None else []),
        *(["--log-format", log_format] if log_format is not None else []),
    ]
    for text in (*said.values(), sys.executable):
        if not text.isprintable():
            raise UsageError("a path holds a character that no unit can", hint="move it, or run the gateway yourself")
    command = (sys.executable, "-P", "-m", "clawdbot", "gateway", "run", *options)
    return Unit(service_name(paths), command, paths.state_dir, said)


def service_name(paths: Paths) -> str:
    """A service for each profile, as the reference names them."""
    profile = re.fullmatch(r"\.clawdbot-([A-Za-z0-9][A-Za-z0-9_-]*)", paths.state_dir.name)
    return f"{NAME}-{profile[1]}" if profile else NAME


def _advise(paths: Paths) -> None:
    """What the owner may not expect of a service."""
    secrets = sorted(name for name in os.environ if SECRET_VARIABLES.fullmatch(name) and os.environ[name])
    ours = [name for name in secrets if name.startswith(("CLAWDBOT_", "TELEGRAM_", "DISCORD_", "SLACK_"))]
    file = paths.state_dir / SECRETS
    if ours and not file.exists():
        hint(
            f"the service does not see {', '.join(ours)} of this terminal;"
            f" write NAME=value into {visible(str(file), 400)}, with mode 0600"
        )
    if not lingers():
        hint(f"it ends when you log out; to keep it running: loginctl enable-linger {os.getuid()}")
