"""The params of ``dm.pair.*``: what is read from them, and what is refused."""

from typing import Any

import pytest

from clawdbot.domain.instants import LONGEST_MS
from clawdbot.domain.secret import Secret
from clawdbot.errors import InvalidParams
from clawdbot.wire import params
from clawdbot.wire.params import Params
from clawdbot.wire.sender_params import (
    DmPairApprove,
    DmPairBlock,
    DmPairExpect,
    DmPairExtend,
    DmPairInvite,
    DmPairLabel,
    DmPairLink,
    DmPairList,
    DmPairReject,
    DmPairRevoke,
    DmPairUnblock,
    DmPairUninvite,
    DmPairUnlink,
)

CODE: dict[str, Any] = {"channel": "telegram", "code": "c"}
SENDER: dict[str, Any] = {"channel": "x", "account": "y", "sender": "1"}


@pytest.mark.parametrize(
    ("kind", "plain", "read"),
    [
        (DmPairList, {}, {"channel": None, "account": None}),
        (DmPairApprove, CODE, {"channel": "telegram", "code": Secret("c"), "account": None, "for_ms": None}),
        (
            DmPairApprove,
            {**CODE, "forMs": 6e4, "label": ""},
            {"channel": "telegram", "code": Secret("c"), "for_ms": 60_000, "label": ""},
        ),
        (DmPairReject, {**CODE, "account": "y"}, {"channel": "telegram", "account": "y", "code": Secret("c")}),
        (DmPairReject, {**CODE, "forMs": LONGEST_MS}, {**CODE, "code": Secret("c"), "for_ms": LONGEST_MS}),
        (DmPairBlock, {"channel": "x", "sender": "1"}, {"channel": "x", "account": None, "sender": "1"}),
        (DmPairUnblock, SENDER, SENDER),
        (DmPairRevoke, SENDER, SENDER),
        (DmPairExpect, {**SENDER, "forMs": 60_000, "label": "Ann"}, {**SENDER, "for_ms": 60_000, "label": "Ann"}),
        (DmPairExtend, {**SENDER, "forMs": 60_000}, {**SENDER, "for_ms": 60_000}),
        (DmPairLink, {**SENDER, "other": "2"}, {**SENDER, "other": "2"}),
        (DmPairUnlink, {**SENDER, "other": "2"}, {**SENDER, "other": "2"}),
        (
            DmPairInvite,
            {"channel": "x", "uses": 2, "lastingMs": 60_000},
            {"channel": "x", "uses": 2, "lasting_ms": 60_000},
        ),
        (DmPairUninvite, {"channel": "x", "id": "1"}, {"channel": "x", "id": "1"}),
        (DmPairLabel, {**SENDER, "label": ""}, {**SENDER, "label": ""}),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_params_are_read(kind: type[Params], plain: dict[str, Any], read: dict[str, Any]) -> None:
    assert params.read(kind, plain) == kind(**read)


@pytest.mark.parametrize(
    ("kind", "plain", "told"),
    [
        (DmPairApprove, {"channel": "x", "code": "x" * 65}, "at /code: must NOT have more than 64 characters"),
        (DmPairApprove, {**CODE, "label": "x" * 129}, "at /label: must NOT have more than 128 characters"),
        (DmPairBlock, {"channel": "x", "sender": "x" * 257}, "at /sender: must NOT have more than 256 characters"),
        (DmPairLabel, SENDER, "must have required property 'label'"),
        (DmPairReject, {**CODE, "label": "x"}, "at root: unexpected property 'label'"),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_G13_what_is_kept_is_bounded(kind: type[Params], plain: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidParams, match=f"invalid {kind.method} params: {told}"):
        params.read(kind, plain)


@pytest.mark.parametrize("term", [59_999, 0, -1, LONGEST_MS + 1, 60_000.5, True, "7d", None])
def test_S8_a_term_is_a_whole_number_of_milliseconds_that_somebody_can_mean(term: object) -> None:
    """Neither a moment nor a century; nothing that is not a number becomes one, and no term is not ``null``."""
    with pytest.raises(InvalidParams, match="at /forMs: must be"):
        params.read(DmPairApprove, {**CODE, "forMs": term})


def test_S7_codes_are_hidden() -> None:
    assert "ABCD2345" not in repr(params.read(DmPairApprove, {"channel": "telegram", "code": "ABCD2345"}))
