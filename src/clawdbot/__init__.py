"""Pairing: the owner approves who may talk to a personal assistant bot, and which devices may join it.

The names below are the public API (``docs/library.md``); they are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clawdbot.channels.base import DirectMessage
    from clawdbot.domain.codes import PairingCode
    from clawdbot.domain.codes import read as pairing_code
    from clawdbot.domain.gate import Admit, DmPolicy, DmRules, Ignore
    from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
    from clawdbot.domain.sender_answers import InviteMade
    from clawdbot.domain.sender_ids import normalise as sender_id
    from clawdbot.domain.senders import Approved, NoSuchRequest, Rejected, Request, Senders
    from clawdbot.errors import ClawdbotError, DeliveryFailed, DeliveryUnknown, StoreError
    from clawdbot.persons_service import PersonsService
    from clawdbot.service import Door, Service
    from clawdbot.store.files import FileStore
    from clawdbot.store.memory import MemoryStore

_PLACES = {
    "clawdbot.channels.base": ("DirectMessage",),
    "clawdbot.domain.codes": ("PairingCode",),
    "clawdbot.domain.gate": ("Admit", "DmPolicy", "DmRules", "Ignore"),
    "clawdbot.domain.names": ("AccountId", "Channel", "ChannelAccount", "SenderId"),
    "clawdbot.domain.sender_answers": ("InviteMade",),
    "clawdbot.domain.senders": ("Approved", "NoSuchRequest", "Rejected", "Request", "Senders"),
    "clawdbot.errors": ("ClawdbotError", "DeliveryFailed", "DeliveryUnknown", "StoreError"),
    "clawdbot.persons_service": ("PersonsService",),
    "clawdbot.service": ("Door", "Service"),
    "clawdbot.store.files": ("FileStore",),
    "clawdbot.store.memory": ("MemoryStore",),
}
_FOUND_AT = {name: (module, name) for module, names in _PLACES.items() for name in names} | {
    "pairing_code": ("clawdbot.domain.codes", "read"),
    "sender_id": ("clawdbot.domain.sender_ids", "normalise"),
}

__all__ = [
    "AccountId",
    "Admit",
    "Approved",
    "Channel",
    "ChannelAccount",
    "ClawdbotError",
    "DeliveryFailed",
    "DeliveryUnknown",
    "DirectMessage",
    "DmPolicy",
    "DmRules",
    "Door",
    "FileStore",
    "Ignore",
    "InviteMade",
    "MemoryStore",
    "NoSuchRequest",
    "PairingCode",
    "PersonsService",
    "Rejected",
    "Request",
    "SenderId",
    "Senders",
    "Service",
    "StoreError",
    "pairing_code",
    "sender_id",
]


def __getattr__(name: str) -> Any:
    if name not in _FOUND_AT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _FOUND_AT[name]
    return getattr(importlib.import_module(module), attribute)
