"""Why a gateway said no, in words that are safe to show, and what its or this machine's owner can do about it."""

import re
from typing import Final

from msgspec import UNSET

from clawdbot.domain.check_words import check_words
from clawdbot.domain.identity import PublicKey, read_public_key
from clawdbot.domain.texts import visible
from clawdbot.errors import CallRefused, ConnectRefused, Refused
from clawdbot.wire.frames import Error

LONGEST: Final = 400

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""A request id that can be typed into a shell as it stands."""


def of_call(error: Error) -> CallRefused:
    """A call was refused."""
    return CallRefused(
        visible(error.message, LONGEST),
        code=error.code,
        details=_details(error),
        retry_after_ms=_retry_after(error),
        hint=_later(error) or call_hint(error.message),
    )


def call_hint(message: str) -> str:
    """What to do about the refusal of a call."""
    if message.startswith(_MISSING_SCOPE):
        return "this device may not do that; on the gateway's machine: clawdbot devices list"
    if message.startswith(_UNKNOWN_METHOD):
        return "the gateway is of a version that does not do that"
    if message.startswith(_NOT_RUN):
        return "the node's owner says what runs there, on the node: clawdbot node allow PROGRAM"
    return _HINTS.get(message, "")


_MISSING_SCOPE: Final = "missing scope: "
_UNKNOWN_METHOD: Final = "unknown method: "
_NOT_RUN: Final = ("SYSTEM_RUN_DISABLED", "SYSTEM_RUN_DENIED")
_SCOPES: Final = "operator.admin is everything; below it are operator.read, .write, .pairing and .approvals"
_HINTS: Final = {
    "unknown requestId": 'requests expire after five minutes; run "clawdbot devices list" or "clawdbot nodes pending"',
    "unknown deviceId": 'run "clawdbot devices list" to see the devices',
    "unknown deviceId/role": 'run "clawdbot devices list" to see the devices and their roles',
    "unknown nodeId": 'run "clawdbot nodes status" to see the nodes',
    "node not connected": 'run "clawdbot nodes status" to see which are',
    "node command not allowed": 'run "clawdbot nodes describe --node NODE" to see what it lets itself be asked for',
    "node invoke timed out": "give it more time with --invoke-timeout MS",
    "a setup code gives no scopes beyond your own": _SCOPES,
    "a link gives no scopes beyond your own": _SCOPES,
    "unknown pairing code": "codes expire after an hour; to see who waits: clawdbot gateway call dm.pair.list",
}


def of_connect(error: Error, device: PublicKey | None = None) -> ConnectRefused:
    """Connecting was refused.

    Args:
        device: the key of the device that wanted in, for its check words. They take five milliseconds to make.
    """
    refused = ConnectRefused(
        visible(error.message, LONGEST),
        code=error.code,
        details=_details(error),
        retry_after_ms=_retry_after(error),
        hint=_later(error),
    )
    refused.hint = refused.hint or _way_in(refused)
    refused.check_words = "" if device is None else _check_words(device, refused)
    return refused


def _check_words(device: PublicKey, refused: ConnectRefused) -> str:
    told = refused.gateway_key or ""
    gateway = read_public_key(told)
    return "" if gateway is None or str(gateway) != told else check_words(device, gateway)


def code_not_taken(command: str) -> Refused:
    """A setup code is used up, too old or nobody's; the gateway does not say which (threats.md G6).

    Args:
        command: what makes another one.
    """
    hint = f"it is good once, within ten minutes; for another one, on the gateway's machine: {command}"
    return Refused("the gateway does not take this setup code", hint=hint)


NO_WORDS: Final = "this gateway told no sound key for check words: do not approve where its list shows some"
"""Somebody in between can take the key away, but not what the owner sees (threats.md G19)."""


def to_compare(refused: ConnectRefused) -> str:
    """The line with the check words of a request, or that there are none; empty if nothing waits."""
    if refused.check_words:
        return f'check words, which "clawdbot devices list" must show, too: {refused.check_words}'
    return "" if refused.request_id is None else NO_WORDS


def _way_in(refused: ConnectRefused) -> str:
    request = refused.request_id
    if request is not None:
        listing = "clawdbot devices list"
        return f"on the gateway's machine: {approval(request) if _ID.fullmatch(request) else listing}"
    return _WAYS_IN.get(refused.message, "")


_WAYS_IN: Final = {
    "pairing required": "other requests come first; on the gateway's machine: clawdbot devices list",
    "gateway auth required behind reverse proxy": "on the gateway's machine: set gateway.auth.token in clawdbot.json",
    "device signature expired": "set this machine's clock, or the gateway's",
    "protocol mismatch": "the gateway speaks another version of the protocol; update the older of the two",
}


def approval(request: str) -> str:
    """The command that lets a device in."""
    return f"clawdbot devices approve {request}"


def _later(error: Error) -> str:
    after = _retry_after(error)
    return "" if after is None else f"try again in {max(1, round(after / 1000))} s"


def _details(error: Error) -> object:
    return None if error.details is UNSET else error.details


def _retry_after(error: Error) -> int | None:
    return error.retry_after_ms if isinstance(error.retry_after_ms, int) else None
