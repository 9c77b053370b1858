"""What all verbs have in common: what they work with, and how they refuse.

A verb is ``async (house, session, params) -> payload``. An outcome that the caller has to be told about is an
:class:`~clawdbot.wire.frames.Error` in its place; only defects and a store that cannot be used raise.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clawdbot.device_service import DeviceService
from clawdbot.domain.devices import Denied
from clawdbot.domain.held import Slip
from clawdbot.domain.names import ChannelAccount, Instant, SenderId
from clawdbot.domain.texts import visible
from clawdbot.errors import ChannelFailed
from clawdbot.gateway.announcer import Announcer
from clawdbot.gateway.checks import Checks
from clawdbot.gateway.nodes import ConnectedNodes
from clawdbot.gateway.pairing_words import PairingWords
from clawdbot.gateway.past import Past
from clawdbot.gateway.presence import Presence
from clawdbot.gateway.reports import Reports
from clawdbot.gateway.session import Session
from clawdbot.gateway.settings import GatewaySettings
from clawdbot.gateway.tries import FailedTries
from clawdbot.gateway.turns import Turns
from clawdbot.node_service import NodeService
from clawdbot.persons_service import PersonsService
from clawdbot.wire.frames import Error, ErrorCode

log = logging.getLogger("clawdbot")


Tell = Callable[[ChannelAccount, SenderId, str], Awaitable[None]]
"""Sends a text to a sender of a channel that runs here. Raises DeliveryFailed or ChannelFailed."""


async def no_channels(_account: ChannelAccount, _sender: SenderId, _text: str) -> None:
    """The :data:`Tell` of a gateway without channels."""
    raise ChannelFailed("this gateway runs no channels")


Holds = Callable[[Slip], bool]
"""Says whether the message is held that a request was opened with."""


def nothing_held(_: Slip) -> bool:
    """The :data:`Holds` of a gateway that keeps no messages."""
    return False


@dataclass(frozen=True, slots=True)
class House:
    """What verbs work with.

    Attributes:
        wrong_codes: how often each device was wrong about a pairing code (threats.md D13).
        turns: one try at a time for each device.
        tell: sends a text to a sender of a channel account.
        words: those by which devices are paired that bring them.
        checks: makes the words that owners compare.
        past: pages of the history.
        holds: whether the message is held that a request was opened with.
    """

    devices: DeviceService
    node_pairing: NodeService
    senders: PersonsService
    nodes: ConnectedNodes
    presence: Presence
    reports: Reports
    announcer: Announcer
    settings: Callable[[], GatewaySettings]
    now: Callable[[], Instant]
    wrong_codes: FailedTries
    turns: Turns
    tell: Tell
    words: PairingWords
    checks: Checks
    past: Past
    holds: Holds = nothing_held


def invalid(message: str) -> Error:
    """A refusal for what the caller asked for."""
    return Error(ErrorCode.INVALID_REQUEST, message)


def denied(session: Session, method: str, refusal: Denied, message: str) -> Error:
    """A refusal that looks the same whatever its reason, which the log has (threats.md G6)."""
    log.info("%s refused to device %s: %s", method, visible(session.device), refusal.why)
    return invalid(message)
