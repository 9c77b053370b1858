"""``clawdbot gateway probe``: which of the gateways that could be meant are there, and how they are."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import click

from clawdbot.cli import context
from clawdbot.cli.call_options import CallOptions, call_options
from clawdbot.cli.gateway_target import Target, connector, explicit, local, remote
from clawdbot.cli.output import as_json, say
from clawdbot.client.introduction import Introduction, program
from clawdbot.config.gateway_model import GatewayMode
from clawdbot.domain.scopes import ADMIN
from clawdbot.domain.texts import visible
from clawdbot.errors import CallRefused, ClawdbotError, ConnectRefused, GatewayUnavailable

BUDGET_MS = 3000

ASKED = {"health": "health", "summary": "status", "presence": "system-presence", "config": "config.get"}
"""What is asked, by the name under which it is printed. All of it must be answered."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What became of one gateway.

    Attributes:
        error: why it cannot be used; empty if it can.
        closed: did it end the connection? Code and reason.
        said: its answers, by the names of :data:`ASKED`.
    """

    kind: str
    target: Target
    active: bool
    latency_ms: int | None = None
    error: str = ""
    hint: str = ""
    refused: bool = False
    said: dict[str, object] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.error

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.kind,
            "kind": self.kind,
            "url": self.target.address.url,
            "active": self.active,
            "tunnel": None,
            "connect": {
                "ok": self.ok,
                "latencyMs": self.latency_ms,
                "error": self.error or None,
                "close": {"code": 1008, "reason": self.error} if self.refused else None,
            },
            "self": _self(self.said.get("presence")),
            "config": _config(self.said.get("config")),
            "health": self.said.get("health"),
            "summary": self.said.get("summary"),
            "presence": self.said.get("presence"),
        }


@click.command("probe")
@call_options(timeout_ms=BUDGET_MS)
@click.pass_context
def probe_command(ctx: click.Context, options: CallOptions) -> None:
    """See which gateways can be reached and used.

    Looks at the one named with --url, the configured one, and this machine's.

    Exit code 0 if one of them can, 3 if none is there, 1 if one is there and does not let us in.
    """
    started = time.monotonic()
    probed = asyncio.run(_probe_all(options))
    ok = any(one.ok for one in probed)
    if options.json:
        as_json(_report(probed, ok, options, started))
    else:
        _say(probed, ok)
    if not ok:
        ctx.exit(CallRefused.exit_code if any(one.refused for one in probed) else GatewayUnavailable.exit_code)


# --- asking ----------------------------------------------------------------------------------------------------------


async def _probe_all(options: CallOptions) -> list[Probed]:
    return await asyncio.gather(*(_probe(one, options) for one in _candidates(options)))


def _candidates(options: CallOptions) -> list[Probed]:
    """The gateways that could be meant. What is given for the named one is for that one alone."""
    settings = context.config().gateway
    found = [] if options.url is None else [Probed("explicit", explicit(options.url, options), active=True)]
    others = replace(options, tls_fingerprint=None)
    if options.url is not None:
        others = replace(others, token=None, password=None)
    elsewhere = settings.mode is GatewayMode.REMOTE
    if elsewhere:
        found.append(Probed("configRemote", remote(settings, others), active=True))
    found.append(Probed("localLoopback", local(settings, others), active=not elsewhere))
    return found


async def _probe(candidate: Probed, options: CallOptions) -> Probed:
    introduction = Introduction(program("cli", "probe"), scopes=(ADMIN,))
    by = connector(candidate.target, options.within, introduction)
    started = time.monotonic()
    try:
        async with await by.connect() as connection:
            latency_ms = round((time.monotonic() - started) * 1000)
            answers = await asyncio.gather(
                *(connection.call(method, {}, within=options.within) for method in ASKED.values())
            )
    except ClawdbotError as error:
        return replace(
            candidate,
            error=f"connect failed: {error.message}" if isinstance(error, ConnectRefused) else error.message,
            hint=error.hint,
            refused=isinstance(error, CallRefused),
        )
    return replace(candidate, latency_ms=latency_ms, said=dict(zip(ASKED, answers, strict=True)))


# --- telling ---------------------------------------------------------------------------------------------------------


def _report(probed: Sequence[Probed], ok: bool, options: CallOptions, started: float) -> dict[str, object]:
    """The shape of the reference's report. What it looks for and we do not (Bonjour, Tailscale, SSH) is not there."""
    primary = next((one for one in probed if one.ok and one.active), None) or next(
        (one for one in probed if one.ok), None
    )
    return {
        "ok": ok,
        "ts": context.now(),
        "durationMs": round((time.monotonic() - started) * 1000),
        "timeoutMs": round(options.within * 1000),
        "primaryTargetId": primary.kind if primary else None,
        "warnings": [],
        "network": {
            "localLoopbackUrl": probed[-1].target.address.url,
            "localTailnetUrl": None,
            "tailnetIPv4": None,
        },
        "discovery": {"timeoutMs": 0, "count": 0, "beacons": []},
        "targets": [one.as_json() for one in probed],
    }


def _say(probed: Sequence[Probed], ok: bool) -> None:
    say(f"Reachable: {'yes' if ok else 'no'}")
    for one in probed:
        say()
        say(f"{one.target.address} ({one.target.source})")
        if one.ok:
            say(f"  connected in {one.latency_ms} ms; {_about(one)}")
        else:
            say(f"  {visible(one.error, 400)}")
            if one.hint:
                say(f"  {visible(one.hint, 400)}")


def _about(one: Probed) -> str:
    own = _self(one.said.get("presence")) or {}
    known = [str(own[name]) for name in ("host", "ip", "platform") if own.get(name)]
    return visible(" · ".join(known) or "it says nothing about itself", 200)


def _self(presence: object) -> dict[str, object] | None:
    """The gateway's own entry among those who are present."""
    for entry in presence if isinstance(presence, list) else []:
        if isinstance(entry, dict) and entry.get("reason") == "self":
            return {name: entry.get(name) for name in ("host", "ip", "version", "platform")}
    return None


def _config(said: object) -> dict[str, object] | None:
    """What the gateway's configuration says about the gateway; no secret of it."""
    if not isinstance(said, dict):
        return None
    config = said.get("config")
    return {
        "path": said.get("path"),
        "exists": said.get("exists"),
        "valid": said.get("valid"),
        "issues": said.get("issues") or [],
        "legacyIssues": said.get("legacyIssues") or [],
        "gateway": {
            "mode": _at(config, "gateway", "mode"),
            "bind": _at(config, "gateway", "bind"),
            "port": _at(config, "gateway", "port"),
            "controlUiEnabled": _at(config, "gateway", "controlUi", "enabled"),
            "controlUiBasePath": _at(config, "gateway", "controlUi", "basePath"),
            "authMode": _at(config, "gateway", "auth", "mode"),
            "authTokenConfigured": bool(_at(config, "gateway", "auth", "token")),
            "authPasswordConfigured": bool(_at(config, "gateway", "auth", "password")),
            "remoteUrl": _at(config, "gateway", "remote", "url"),
            "remoteTokenConfigured": bool(_at(config, "gateway", "remote", "token")),
            "remotePasswordConfigured": bool(_at(config, "gateway", "remote", "password")),
            "tailscaleMode": _at(config, "gateway", "tailscale", "mode"),
        },
        "discovery": {"wideAreaEnabled": _at(config, "discovery", "wideArea", "enabled")},
    }


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
