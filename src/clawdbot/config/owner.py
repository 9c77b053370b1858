"""The ``owner`` key: who decides in chat, as a plain list or as an object with more beside it (``docs/owner.md``).

An entry that cannot be used is an error here, not a warning as in ``allowFrom``: an owner who believes himself to be
one would wait for notices that never come.
"""

from clawdbot.config.json5 import Array, Node, Path
from clawdbot.config.model import NotifySettings
from clawdbot.config.notify import KEYS, read_notify
from clawdbot.config.reading import Section, held, kind, shown
from clawdbot.domain.owners import DEFAULT_WARN_MS, Owner, Owners, Quiet, read_owner, read_quiet

_SERVED = ("quiet", "warnHours", "who", *KEYS)
_MOST_WARN_HOURS = 30 * 24
_HINT = 'write a list like ["telegram:123456789"], or {who: ["telegram:123456789"], quiet: "22:00-07:00"}'


def read_owners(root: Section) -> tuple[Owners, NotifySettings]:
    """Read ``owner``; without it nobody decides in chat, and nobody is told (threats.md D14)."""
    value = next((member.value for member in root if member.key == "owner"), None)
    if value is None:
        return Owners(), NotifySettings()
    if isinstance(value, Array):
        return Owners(who=_who(root, "owner", value.items)), NotifySettings()
    if isinstance(held(value), str):
        root.error("owner", "must be a list or an object, not a string", _HINT)
        return Owners(), NotifySettings()
    section = root.section("owner")
    if section is None:
        return Owners(), NotifySettings()
    section.only(_SERVED)
    who = _who(section, "who", section.items("who", _HINT) or ())
    hours = section.number("warnHours", 0, _MOST_WARN_HOURS)
    warn_ms = DEFAULT_WARN_MS if hours is None else int(hours * 60 * 60 * 1000)
    return Owners(who, _quiet(section), warn_ms), read_notify(section)


def _who(section: Section, key: str, items: tuple[Node, ...]) -> tuple[Owner, ...]:
    found: dict[Owner, None] = {}
    for index, item in enumerate(items):
        owner = _owner(section, item, (*section.path, key, index))
        if owner in found:
            section.notes.warn(item.start, (*section.path, key, index), f"{shown(item)} is listed already")
        elif owner is not None:
            found[owner] = None
    return tuple(found)


def _owner(section: Section, item: Node, path: Path) -> Owner | None:
    value = held(item)
    if not isinstance(value, str):
        section.notes.error(item.start, path, f"must be a string, not {kind(item)}", 'like "telegram:123456789"')
        return None
    try:
        return read_owner(section.notes.filled(value, item.start, path))
    except ValueError as error:
        if not section.notes.is_wrong(path):
            section.notes.error(item.start, path, f"{shown(item)} is no owner: {error}")
        return None


def _quiet(section: Section) -> Quiet | None:
    text = section.string("quiet")
    if text is None:
        return None
    try:
        return read_quiet(text)
    except ValueError as error:
        section.error("quiet", str(error))
        return None
