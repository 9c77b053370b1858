"""Nodes of the legacy store as the reference's files have them: ``nodes/paired.json`` and ``nodes/pending.json``."""

from dataclasses import replace
from typing import Final

from clawdbot.domain.names import NodeId, RequestId
from clawdbot.domain.node_records import Node, NodeAbout, NodeRequest, PairedNode
from clawdbot.domain.secret import Secret
from clawdbot.store.base import Key, NodeKey
from clawdbot.store.entries import Unusable
from clawdbot.store.fields import Fields, Record, own_id, present
from clawdbot.store.register import Kind, Waiting
from clawdbot.store.strict_json import Json, whole

Parts = tuple[PairedNode | None, NodeRequest | None]


class Nodes(Kind[Node, PairedNode, NodeRequest]):
    """How nodes are kept."""

    folder = "nodes"

    def key(self, id: str) -> Key[Node]:
        return NodeKey(NodeId(id))

    def id(self, key: Key[Node]) -> str:
        if not isinstance(key, NodeKey):
            raise TypeError(f"{type(key).__name__} names no node")
        return key.node

    def state(self, id: str, paired: PairedNode | None, pending: NodeRequest | None) -> Node:
        return Node(NodeId(id), paired, pending)

    def parts(self, state: Node) -> Parts:
        return state.paired, state.pending

    def read_paired(self, id: str, fields: Fields) -> PairedNode:
        own_id(fields, "nodeId", id)
        token = fields.raw.get("token")
        if not isinstance(token, str) or not token or whole(token) != token:
            raise Unusable('its "token" is no token')
        return PairedNode(
            about=_about(fields),
            token=Secret(token),
            created_at=fields.instant("createdAtMs") or 0,
            approved_at=fields.instant("approvedAtMs") or 0,
            last_connected_at=fields.instant("lastConnectedAtMs"),
            bins=fields.texts("bins"),
        )

    def write_paired(self, id: str, paired: PairedNode) -> Record:
        return present(
            {
                "nodeId": id,
                "token": paired.token.reveal(),
                **_told(paired.about),
                "bins": _list(paired.bins),
                "remoteIp": _whole(paired.about.remote_ip),
                "createdAtMs": paired.created_at,
                "approvedAtMs": paired.approved_at,
                "lastConnectedAtMs": paired.last_connected_at,
            }
        )

    def read_pending(self, id: str, fields: Fields) -> Waiting[NodeRequest]:
        own_id(fields, "requestId", id)
        node = fields.raw.get("nodeId")
        if not isinstance(node, str) or not node.strip() or whole(node) != node:
            raise Unusable('its "nodeId" is no name')
        request = NodeRequest(
            id=RequestId(id),
            about=_about(fields),
            asked_at=fields.instant("ts") or 0,
            repair=bool(fields.flag("isRepair")),
            silent=fields.flag("silent"),
        )
        return Waiting(node, request)

    def write_pending(self, id: str, request: NodeRequest) -> Record:
        return present(
            {
                "requestId": request.id,
                "nodeId": id,
                **_told(request.about),
                "remoteIp": _whole(request.about.remote_ip),
                "silent": request.silent,
                "isRepair": request.repair,
                "ts": request.asked_at,
            }
        )

    def request_id(self, request: NodeRequest) -> str:
        return request.id

    def continues(self, old: PairedNode, new: PairedNode) -> bool:
        return (old.token, old.created_at) == (new.token, new.created_at)

    def is_decided(self, paired: PairedNode | None, request: NodeRequest) -> bool:
        """See :meth:`clawdbot.store.device_rows.Devices.is_decided`; a node asks for nothing but to be on record."""
        return (paired is not None) is not request.repair

    def is_passing(self, old: Node, new: Node) -> bool:
        """When it last connected, and what it could run then."""
        if old.paired is None or new.paired is None:
            return False
        seen = replace(new.paired, last_connected_at=old.paired.last_connected_at, bins=old.paired.bins)
        return old == replace(new, paired=seen)


NODES: Final = Nodes()


def _about(fields: Fields) -> NodeAbout:
    return NodeAbout(
        display_name=fields.text("displayName"),
        platform=fields.text("platform"),
        version=fields.text("version"),
        core_version=fields.text("coreVersion"),
        ui_version=fields.text("uiVersion"),
        device_family=fields.text("deviceFamily"),
        model_identifier=fields.text("modelIdentifier"),
        caps=fields.texts("caps"),
        commands=fields.texts("commands"),
        remote_ip=fields.text("remoteIp"),
    )


def _told(about: NodeAbout) -> dict[str, Json]:
    return {
        "displayName": _whole(about.display_name),
        "platform": _whole(about.platform),
        "version": _whole(about.version),
        "coreVersion": _whole(about.core_version),
        "uiVersion": _whole(about.ui_version),
        "deviceFamily": _whole(about.device_family),
        "modelIdentifier": _whole(about.model_identifier),
        "caps": _list(about.caps),
        "commands": _list(about.commands),
    }


def _list(texts: tuple[str, ...] | None) -> list[Json] | None:
    return None if texts is None else [whole(text) for text in texts]


def _whole(text: str | None) -> str | None:
    return None if text is None else whole(text)
