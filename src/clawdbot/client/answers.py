"""What gateways answer about devices and nodes, as far as it is shown to people.

Gateways of other versions may say more, or leave something out. Everything is text from outside.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct

from clawdbot.errors import InvalidFrame

T = TypeVar("T")


class _Record(Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON object of which more than this may be known."""


class DeviceRequest(_Record, frozen=True, kw_only=True):
    """A device that waits."""

    request_id: str
    device_id: str
    display_name: str | None = None
    client_id: str | None = None
    platform: str | None = None
    role: str | None = None
    scopes: tuple[str, ...] = ()
    remote_ip: str | None = None
    is_repair: bool = False
    ts: int = 0
    check_words: str | None = None


class DeviceToken(_Record, frozen=True, kw_only=True):
    """That a role has a token."""

    role: str
    revoked_at_ms: int | None = None
    last_used_at_ms: int | None = None


class PairedDevice(_Record, frozen=True, kw_only=True):
    """A device that was approved."""

    device_id: str
    display_name: str | None = None
    client_id: str | None = None
    platform: str | None = None
    role: str | None = None
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    remote_ip: str | None = None
    tokens: tuple[DeviceToken, ...] = ()

    @property
    def all_roles(self) -> tuple[str, ...]:
        return self.roles or (() if self.role is None else (self.role,))


class Devices(_Record, frozen=True, kw_only=True):
    """``device.pair.list``"""

    pending: tuple[DeviceRequest, ...] = ()
    paired: tuple[PairedDevice, ...] = ()


class ApprovedDevice(_Record, frozen=True, kw_only=True):
    """``device.pair.approve``"""

    device: PairedDevice
    check_words: str | None = None


class RejectedDevice(_Record, frozen=True, kw_only=True):
    """``device.pair.reject``"""

    device_id: str


class RemovedDevice(_Record, frozen=True, kw_only=True):
    """``device.pair.remove``"""

    device_id: str
    pairs_again: tuple[str, ...] = ()


class RenamedDevice(_Record, frozen=True, kw_only=True):
    """``device.rename``"""

    device_id: str
    display_name: str


class RotatedToken(_Record, frozen=True, kw_only=True):
    """``device.token.rotate``"""

    device_id: str
    role: str
    scopes: tuple[str, ...] = ()
    token: str | None = None


class RevokedToken(_Record, frozen=True, kw_only=True):
    """``device.token.revoke``"""

    device_id: str
    role: str


class NodeRequest(_Record, frozen=True, kw_only=True):
    """A node that waits in the store of ``node.pair.*``."""

    request_id: str
    node_id: str
    display_name: str | None = None
    platform: str | None = None
    remote_ip: str | None = None
    is_repair: bool = False
    ts: int = 0


class PairedNode(_Record, frozen=True, kw_only=True):
    """A node in the store of ``node.pair.*``."""

    node_id: str
    display_name: str | None = None
    remote_ip: str | None = None
    last_connected_at_ms: int | None = None


class PairedNodes(_Record, frozen=True, kw_only=True):
    """``node.pair.list``"""

    pending: tuple[NodeRequest, ...] = ()
    paired: tuple[PairedNode, ...] = ()


class ApprovedNode(_Record, frozen=True, kw_only=True):
    """``node.pair.approve``"""

    node: PairedNode


class RejectedNode(_Record, frozen=True, kw_only=True):
    """``node.pair.reject``"""

    node_id: str


class RenamedNode(_Record, frozen=True, kw_only=True):
    """``node.rename``"""

    node_id: str
    display_name: str


class Node(_Record, frozen=True, kw_only=True):
    """A node, connected or not."""

    node_id: str
    display_name: str | None = None
    platform: str | None = None
    version: str | None = None
    remote_ip: str | None = None
    caps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    connected_at_ms: int | None = None
    paired: bool = False
    connected: bool = False


class Nodes(_Record, frozen=True, kw_only=True):
    """``node.list``"""

    nodes: tuple[Node, ...] = ()


def read(kind: type[T], answer: object) -> T:
    """Read an answer.

    Raises:
        InvalidFrame: it is not what the method answers; what it holds is not repeated.
    """
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError:
        raise InvalidFrame("the gateway's answer cannot be read") from None
