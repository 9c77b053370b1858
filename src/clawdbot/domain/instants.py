"""Points in time as people and files spell them: ISO 8601, UTC, milliseconds, ``2026-11-22T17:13:14.030Z``."""

from datetime import UTC, datetime, timedelta

from clawdbot.domain.names import Instant

LONGEST_MS = 10 * 366 * 24 * 60 * 60 * 1000
"""The longest span of time that anything is decided for: whoever means longer means for good; files hold its end."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def iso(instant: Instant) -> str:
    """Spell an instant. Raises ValueError or OverflowError for one outside the years 1 to 9999."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> Instant | None:
    """Read an ISO 8601 instant with its offset from UTC. ``None`` for anything else (threats.md D11, S8)."""
    if not text.isascii() or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else (moment - _EPOCH) // _MILLISECOND


def minute(instant: Instant) -> str:
    """When, to the minute, for people: ``2026-11-22 17:13 UTC``."""
    return f"{iso(instant)[:16].replace('T', ' ')} UTC"


def span(milliseconds: int) -> str:
    """How long something lasts, roughly, for people: ``7 d``."""
    return _rough(milliseconds // 1000)


def ago(instant: Instant, now: Instant) -> str:
    """How long ago, roughly, for people: ``3 min ago``; ``in 57 min`` for what is to come."""
    seconds = (now - instant) // 1000
    amount = _rough(abs(seconds))
    return f"{amount} ago" if seconds >= 0 else f"in {amount}"


def _rough(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
