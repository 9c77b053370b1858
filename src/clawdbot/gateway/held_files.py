"""Held messages on the disk: one sealed file a request, and the key in another folder (``docs/adr/0011``).

Blocking; whoever is in an event loop calls it from a thread. Only the gateway comes here, which has the state directory
to itself.
"""

import logging
import os
import re
import stat
import threading
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from clawdbot.channels.base import DirectMessage
from clawdbot.domain.held import FOLDER as FOLDER
from clawdbot.domain.held import VERSION, Slip
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, Instant, SenderId
from clawdbot.errors import StoreCorrupt
from clawdbot.store.disk import TEMPORARY, Folder, created, existing

log = logging.getLogger("clawdbot")

KEY_FOLDER: Final = "gateway"
KEY: Final = "held.key"

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_NAME: Final = re.compile(r"[a-z]+-[a-z0-9_-]+-[0-9a-f]{32}\.json", re.ASCII)


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A file. All but ``nonce`` and ``sealed`` is in the clear, and bound to what is sealed."""

    version: int
    channel: Channel
    account: str
    sender: str
    asked_at: Instant
    nonce: bytes
    sealed: bytes


class HeldFiles:
    """The held messages of one state directory. What the system refuses is a StoreUnavailable, as in the store."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._key: bytes | None = None
        self._key_lock = threading.Lock()

    def load(self) -> dict[Slip, DirectMessage]:
        """What is held from before. What cannot be read by anybody any more, and half-written files, are removed."""
        found: dict[Slip, DirectMessage] = {}
        with existing(self._state_dir, FOLDER) as folder:
            names = folder.names() if folder is not None else []
            if folder is None or not names:
                return found
            key = self._existing_key()
            for name in names:
                if name.endswith(TEMPORARY):
                    folder.discard(name)
                elif _NAME.fullmatch(name) and (opened := _opened(folder, name, key)) is not None:
                    found |= dict([opened])
        return found

    def save(self, slip: Slip, message: DirectMessage) -> None:
        """Seal a message, in place of what is held for the same request."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = ChaCha20Poly1305(self._own_key()).encrypt(nonce, msgspec.json.encode(message), slip.bound())
        where = slip.account
        document = _Document(VERSION, where.channel, where.account, slip.sender, slip.asked_at, nonce, sealed)
        with created(self._state_dir, FOLDER) as folder:
            folder.rename(folder.stage(slip.file_name, msgspec.json.encode(document), flush=False), slip.file_name)

    def remove(self, slip: Slip) -> None:
        """Let a message be gone."""
        with existing(self._state_dir, FOLDER) as folder:
            if folder is not None and folder.stat(slip.file_name) is not None:
                folder.remove(slip.file_name)

    # --- the key

    def _own_key(self) -> bytes:
        with self._key_lock:
            if self._key is None:
                self._key = self._existing_key() or self._new_key()
            return self._key

    def _existing_key(self) -> bytes | None:
        """The key from before; one that is none is put aside."""
        with existing(self._state_dir, KEY_FOLDER) as folder:
            blob = folder.read(KEY) if folder is not None else None
            if folder is None or blob is None:
                return None
            if len(blob.data) == _KEY_BYTES:
                return blob.data
            folder.rename(KEY, f"{KEY}.corrupt")
            log.warning("%s holds no key; it is kept as %s.corrupt", folder.path / KEY, KEY)
            return None

    def _new_key(self) -> bytes:
        key = ChaCha20Poly1305.generate_key()
        with created(self._state_dir, KEY_FOLDER) as folder:
            folder.rename(folder.stage(KEY, key), KEY)
        return key


def _opened(folder: Folder, name: str, key: bytes | None) -> tuple[Slip, DirectMessage] | None:
    """What a file holds; one that does not open is removed, and the log says which, never what was in it."""
    found = folder.stat(name)
    if found is not None and not stat.S_ISREG(found.st_mode):
        log.warning("%s is no file; it is left as it is", folder.path / name)
        return None
    try:
        blob = folder.read(name)
        return None if blob is None else _unsealed(name, blob.data, key)
    except (StoreCorrupt, InvalidTag, ValueError, RecursionError):
        log.warning("%s cannot be opened by anybody; it is removed", folder.path / name)
        folder.remove(name)
        return None


def _unsealed(name: str, data: bytes, key: bytes | None) -> tuple[Slip, DirectMessage]:
    """Raises InvalidTag or ValueError: it was altered, is another file's content, or sealed with another key."""
    document = msgspec.json.decode(data, type=_Document)
    account = ChannelAccount(document.channel, AccountId(document.account))
    slip = Slip(account, SenderId(document.sender), document.asked_at)
    if key is None or document.version != VERSION or name != slip.file_name:
        raise ValueError
    plain = ChaCha20Poly1305(key).decrypt(document.nonce, document.sealed, slip.bound())
    message = msgspec.json.decode(plain, type=DirectMessage)
    if message.account != account:
        raise ValueError
    return slip, message
