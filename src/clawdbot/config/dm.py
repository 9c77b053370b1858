"""Who may write directly: the policy and the allowlist of one account, in both dialects of the reference.

Every channel reads ``dmPolicy`` and ``allowFrom``; Discord and Slack also ``dm.policy``, ``dm.allowFrom`` and
``dm.enabled``. An account's own word counts before the one that it inherits, whatever the dialect of each.
"""

import re
from dataclasses import dataclass

from clawdbot.config import known
from clawdbot.config.json5 import Node, Path
from clawdbot.config.model import RefusedEntry
from clawdbot.config.reading import Notes, Section, held, kind, shown
from clawdbot.domain import sender_ids
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.texts import visible

FLAT_KEYS = frozenset({"dmPolicy", "allowFrom"})

_NESTED_KEYS = frozenset({"enabled", "policy", "allowFrom"})
_NESTING = frozenset({Channel.DISCORD, Channel.SLACK})
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
"""No platform's numeric ids are longer."""

Spot = tuple[Section, str]
"""Where something is said: a section and the key in it."""


@dataclass(frozen=True, slots=True)
class Allowlist:
    """One ``allowFrom``, read."""

    listed: frozenset[SenderId] = frozenset()
    everyone: bool = False
    refused: tuple[RefusedEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What one section says about direct messages; ``None`` where it says nothing."""

    policy: DmPolicy | None = None
    allowlist: Allowlist | None = None
    enabled: bool | None = None
    policy_at: Spot | None = None
    list_at: Spot | None = None


def keys(channel: Channel) -> frozenset[str]:
    """The keys that are read here, in a channel's section or in one of its accounts."""
    return FLAT_KEYS | {"dm"} if channel in _NESTING else FLAT_KEYS


def read(channel: Channel, section: Section) -> Said:
    """Read what a section says in either dialect; in both at once is an error."""
    dm = section.section("dm") if channel in _NESTING else None
    if dm is not None:
        dm.only(_NESTED_KEYS, known.DM_KEYS)
    policy_at = _spot(section, dm, "dmPolicy", "policy")
    list_at = _spot(section, dm, "allowFrom", "allowFrom")
    return Said(
        policy=policy_at[0].choice(policy_at[1], DmPolicy) if policy_at else None,
        allowlist=_allowlist(channel, *list_at) if list_at else None,
        enabled=dm.flag("enabled") if dm is not None else None,
        policy_at=policy_at,
        list_at=list_at,
    )


def inherited(own: Said, base: Said) -> Said:
    """What an account says, and where it says nothing what it inherits."""
    return Said(
        policy=base.policy if own.policy_at is None else own.policy,
        allowlist=base.allowlist if own.list_at is None else own.allowlist,
        enabled=base.enabled if own.enabled is None else own.enabled,
        policy_at=own.policy_at or base.policy_at,
        list_at=own.list_at or base.list_at,
    )


def rules(said: Said) -> DmRules:
    """The rules that follow; what is hardly meant is warned of."""
    policy = said.policy or DmPolicy.PAIRING
    allowlist = said.allowlist or Allowlist()
    found = DmRules(DmPolicy.DISABLED if said.enabled is False else policy, allowlist.listed, allowlist.everyone)
    _warn(found, said)
    return found


def _spot(section: Section, dm: Section | None, flat_key: str, nested_key: str) -> Spot | None:
    """Where a section says one thing."""
    nested = (dm, nested_key) if dm is not None and nested_key in dm else None
    flat = (section, flat_key) if flat_key in section else None
    if flat and nested:
        section.error(flat_key, f"is said in dm.{nested_key} too", "keep one of the two")
    return flat or nested


def _warn(rules: DmRules, said: Said) -> None:
    if said.policy_at and rules.policy is DmPolicy.OPEN and not rules.everyone:
        section, key = said.policy_at
        message = '"open" lets in only who is listed or approved, for "*" is not in allowFrom'
        section.warn(key, message, 'to let everybody in, add "*" to allowFrom')
    if said.policy_at and rules == DmRules(DmPolicy.ALLOWLIST):
        section, key = said.policy_at
        section.warn(key, '"allowlist" lets nobody in, for allowFrom lists nobody')
    if said.list_at and rules.everyone and rules.policy in (DmPolicy.PAIRING, DmPolicy.ALLOWLIST):
        section, key = said.list_at
        section.warn(key, '"*" lets everybody in, whatever the policy', 'take "*" out, or set the policy to "open"')


def _allowlist(channel: Channel, section: Section, key: str) -> Allowlist:
    listed = set()
    everyone = False
    refused = []
    for index, item in enumerate(section.items(key, "write a list of ids in square brackets: [123456789]") or ()):
        path = (*section.path, key, index)
        entry = _entry(section.notes, item, path)
        if entry is None:
            continue
        if entry.strip() == "*":
            everyone = True
            continue
        try:
            listed.add(sender_ids.normalise(channel, entry))
        except ValueError as error:
            refused.append(RefusedEntry(str(held(item)), str(error)))
            section.notes.warn(item.start, path, f"{shown(item)} lets nobody in: {error}")
    return Allowlist(frozenset(listed), everyone, tuple(refused))


def _entry(notes: Notes, item: Node, path: Path) -> str | None:
    """The text of an entry. A number must be written digit by digit: it never passes through a float (D6)."""
    value = held(item)
    if isinstance(value, str):
        return notes.filled(value, item.start, path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        notes.error(item.start, path, f"must be a string or a whole number, not {kind(item)}")
        return None
    written = notes.text[item.start : item.end]
    if _PLAIN_NUMBER.fullmatch(written):
        return str(value)
    notes.error(item.start, path, f"{visible(written)} is not written as an id", "put the id in quotes, digit by digit")
    return None
