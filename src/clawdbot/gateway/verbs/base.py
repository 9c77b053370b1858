"""What all verbs have in common: what they work with, and how they refuse.

A verb is ``async (house, session, params) -> payload``. An outcome that the caller has to be told about is an
:class:`~clawdbot.wire.frames.Error` in its place; only defects and a store that cannot be used raise.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from clawdbot.device_service import DeviceService
from clawdbot.domain.devices import Denied
from clawdbot.domain.names import Instant
from clawdbot.domain.texts import visible
from clawdbot.gateway.announcer import Announcer
from clawdbot.gateway.nodes import ConnectedNodes
from clawdbot.gateway.presence import Presence
from clawdbot.gateway.reports import Reports
from clawdbot.gateway.session import Session
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.tries import FailedTries
from clawdbot.gateway.turns import Turns
from clawdbot.node_service import NodeService
from clawdbot.service import Service
from clawdbot.wire.frames import Error, ErrorCode

log = logging.getLogger("clawdbot")


@dataclass(frozen=True, slots=True)
class House:
    """What verbs work with.

    Attributes:
        wrong_codes: how often each device was wrong about a pairing code (threats.md D13).
        turns: one try at a time for each device.
    """

    devices: DeviceService
    node_pairing: NodeService
    senders: Service
    nodes: ConnectedNodes
    presence: Presence
    reports: Reports
    announcer: Announcer
    settings: Callable[[], GatewaySettings]
    now: Callable[[], Instant]
    wrong_codes: FailedTries
    turns: Turns


def invalid(message: str) -> Error:
    """A refusal for what the caller asked for."""
    return Error(ErrorCode.INVALID_REQUEST, message)


def denied(session: Session, method: str, refusal: Denied, message: str) -> Error:
    """A refusal that looks the same whatever its reason, which the log has (threats.md G6)."""
    log.info("%s refused to device %s: %s", method, visible(session.device), refusal.why)
    return invalid(message)
