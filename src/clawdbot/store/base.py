"""The store contract: whole aggregates by key, read at any time, changed one decision at a time.

Every engine passes ``tests/store/test_contract.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from clawdbot.domain.effects import Change
from clawdbot.domain.names import ChannelAccount, DeviceId, NodeId
from clawdbot.domain.sender_records import Senders

if TYPE_CHECKING:  # what works on senders alone must not load the cryptography of devices
    from clawdbot.domain.device_records import Device  # noqa: F401 – used as Key["Device"]
    from clawdbot.domain.node_records import Node  # noqa: F401

S = TypeVar("S")
A = TypeVar("A")


class Key(Generic[S]):
    """Names one aggregate of type ``S``; what shares a key is locked and committed together."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SendersKey(Key[Senders]):
    """The senders of one channel account."""

    account: ChannelAccount


@dataclass(frozen=True, slots=True)
class DeviceKey(Key["Device"]):
    """One device: its approval and its request."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class NodeKey(Key["Node"]):
    """One node of the legacy store."""

    node: NodeId


class Store(Protocol):
    """Where aggregates live. What does not exist yet reads as the empty aggregate.

    Raises:
        StoreCorrupt: the stored state is not what it must be; it is left as it is.
        StoreUnavailable: it cannot be read, locked or written now; nothing was changed.
    """

    async def read(self, key: Key[S]) -> S:
        """The aggregate as last committed, by this process or any other. Takes no lock."""

    async def read_all(self, kind: type[Key[S]]) -> Mapping[Key[S], S]:
        """Everything that is stored under the keys of one kind, as :meth:`read` would give it; one look, not many.

        While nothing changes, by whomever, the answer is the same object again: whoever asks every second to learn what
        others decided pays for a look at the files, and for no more.
        """

    async def update(self, key: Key[S], decide: Callable[[S], Change[S, A]]) -> Change[S, A]:
        """Decide on the current state under the key's lock, and commit the new state durably before returning.

        ``decide`` is pure: it may run in another thread, and more than once, of which the last time counts. Whatever it
        raises is raised here with nothing written. If ``change.state`` is the old state, nothing is written.
        A change without effects that only notes in passing when a device was here last, and as what, may be saved some
        seconds later; until then it is what this store reads, and if the process dies it never was.
        A decision that needs the time takes it when it is called: by a time from before the wait for the lock, requests
        that came meanwhile would lie in the future.
        """

    async def keys(self, kind: type[Key[S]]) -> list[Key[S]]:
        """The keys of one kind under which something is stored."""

    async def close(self) -> None:
        """Save what nobody waited for. The store can still be used."""
