"""``clawdbot explain device``: why a device is in, waiting or turned away."""

import asyncio
import re
from collections.abc import Iterator
from typing import Final

import click

from clawdbot.cli import context
from clawdbot.cli.output import as_json, say
from clawdbot.cli.own_device import check_words
from clawdbot.cli.pairing_lists import json_option
from clawdbot.device_service import DeviceService
from clawdbot.domain import explain_devices
from clawdbot.domain.device_records import TTL_MS, Device, DeviceRequest
from clawdbot.domain.explain_devices import RULES, Explanation, InRole, Standing
from clawdbot.domain.instants import ago
from clawdbot.domain.names import DeviceId
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError

SHORT: Final = 12

_ID = re.compile(r"[0-9a-f]{6,64}", re.A)

_WORDS: Final = {
    Standing.IN: "is in",
    Standing.WAITING: "is waiting for your decision (threats.md G4)",
    Standing.REVOKED: "is refused: every role that it had was taken from it (threats.md G8)",
    Standing.EXPIRED: "is refused: its request has expired, and it is not paired (threats.md G4)",
    Standing.UNKNOWN: "is not known here: it has not asked, or was removed (threats.md G4)",
}


@click.command("device")
@click.argument("id_", metavar="ID")
@json_option
def device_command(id_: str, json_: bool) -> None:
    """Explain a device, by the beginning of its id.

    From the state on this machine, whether or not a gateway runs.
    """
    known = asyncio.run(_find(id_.strip().lower()))
    found = explain_devices.device(known, now=context.now())
    if json_:
        as_json(_as_json(known, found))
    else:
        _print(known, found)


async def _find(text: str) -> Device:
    """What is on record. Raises UsageError for what is no id, Refused for what begins several."""
    if not _ID.fullmatch(text):
        raise UsageError(
            f'"{visible(text)}" is no device id', hint='it has 6 to 64 hex digits; run "clawdbot devices list"'
        )
    found = [one for one in await DeviceService(context.store()).all() if one.id.startswith(text)]
    if len(found) > 1:
        raise Refused(f"{len(found)} devices' ids begin with {text}", hint="give more of the id")
    return found[0] if found else Device(DeviceId(text))


def _print(known: Device, found: Explanation) -> None:
    name = visible(known.paired.name or "") if known.paired else ""
    say(f"device {known.id[:SHORT]}{f' ({name})' if name else ''} {_WORDS[found.standing]}.")
    if known.paired is not None:
        say(f"  record  devices/paired.json, approved {ago(known.paired.approved_at, context.now())}")
    for one in found.roles:
        say(f"  role    {_role(one)}")
    if found.request is not None:
        request = found.request
        more = f", for {visible(' '.join(found.wants), 300)}" if found.wants else ""
        say(f"  request {request.id} as {request.role}{more}; {ago(request.asked_at, context.now())}")
        say(f"          expires {ago(request.last_seen + TTL_MS, context.now())}, unless it asks again")
        if words := _check_words(request):
            say(f"          check words {words}")
    say()
    say("What would change it:")
    for command, outcome in _steps(known, found):
        say(f"  {command}")
        say(f"      {outcome}")


def _check_words(request: DeviceRequest) -> str | None:
    return check_words([request.public_key]).get(request.public_key)


def _role(one: InRole) -> str:
    if one.lacks is not None:
        return f"{one.role}: no, {one.lacks} (threats.md {RULES[one.lacks]})"
    scopes = " ".join(one.scopes)
    return f"{one.role}: yes{f', with {visible(scopes, 300)}' if scopes else ''}"


def _steps(known: Device, found: Explanation) -> Iterator[tuple[str, str]]:
    """What to type, and what follows."""
    if found.request is not None:
        yield f"clawdbot devices approve {found.request.id}", "then it gets what it asks for"
        yield f"clawdbot devices reject {found.request.id}", "then it keeps what it has, and may ask again"
    for one in found.roles:
        if one.lacks is None:
            yield f"clawdbot devices revoke --device {known.id[:SHORT]} --role {one.role}", "then it has to be approved"
    if known.paired is not None:
        yield f"clawdbot devices remove {known.id[:SHORT]}", "then it is a stranger"
    if found.request is None and found.standing is not Standing.IN:
        yield "let it connect, then run clawdbot devices list", "then its request waits there for five minutes"


def _as_json(known: Device, found: Explanation) -> dict[str, object]:
    request = found.request
    return {
        "deviceId": known.id,
        "standing": found.standing,
        "roles": [
            {
                "role": one.role,
                "in": one.lacks is None,
                "scopes": list(one.scopes),
                "lacks": None if one.lacks is None else one.lacks.name.lower(),
                "rule": None if one.lacks is None else RULES[one.lacks],
            }
            for one in found.roles
        ],
        "request": None
        if request is None
        else {
            **{"requestId": request.id, "role": request.role, "scopes": list(request.scopes)},
            **{"wants": list(found.wants), "expiresAtMs": request.last_seen + TTL_MS},
            **({"checkWords": words} if (words := _check_words(request)) else {}),
        },
        "steps": [{"command": command, "then": outcome} for command, outcome in _steps(known, found)],
    }
