"""Where in the configuration file it stands who may write to an account: file, line and key, for explanations."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from clawdbot.config import dm, json5
from clawdbot.config.json5 import Object
from clawdbot.config.load import decode, read_bytes
from clawdbot.config.reading import Notes, Section, dotted, held
from clawdbot.domain import sender_ids
from clawdbot.domain.names import ChannelAccount, SenderId, account_id


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the file."""

    file: str
    line: int
    key: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}"


@dataclass(frozen=True, slots=True)
class Spots:
    """What the file says about who may write to an account, each where it says so; ``None`` where it is a default."""

    account: Spot | None = None
    policy: Spot | None = None
    allow_from: Spot | None = None
    everyone: Spot | None = None
    listed: Mapping[SenderId, Spot] = field(default_factory=dict)


def find(path: FilePath, environ: Mapping[str, str], account: ChannelAccount) -> Spots:
    """Look for the places in a file that was found good (:func:`clawdbot.config.load`)."""
    content = read_bytes(path)
    text = "" if content is None else decode(path, content)
    root = json5.parse(text) if text.strip() else Object((), 0, 0)
    if not isinstance(root, Object):
        return Spots()
    notes = Notes(path, text, environ)
    channels = Section(notes, root, ()).section("channels")
    channel = channels.section(account.channel) if channels is not None else None
    return Spots() if channel is None else _spots(account, channel)


def _spots(account: ChannelAccount, channel: Section) -> Spots:
    own = _entry(account, channel) or channel
    said = dm.inherited(dm.read(account.channel, own), dm.read(account.channel, channel))
    switch = next((spot for layer in (own, channel) if (spot := _switch(layer))), None)
    everyone, listed = _entries(account, said.list_at)
    return Spots(
        account=_spot(own.notes, own.node.start, own.path),
        policy=switch if said.enabled is False else _at(said.policy_at),
        allow_from=_at(said.list_at),
        everyone=everyone,
        listed=listed,
    )


def _entry(account: ChannelAccount, channel: Section) -> Section | None:
    accounts = channel.section("accounts")
    names = [member.key for member in accounts or () if _is(member.key, account)]
    return accounts.section(names[0]) if accounts is not None and names else None


def _is(name: str, account: ChannelAccount) -> bool:
    try:
        return bool(name.strip()) and account_id(name) == account.account
    except ValueError:
        return False


def _switch(layer: Section) -> Spot | None:
    """``dm.enabled``, where a layer says it."""
    section = layer.section("dm") if "dm" in layer else None
    return _at((section, "enabled")) if section is not None and "enabled" in section else None


def _entries(account: ChannelAccount, at: dm.Spot | None) -> tuple[Spot | None, dict[SenderId, Spot]]:
    everyone: Spot | None = None
    listed: dict[SenderId, Spot] = {}
    if at is None:
        return None, {}
    section, key = at
    for index, item in enumerate(section.items(key) or ()):
        spot = _spot(section.notes, item.start, (*section.path, key, index))
        written = section.notes.filled(str(held(item)), item.start, ()).strip()
        if written == "*":
            everyone = everyone or spot
            continue
        with suppress(ValueError):
            listed.setdefault(sender_ids.normalise(account.channel, written), spot)
    return everyone, listed


def _at(spot: dm.Spot | None) -> Spot | None:
    if spot is None:
        return None
    section, key = spot
    member = section.node.get(key)
    return None if member is None else _spot(section.notes, member.start, (*section.path, key))


def _spot(notes: Notes, at: int, path: json5.Path) -> Spot:
    return Spot(notes.file.name, json5.line(notes.text, at), dotted(path))
