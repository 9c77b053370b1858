"""The params of each method: what is read from them, and what is let pass or refused."""

from typing import Any

import pytest
from msgspec import UNSET

from clawdbot.domain.secret import Secret
from clawdbot.errors import InvalidParams
from clawdbot.wire import params
from clawdbot.wire.params import (
    AgentIdentityGet,
    ChannelsStatus,
    DevicePairApprove,
    DevicePairReject,
    DevicePairRemove,
    DeviceRename,
    DeviceTokenRevoke,
    DeviceTokenRotate,
    Health,
    HistoryList,
    NodeDescribe,
    NodeError,
    NodeEvent,
    NodeInvoke,
    NodeInvokeResult,
    NodePairApprove,
    NodePairReject,
    NodePairRequest,
    NodePairVerify,
    NodeRename,
    Params,
)
from tests.support.methods import METHODS

WITHOUT_PARAMS = [
    "device.pair.list",
    "node.pair.list",
    "node.list",
    "skills.bins",
    "config.get",
    "agents.list",
    "exec.approvals.get",
]
LENIENT = ["health", "status", "system-presence", "last-heartbeat", "voicewake.get"]


def test_every_method_of_the_protocol_has_params() -> None:
    assert set(METHODS) == {
        *WITHOUT_PARAMS,
        *LENIENT,
        *(f"device.pair.{verb}" for verb in ("approve", "reject", "remove", "code")),
        *("device.token.rotate", "device.token.revoke", "device.rename"),
        *(f"node.pair.{verb}" for verb in ("request", "approve", "reject", "verify")),
        *("node.rename", "node.describe", "node.invoke", "node.invoke.result", "node.event"),
        *("channels.status", "agent.identity.get", "dashboard.link", "history.list"),
        *(f"dm.pair.{verb}" for verb in ("list", "approve", "reject", "block", "unblock", "revoke")),
        *(f"dm.pair.{verb}" for verb in ("expect", "extend", "label", "notify")),
        *(f"dm.pair.{verb}" for verb in ("invite", "uninvite", "link", "unlink")),
    }


