"""What the node host does next, when a gateway lets it in, turns it away, or is lost. Pure: told the time.

One request is kept alive by trying again well within the five minutes that it lives, and no more than one is made: a
request that is gone before its time was rejected, and a node that asks again and again is a nuisance to its owner.
Access that is taken away ends the node host: whoever took it away knows why. A setup code is tried once: who pasted it
is there to see what is wrong, and ten minutes later it is void in any case.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from clawdbot.client.refusals import code_not_taken, to_compare
from clawdbot.client.transport import Closed
from clawdbot.errors import ClawdbotError, ConnectRefused, Refused

REQUEST_S: Final = 5 * 60.0
"""How long a request lives at a gateway that does not renew it."""

SURELY_ALIVE_S: Final = REQUEST_S - 30.0

MOST_WAIT_S: Final = 20.0
"""Between two tries while the owner's approval is awaited."""

Delay = Callable[[int], float]
"""Seconds to wait after so many failures in a row, counted from 1."""


@dataclass(frozen=True, slots=True)
class Request:
    """The pairing request that waits for the owner; ``since`` is when it was first heard of, in seconds."""

    id: str
    since: float


@dataclass(frozen=True, slots=True)
class Journey:
    """How far the node host has come.

    Attributes:
        was_in: has the gateway let it in since it started?
        failures: how often in a row it did not get in.
        said: what was said last, so that nothing is said twice.
        by_code: does it come with a setup code, which is yet to be taken?
    """

    was_in: bool = False
    request: Request | None = None
    failures: int = 0
    said: str = ""
    by_code: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Wait, and try again. ``lines`` are for the owner; none, if he knows."""

    journey: Journey
    wait: float
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Trying again is no use, or not wanted."""

    error: ClawdbotError


Step = Again | Stop


def turned_away(journey: Journey, refused: ConnectRefused, *, now: float, delay: Delay) -> Step:
    """The gateway did not let the node in."""
    if refused.code == "UNAVAILABLE":
        return _later(journey, f"{refused.message}; trying again", delay, at_least=(refused.retry_after_ms or 0) / 1000)
    if refused.message == "device signature expired":
        return _later(journey, f"{refused.message}: {refused.hint}; trying again", delay)
    if journey.by_code and (refused.code == "NOT_PAIRED" or refused.is_unauthorized):
        return Stop(code_not_taken("clawdbot qr"))
    if journey.was_in and (refused.code == "NOT_PAIRED" or refused.is_unauthorized):
        return Stop(Refused("the gateway took this node's access away", hint=_back(refused)))
    if refused.message == "pairing required":
        return _wait(journey, refused, now=now, delay=delay)
    return Stop(refused if refused.hint or not refused.is_unauthorized else _without_secret(refused))


def not_reached(journey: Journey, error: ClawdbotError, *, delay: Delay) -> Step:
    """There is no gateway, or none that answers, or another one than it should be."""
    if journey.by_code:
        return Stop(error)
    return _later(journey, f"{error.message}; trying again", delay, hint=error.hint)


def lost(end: Closed, *, delay: Delay) -> Again:
    """The gateway had let the node in, and the connection is over. Whether it may come back shows when it tries."""
    return _later(Journey(was_in=True), f"connection to the gateway lost ({end}); trying again", delay)


def _wait(journey: Journey, refused: ConnectRefused, *, now: float, delay: Delay) -> Step:
    """The owner has not decided, or has: a request that goes away before its time was rejected."""
    id, old = refused.request_id, journey.request
    if id is None:
        return _later(journey, f"{refused.message}: {refused.hint}", delay)
    if old is not None and old.id != id and now - old.since < SURELY_ALIVE_S:
        return Stop(Refused("the owner of the gateway rejected this node", hint="start it again to ask once more"))
    request = old if old is not None and old.id == id else Request(id, now)
    failures = journey.failures + 1
    told = tuple(filter(None, ("waiting for approval", to_compare(refused), refused.hint)))
    said = "; ".join(told)
    lines = () if said == journey.said else told
    return Again(
        replace(journey, request=request, failures=failures, said=said), min(delay(failures), MOST_WAIT_S), lines
    )


def _later(journey: Journey, line: str, delay: Delay, *, hint: str = "", at_least: float = 0.0) -> Again:
    failures = journey.failures + 1
    lines = () if line == journey.said else tuple(filter(None, (line, hint)))
    return Again(replace(journey, failures=failures, said=line), max(delay(failures), at_least), lines)


def _back(refused: ConnectRefused) -> str:
    if refused.request_id is not None:
        return f"to let it in again, {refused.hint}; then start it again"
    return "to ask for it again, start it with the gateway's token: --token"


def _without_secret(refused: ConnectRefused) -> Refused:
    return Refused(
        refused.message, hint="give the gateway's token with --token, or in the variable CLAWDBOT_GATEWAY_TOKEN"
    )
