"""What others did to the state files, as the history is told of it: from before and after (``gateway/watch.py``)."""

from collections.abc import Iterator
from typing import Any, Final

from clawdbot.domain import device_facts, elsewhere
from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import (
    AnnounceDeviceRequest,
    AnnounceDeviceResolved,
    AnnounceNodeRequest,
    AnnounceNodeResolved,
    Decision,
    SenderDecision,
)
from clawdbot.domain.elsewhere import SenderWaits
from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.names import ChannelAccount, Instant
from clawdbot.domain.node_records import Node
from clawdbot.domain.senders import Senders
from clawdbot.store.base import DeviceKey, Key, NodeKey, SendersKey

_KINDS: Final = {
    SenderDecision.APPROVED: Kind.APPROVED,
    SenderDecision.REJECTED: Kind.REJECTED,
    SenderDecision.BLOCKED: Kind.BLOCKED,
    SenderDecision.UNBLOCKED: Kind.UNBLOCKED,
    SenderDecision.REVOKED: Kind.REVOKED,
    SenderDecision.EXTENDED: Kind.EXTENDED,
    SenderDecision.EXPECTED: Kind.EXPECTED,
}


def facts(key: Key[Any], old: Any, new: Any, *, at: Instant) -> Iterator[Fact]:
    """What happened to an aggregate."""
    match key:
        case SendersKey(account):
            told = _senders(account, old, new, at)
        case DeviceKey(device):
            told = ((device_facts.device(device), kind) for kind in _device(old, new, at))
        case NodeKey(node):
            told = ((device_facts.node(node), kind) for kind in _node(old, new, at))
        case _:
            raise TypeError(f"{type(key).__name__} is nothing that the history knows")
    yield from (Fact(at, kind, Surface.FILES, about) for about, kind in told)


def _senders(account: ChannelAccount, old: Senders, new: Senders, at: Instant) -> Iterator[tuple[Subject, Kind]]:
    for told in elsewhere.senders(old, new, now=at):
        kind = Kind.REQUESTED if isinstance(told, SenderWaits) else _KINDS[told.decision]
        yield Subject(Of.SENDER, told.sender, account), kind
    for sender in sorted(old.ended(new, at)):
        yield Subject(Of.SENDER, sender, account), Kind.EXPIRED


def _device(old: Device, new: Device, at: Instant) -> Iterator[Kind]:
    before, after = old.paired, new.paired
    if after is not None and (before is None or before.approved_at != after.approved_at):
        yield Kind.APPROVED
    elif before is not None and after is None:
        yield Kind.REMOVED
    elif before is not None and after is not None:
        tokens = [(before.tokens.get(role), token) for role, token in after.tokens.items()]
        if any(is_now.is_revoked and (was is None or not was.is_revoked) for was, is_now in tokens):
            yield Kind.REVOKED
        if any(was is not None and was.rotated_at != is_now.rotated_at for was, is_now in tokens):
            yield Kind.ROTATED
    for effect in elsewhere.device(old, new, now=at):
        match effect:
            case AnnounceDeviceRequest():
                yield Kind.REQUESTED
            case AnnounceDeviceResolved(decision=Decision.REJECTED):
                yield Kind.REJECTED
            case _:
                pass


def _node(old: Node, new: Node, at: Instant) -> Iterator[Kind]:
    before, after = old.paired, new.paired
    if after is not None and (before is None or before.approved_at != after.approved_at):
        yield Kind.APPROVED
    if before is not None and after is None:
        yield Kind.REMOVED
    for effect in elsewhere.node(old, new, now=at):
        match effect:
            case AnnounceNodeRequest():
                yield Kind.REQUESTED
            case AnnounceNodeResolved(decision=Decision.REJECTED):
                yield Kind.REJECTED
            case AnnounceNodeResolved():
                pass
