"""What clients ask about the gateway itself."""

from clawdbot.gateway import reports
from clawdbot.gateway.session import Session
from clawdbot.gateway.verbs.base import House, invalid
from clawdbot.wire.params import (
    AgentIdentityGet,
    AgentsList,
    ChannelsStatus,
    ConfigGet,
    ExecApprovalsGet,
    Health,
    LastHeartbeat,
    Status,
    SystemPresence,
    VoicewakeGet,
)


async def health(house: House, _: Session, __: Health) -> object:
    """Is it well?"""
    return house.reports.health()


async def status(house: House, _: Session, __: Status) -> object:
    """What it is doing."""
    return house.reports.status()


async def presence(house: House, _: Session, __: SystemPresence) -> object:
    """Who is connected, or was a moment ago."""
    return house.presence.entries()


async def last_heartbeat(_: House, __: Session, ___: LastHeartbeat) -> object:
    """There are no heartbeats."""
    return None


async def wake_words(house: House, _: Session, __: VoicewakeGet) -> object:
    """What nodes listen for."""
    return {"triggers": house.settings().wake_words}


async def config(house: House, _: Session, __: ConfigGet) -> object:
    """The gateway's own part of the configuration, without secrets and paths."""
    return house.reports.config()


async def channels(house: House, _: Session, __: ChannelsStatus) -> object:
    """How the chat platforms do."""
    return house.reports.channels_status()


async def agents(_: House, __: Session, ___: AgentsList) -> object:
    """The one assistant."""
    return {"defaultId": reports.AGENT, "mainKey": "main", "scope": "per-sender", "agents": [{"id": reports.AGENT}]}


async def identity(_: House, __: Session, params: AgentIdentityGet) -> object:
    """What the assistant is called."""
    return reports.ASSISTANT if params.agent_id in (None, reports.AGENT) else invalid("unknown agentId")


async def exec_approvals(_: House, __: Session, ___: ExecApprovalsGet) -> object:
    """The gateway runs nothing itself, so it keeps no such file."""
    return {"path": "", "exists": False, "hash": "", "file": {"version": 1, "defaults": {}, "agents": {}}}
