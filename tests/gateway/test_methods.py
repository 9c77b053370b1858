"""The methods that are served, and the order of the questions about a call."""

from typing import Any, cast

from clawdbot.domain.names import Role
from clawdbot.gateway.methods import METHODS, call
from clawdbot.gateway.verbs.base import House
from clawdbot.wire.frames import Error, Request
from tests.support.methods import METHODS as KNOWN
from tests.support.sessions import session

NOWHERE = cast(House, None)
"""None of these calls gets as far as the house."""


async def message(of: object, method: str, params: Any = None) -> str:
    refused = await call(NOWHERE, cast(Any, of), Request("r1", method, params))
    assert isinstance(refused, Error)
    return refused.message


async def test_may_comes_before_is_there_and_that_before_how() -> None:
    """A caller without the scope learns neither which methods exist nor what they want."""
    reader, admin, node = session(1, "read"), session(2, "admin"), session(3, role=Role.NODE)
    assert await message(reader, "no.such.method") == "missing scope: operator.admin"
    assert await message(node, "no.such.method") == "unauthorized role: node"
    assert await message(admin, "no.such.method") == "unknown method: no.such.method"
    assert await message(reader, "device.pair.approve", {"x": 1}) == "missing scope: operator.pairing"


async def test_a_second_connect_is_a_call_like_any_other() -> None:
    assert await message(session(1, "read"), "connect") == "missing scope: operator.admin"
    assert await message(session(2, "admin"), "connect") == "connect is only valid as the first request"


def test_every_method_with_params_is_served() -> None:
    assert set(METHODS) == set(KNOWN)
