"""What neonize's events mean in the line protocol. Pure, and without neonize: its protobuf objects come as they are."""

import re
from typing import Any

from clawdbot.channels.text import well_formed
from clawdbot.channels.whatsapp.protocol import (
    Banned,
    Event,
    Incoming,
    Kind,
    LoggedOut,
    Outcome,
    Outdated,
    Unreachable,
)

_SECONDS = 100_000_000_000
"""Times below are seconds, times above milliseconds: neonize has given both. Neither is meant this far off."""

_WORDS = {"conversation", "extendedTextMessage"}
_CAPTIONED = {"imageMessage", "videoMessage", "documentMessage"}
_BESIDE = {"messageContextInfo", "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage"}
"""Fields of a message that say nothing about what it is."""

_WRAPPERS = (
    "deviceSentMessage",
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
)
_DEEPEST = 8

_NOT_NOW = re.compile(r"not connected|not logged in|doesn't contain a device|failed to get device list", re.I)
_NEVER = re.compile(r"no lid found|not on whatsapp|unknown server|no devices", re.I)
_REFUSED = re.compile(r"server returned error|encrypt", re.I)

_BANS = {
    1: "too many people who do not know this number were written to",
    2: "too many people have blocked this number",
    3: "too many groups were made with people who do not know this number",
    4: "the same message was sent too often",
    5: "too many messages to a broadcast list",
}
_FAILURES: dict[int, Event] = {2: LoggedOut(), 3: Banned(), 4: LoggedOut(), 5: LoggedOut(), 6: Outdated()}


def incoming(event: Any, sender_alt: str = "") -> Incoming:
    """A ``MessageEv``.

    Args:
        sender_alt: the sender's other JID, if more is known than the event says.
    """
    info = event.Info
    source = info.MessageSource
    content = _unwrapped(event.Message)
    return Incoming(
        id=info.ID,
        chat=jid(source.Chat),
        sender=jid(source.Sender),
        sender_alt=sender_alt or jid(source.SenderAlt),
        from_me=source.IsFromMe,
        group=source.IsGroup,
        time=max(1, info.Timestamp * 1000 if info.Timestamp < _SECONDS else info.Timestamp),
        name=well_formed(info.Pushname),
        kind=_kind(event, content),
        text=well_formed(_text(content)),
    )


def jid(jid: Any) -> str:
    """A JID without the device, which is how a chat is named; empty for none."""
    return f"{jid.User}@{jid.Server}" if jid.User and jid.Server else ""


def _unwrapped(content: Any) -> Any:
    for _ in range(_DEEPEST):
        inside = next((name for name in _WRAPPERS if content.HasField(name)), None)
        if inside is None:
            break
        content = getattr(content, inside).message
    return content


def _kind(event: Any, content: Any) -> Kind:
    """What a message is; one that holds anything beside words and what they may be a caption to is something else."""
    fields = {field.name for field, _ in content.ListFields()} - _BESIDE
    if event.IsEdit or event.Info.Edit not in ("", "0"):
        return Kind.EDIT
    if event.Info.Category == "peer":
        return Kind.OTHER
    if fields and fields <= _WORDS:
        return Kind.TEXT
    if fields and fields <= _WORDS | _CAPTIONED:
        return Kind.MEDIA
    if any("eactionMessage" in name for name in fields):
        return Kind.REACTION
    return Kind.OTHER


def _text(content: Any) -> str:
    """The words of a message, or the caption of what it carries."""
    if content.conversation:
        return str(content.conversation)
    texts = (
        content.extendedTextMessage.text,
        content.imageMessage.caption,
        content.videoMessage.caption,
        content.documentMessage.caption,
    )
    return next((str(text) for text in texts if text), "")


def ban(code: int, seconds: int, now: int) -> Banned:
    """A ``TemporaryBanEv``, which says for how long.

    Args:
        now: milliseconds since 1970.
    """
    return Banned(until=now + seconds * 1000 if 0 < seconds < _SECONDS else None, why=_BANS.get(code, ""))


def refused_connection(reason: int) -> Event:
    """A ``ConnectFailureEv``: most reasons are for another try later."""
    return _FAILURES.get(reason) or Unreachable(f"whatsapp refuses the connection now (reason {reason})")


def outcome(error: str) -> Outcome:
    """What became of a message, by the words of the error that its sending ended with.

    What is not known to be a refusal may have been sent.
    """
    for words, meaning in ((_NEVER, Outcome.NEVER), (_NOT_NOW, Outcome.NOT_NOW), (_REFUSED, Outcome.REFUSED)):
        if words.search(error):
            return meaning
    return Outcome.UNKNOWN
