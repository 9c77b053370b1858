"""The params of ``device.pair.code`` (ours)."""

from typing import Annotated, ClassVar

from clawdbot.domain.names import Role
from clawdbot.wire.fields import Scopes
from clawdbot.wire.params import Params
from clawdbot.wire.schema import OneOf


class DevicePairCode(Params, frozen=True):
    """For a device that is to be paired in this role, as an operator with these scopes."""

    method: ClassVar[str] = "device.pair.code"
    role: Annotated[str, OneOf(frozenset(Role))] = Role.NODE
    scopes: Scopes = ()
