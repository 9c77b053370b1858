"""The params of ``dm.pair.*``, which are ours: what operators decide about people who write to the bot."""

from typing import ClassVar

from clawdbot.wire.fields import Code, Count, Id, Label, Term, Word
from clawdbot.wire.params import Params


class DmPairList(Params, frozen=True):
    """Without a channel: all of them; without an account: all of the channel's."""

    method: ClassVar[str] = "dm.pair.list"
    channel: Word | None = None
    account: Word | None = None


class _OfCode(Params, frozen=True, kw_only=True):
    channel: Word
    account: Word | None = None
    code: Code
    for_ms: Term | None = None


class DmPairApprove(_OfCode, frozen=True, kw_only=True):
    """For good, or for a time."""

    method: ClassVar[str] = "dm.pair.approve"
    label: Label | None = None


class DmPairReject(_OfCode, frozen=True):
    """The sender may ask again: at once, or after a time of silence."""

    method: ClassVar[str] = "dm.pair.reject"


class OfSender(Params, frozen=True, kw_only=True):
    """What is about a sender by his id. Without an account: the channel's default one."""

    channel: Word
    account: Word | None = None
    sender: Id


class DmPairBlock(OfSender, frozen=True):
    method: ClassVar[str] = "dm.pair.block"


class DmPairUnblock(OfSender, frozen=True):
    method: ClassVar[str] = "dm.pair.unblock"


class DmPairRevoke(OfSender, frozen=True):
    """An approval, or an announcement."""

    method: ClassVar[str] = "dm.pair.revoke"


class DmPairExpect(OfSender, frozen=True, kw_only=True):
    method: ClassVar[str] = "dm.pair.expect"
    for_ms: Term | None = None
    label: Label | None = None


class DmPairExtend(OfSender, frozen=True, kw_only=True):
    """Without a term: for so long as before."""

    method: ClassVar[str] = "dm.pair.extend"
    for_ms: Term | None = None


class DmPairLabel(OfSender, frozen=True, kw_only=True):
    """An empty label takes it away."""

    method: ClassVar[str] = "dm.pair.label"
    label: Label


class DmPairLink(OfSender, frozen=True, kw_only=True):
    method: ClassVar[str] = "dm.pair.link"
    other: Id


class DmPairUnlink(OfSender, frozen=True, kw_only=True):
    method: ClassVar[str] = "dm.pair.unlink"
    other: Id


class DmPairInvite(Params, frozen=True, kw_only=True):
    """``for_ms``: how long the word is good; ``lasting_ms``: how long who comes in by it is in."""

    method: ClassVar[str] = "dm.pair.invite"
    channel: Word
    account: Word | None = None
    for_ms: Term | None = None
    uses: Count | None = None
    lasting_ms: Term | None = None
    label: Label | None = None


class DmPairUninvite(Params, frozen=True, kw_only=True):
    method: ClassVar[str] = "dm.pair.uninvite"
    channel: Word
    account: Word | None = None
    id: Word


class DmPairNotify(OfSender, frozen=True):
    method: ClassVar[str] = "dm.pair.notify"
