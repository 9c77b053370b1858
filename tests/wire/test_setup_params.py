"""The params of ``device.pair.code``."""

import pytest

from clawdbot.domain.names import Role
from clawdbot.errors import InvalidParams
from clawdbot.wire.params import read
from clawdbot.wire.setup_params import DevicePairCode


def test_a_node_unless_something_else_is_said() -> None:
    assert read(DevicePairCode) == DevicePairCode(role=Role.NODE, scopes=())
    said = read(DevicePairCode, {"role": "operator", "scopes": ["operator.read"]})
    assert (said.role, said.scopes) == ("operator", ("operator.read",))


@pytest.mark.parametrize(
    "params",
    [
        {"role": "owner"},
        {"role": None},
        {"role": ["node"]},
        {"scopes": "operator.read"},
        {"scopes": [1]},
        {"for": "7d"},
    ],
)
def test_G3_there_are_two_roles(params: object) -> None:
    """Anything else is refused, and so is what nobody knows."""
    with pytest.raises(InvalidParams, match=r"invalid device\.pair\.code params: "):
        read(DevicePairCode, params)