@pytest.mark.parametrize(
    ("kind", "plain", "read"),
    [
        (DevicePairApprove, {"requestId": "r"}, {"request_id": "r"}),
        (DevicePairReject, {"requestId": "__proto__"}, {"request_id": "__proto__"}),
        (DevicePairRemove, {"deviceId": "d"}, {"device_id": "d"}),
        (DeviceTokenRotate, {"deviceId": "d", "role": "node"}, {"device_id": "d", "role": "node", "scopes": None}),
        (
            DeviceTokenRotate,
            {"deviceId": "d", "role": "x", "scopes": []},
            {"device_id": "d", "role": "x", "scopes": ()},
        ),
        (DeviceTokenRevoke, {"deviceId": "d", "role": "node"}, {"device_id": "d", "role": "node"}),
        (DeviceRename, {"deviceId": "d", "displayName": " "}, {"device_id": "d", "display_name": " "}),
        (NodePairApprove, {"requestId": "r"}, {"request_id": "r"}),
        (NodePairReject, {"requestId": "r"}, {"request_id": "r"}),
        (NodePairVerify, {"nodeId": "n", "token": "t"}, {"node_id": "n", "token": Secret("t")}),
        (NodeRename, {"nodeId": "n", "displayName": "d"}, {"node_id": "n", "display_name": "d"}),
        (NodeDescribe, {"nodeId": " "}, {"node_id": " "}),
        (ChannelsStatus, {"probe": False, "timeoutMs": 8e3}, {"probe": False, "timeout_ms": 8000}),
        (AgentIdentityGet, {"sessionKey": ""}, {"agent_id": None, "session_key": ""}),
        (HistoryList, {}, {}),
        (
            HistoryList,
            {"limit": 200, "before": 7, "of": "device", "id": "d", "kinds": ["approved", "revoked"]},
            {"limit": 200, "before": 7, "of": "device", "id": "d", "kinds": ("approved", "revoked")},
        ),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_params_are_read(kind: type[Params], plain: dict[str, Any], read: dict[str, Any]) -> None:
    assert params.read(kind, plain) == kind(**read)


def test_all_of_a_node_s_pairing_request_is_read() -> None:
    plain: dict[str, Any] = {
        "nodeId": "n",
        "displayName": "d",
        "platform": "ios 18.0",
        "version": "1",
        "coreVersion": "2",
        "uiVersion": "3",
        "deviceFamily": "iPad",
        "modelIdentifier": "iPad16,6",
        "caps": ["canvas"],
        "commands": ["canvas.eval"],
        "remoteIp": "192.0.2.7",
        "silent": True,
    }
    read = params.read(NodePairRequest, plain)
    assert [getattr(read, name) for name in read.__struct_fields__] == [
        tuple(value) if isinstance(value, list) else value for value in plain.values()
    ]


@pytest.mark.parametrize("method", WITHOUT_PARAMS)
def test_a_method_without_params_takes_none_null_or_an_empty_object(method: str) -> None:
    kind = METHODS[method]
    assert params.read(kind) == params.read(kind, None) == params.read(kind, {}) == kind()
    with pytest.raises(InvalidParams, match=f"invalid {method} params: at root: unexpected property 'x'"):
        params.read(kind, {"x": 1})
    with pytest.raises(InvalidParams, match="must be object"):
        params.read(kind, [])


@pytest.mark.parametrize("method", LENIENT)
@pytest.mark.parametrize("plain", [UNSET, None, {}, [1], "x", {"x": 1}, {"probe": "yes"}], ids=repr)
def test_some_methods_take_whatever_clients_send(method: str, plain: object) -> None:
    kind = METHODS[method]
    assert params.read(kind, plain) == kind()


def test_health_is_looked_at_afresh_only_for_true() -> None:
    assert params.read(Health, {"probe": True, "x": 1}) == Health(probe=True)
    assert params.read(Health, {"probe": 1}) == Health(probe=False)


def test_node_invoke_tells_absent_from_null_params() -> None:
    least = {"nodeId": "n", "command": "system.run", "idempotencyKey": "k"}
    assert params.read(NodeInvoke, least).params is UNSET
    assert params.read(NodeInvoke, {**least, "params": None}).params is None
    assert params.read(NodeInvoke, {**least, "params": {"x": [1]}, "timeoutMs": 15e3}).timeout_ms == 15_000


@pytest.mark.parametrize(
    ("sent", "payload", "payload_json"),
    [
        ({}, UNSET, None),
        ({"payload": None}, None, None),
        ({"payload": {"a": 1}, "payloadJSON": None, "error": None}, {"a": 1}, None),
        ({"payloadJSON": '{"a":1}'}, UNSET, '{"a":1}'),
        ({"payloadJSON": ""}, UNSET, ""),
        ({"payloadJSON": {"j": 1}}, {"j": 1}, None),
        ({"payloadJSON": False}, False, None),
        ({"payload": {"p": 1}, "payloadJSON": {"j": 1}}, {"p": 1}, None),
        ({"payload": None, "payloadJSON": {"j": 1}}, None, None),
    ],
    ids=repr,
)
def test_a_result_is_taken_as_nodes_send_it(sent: dict[str, Any], payload: object, payload_json: str | None) -> None:
    """As recorded from the reference: a ``payload`` wins over a ``payloadJSON`` that is no string."""
    plain = {"id": "i", "nodeId": "n", "ok": True, **sent}
    before = dict(plain)
    read = params.read(NodeInvokeResult, plain)
    assert (read.payload, read.payload_json, read.error) == (payload, payload_json, None)
    assert plain == before, "the frame itself is left alone"


def test_a_node_s_error_may_say_as_little_as_it_likes() -> None:
    plain = {"id": "i", "nodeId": "n", "ok": False, "error": {}}
    assert params.read(NodeInvokeResult, plain).error == NodeError()
    plain["error"] = {"code": "UNAVAILABLE", "message": "no"}
    assert params.read(NodeInvokeResult, plain).error == NodeError("UNAVAILABLE", "no")


def test_a_node_s_event_keeps_null_payload_and_refuses_null_text() -> None:
    assert params.read(NodeEvent, {"event": "x", "payload": None}).payload is None
    with pytest.raises(InvalidParams, match="at /payloadJSON: must be string"):
        params.read(NodeEvent, {"event": "x", "payloadJSON": None})


@pytest.mark.parametrize(
    ("kind", "plain", "told"),
    [
        (DevicePairApprove, {"requestId": "x" * 257}, "at /requestId: must NOT have more than 256 characters"),
        (DeviceRename, {"deviceId": "d", "displayName": "x" * 129}, "at /displayName: must NOT have more than 128"),
        (NodePairRequest, {"nodeId": "n", "commands": ["x"] * 257}, "at /commands: must NOT have more than 256 items"),
        (NodePairRequest, {"nodeId": "n", "caps": ["x" * 65]}, "at /caps/0: must NOT have more than 64 characters"),
        (
            DeviceTokenRotate,
            {"deviceId": "d", "role": "r", "scopes": ["x"] * 33},
            "at /scopes: must NOT have more than",
        ),
        (HistoryList, {"limit": 201}, "at /limit: must be <= 200"),
        (HistoryList, {"before": 0}, "at /before: must be >= 1"),
        (HistoryList, {"of": "everybody"}, "at /of: must be equal to constant"),
        (HistoryList, {"kinds": ["approved"] * 99}, "at /kinds: must NOT have more than"),
    ],
    ids=lambda value: getattr(value, "method", ""),
)
def test_G13_what_is_kept_is_bounded(kind: type[Params], plain: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidParams, match=f"invalid {kind.method} params: {told}"):
        params.read(kind, plain)


def test_S7_tokens_are_hidden() -> None:
    token = params.read(NodePairVerify, {"nodeId": "n", "token": "t0ken"})
    assert "t0ken" not in repr(token)
