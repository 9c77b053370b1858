"""``clawdbot gateway status``: does the gateway of this machine run, and does it answer?"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.gateway_target import Target, choose, gateway, listens, running_here
from clawdbot.cli.other_services import SYSTEM, OtherService, other_services
from clawdbot.cli.output import as_json, say
from clawdbot.config import GatewaySettings
from clawdbot.domain.texts import visible
from clawdbot.errors import ClawdbotError, ConfigError
from clawdbot.paths import Paths, home_of


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What is known of the gateway.

    Attributes:
        pid: the process that runs on this state directory; 0 if it does not say which.
        probe: what became of asking it; ``None`` if it was not asked.
        others: services that start a gateway, too.
    """

    paths: Paths
    config_error: str
    settings: GatewaySettings
    target: Target
    pid: int | None
    busy: bool
    probe: "Probe | None"
    others: Sequence[OtherService] = ()

    @property
    def exit_code(self) -> int:
        return self.probe.exit_code if self.probe else 0

    def as_json(self) -> dict[str, object]:
        """The reference's shape; ``service`` is the process itself, for service managers are the owner's affair."""
        config = {
            "path": str(self.paths.config_path),
            "exists": self.paths.config_path.exists(),
            "valid": not self.config_error,
        }
        runs = self.pid is not None
        return {
            "service": {
                "label": "process",
                "loaded": runs,
                "loadedText": "running",
                "notLoadedText": "not running",
                "command": None,
                "runtime": {"status": "running" if runs else "stopped", **({"pid": self.pid} if self.pid else {})},
            },
            "config": {"cli": config, "daemon": config},
            "gateway": {
                "bindMode": self.settings.bind,
                "bindHost": next(iter(self.settings.hosts), None),
                "port": self.settings.port,
                "portSource": "env/config",
                "probeUrl": self.target.address.url,
            },
            "port": {
                "port": self.target.address.port,
                "status": "busy" if self.busy else "free",
                "listeners": [],
                "hints": [],
            },
            **({} if self.probe is None else {"rpc": self.probe.as_json(self.target)}),
            "legacyServices": [],
            "extraServices": [other.as_json() for other in self.others],
        }


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of asking a gateway; ``error`` is empty if it answered."""

    error: str = ""
    hint: str = ""
    exit_code: int = 0

    def as_json(self, target: Target) -> dict[str, object]:
        return {
            "ok": not self.error,
            **({"error": self.error} if self.error else {}),
            "url": target.address.url,
        }


@click.command("status")
@click.option("--no-probe", is_flag=True, help="Do not connect.")
@click.option("--deep", is_flag=True, help="Look for other gateways among the machine's services, too.")
@call_options()
@click.pass_context
def status_command(ctx: click.Context, options: CallOptions, no_probe: bool, deep: bool) -> None:
    """Show whether it runs, where, and answers.

    Exit code 0 if it answers, 3 if it cannot be reached, 1 if it does not let us in.
    """
    status = replace(asyncio.run(_look(options, probe=not no_probe)), others=_others(deep))
    if options.json:
        as_json(status.as_json())
    else:
        _say(status)
    ctx.exit(status.exit_code)


async def _look(options: CallOptions, *, probe: bool) -> GatewayStatus:
    from clawdbot.gateway import instance

    paths = context.paths()
    problem = ""
    try:
        settings = context.config().gateway
    except ConfigError as error:
        settings, problem = GatewaySettings(), error.message
        if options.url is None:
            options = _by_default(options, settings)
    target = choose(options)
    return GatewayStatus(
        paths=paths,
        config_error=problem,
        settings=settings,
        target=target,
        pid=instance.running(paths.state_dir),
        busy=await listens(target),
        probe=await _probe(options) if probe else None,
    )


def _others(deep: bool) -> list[OtherService]:
    from clawdbot.cli.gateway_service import service_name
    from clawdbot.cli.systemd import units

    own = f"{service_name(context.paths())}.service"
    return other_services(units(home_of(os.environ)), SYSTEM if deep else (), own=own)


def _by_default(options: CallOptions, settings: GatewaySettings) -> CallOptions:
    """Ask the gateway that runs here, else where one is by default; without the secrets of a file that is broken."""
    running = running_here()
    if running is None:
        return replace(options, url=settings.local_url)
    return replace(options, url=running.url, tls_fingerprint=options.tls_fingerprint or running.fingerprint)


async def _probe(options: CallOptions) -> Probe:
    try:
        async with gateway(options) as connection:
            await connection.call("status", {}, within=options.within)
    except ClawdbotError as error:
        return Probe(error.message, error.hint, error.exit_code)
    return Probe()


def _say(status: GatewayStatus) -> None:
    runs = "not running" if status.pid is None else f"running (process {status.pid})" if status.pid else "running"
    there = "" if status.paths.config_path.exists() else " (not there: all defaults)"
    say(f"gateway  {runs}")
    say(f"config   {status.paths.config_path}{there}")
    if status.config_error:
        say(f"         {visible(status.config_error, 400)}")
    say(f"bind     {status.settings.bind}, port {status.settings.port}")
    busy = "something listens" if status.busy else "nothing listens"
    say(f"asked    {status.target.address} ({status.target.source}): {busy}")
    if status.probe is not None:
        say(f"answer   {visible(status.probe.error, 400) or 'ok'}")
        if status.probe.hint:
            say(f"         {visible(status.probe.hint, 400)}")
    for other in status.others:
        say(f"besides  {other} starts a gateway, too")
    if status.others:
        say("         with one bot, two of them answer everything twice; each needs a port and a state directory")
