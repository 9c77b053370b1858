"""Who may call which method, decided before anybody looks whether there is such a method (threats.md G6).

The names are the protocol's, also of methods that this gateway does not serve: a client without the scope must learn
the same about both (``docs/protocol.md#scopes``).
"""

from collections.abc import Mapping

from clawdbot.domain import scopes
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.scopes import ADMIN, APPROVALS, PAIRING, READ, WRITE, Caller
from clawdbot.wire.frames import Error, ErrorCode

NODE_METHODS = frozenset({"node.invoke.result", "node.event", "skills.bins"})
"""What nodes may call, and nobody else."""

_BY_SCOPE: Mapping[Scope, str] = {
    PAIRING: """
        node.pair.request node.pair.list node.pair.approve node.pair.reject node.pair.verify node.rename
        device.pair.list device.pair.approve device.pair.reject device.pair.remove device.rename
        device.token.rotate device.token.revoke
        dm.pair.list dm.pair.approve dm.pair.reject dm.pair.block dm.pair.unblock dm.pair.revoke dm.pair.expect
        dm.pair.extend dm.pair.label dm.pair.link dm.pair.unlink dm.pair.invite dm.pair.uninvite dm.pair.notify
        history.list
    """,
    READ: """
        health status node.list node.describe system-presence last-heartbeat voicewake.get logs.tail channels.status
        usage.status usage.cost tts.status tts.providers models.list agents.list agent.identity.get skills.status
        sessions.list sessions.preview cron.list cron.status cron.runs chat.history
    """,
    WRITE: """
        node.invoke send agent agent.wait wake talk.mode tts.enable tts.disable tts.convert tts.setProvider
        voicewake.set chat.send chat.abort browser.request
    """,
    APPROVALS: "exec.approval.request exec.approval.resolve",
}

SCOPES: Mapping[str, Scope] = {method: scope for scope, methods in _BY_SCOPE.items() for method in methods.split()}
"""The scope that an operator needs for a method; for all others it is admin."""


def refusal(caller: Caller, method: str) -> Error | None:
    """Why a caller may not call a method, if it may not."""
    if caller.role is Role.NODE:
        allowed = method in NODE_METHODS
        return None if allowed else _refused(f"unauthorized role: {caller.role}")
    if method in NODE_METHODS:
        return _refused(f"unauthorized role: {caller.role}")
    needed = SCOPES.get(method, ADMIN)
    return None if scopes.covers(caller.scopes, [needed]) else _refused(f"missing scope: {needed}")


def sees_devices(caller: Caller) -> bool:
    """May a caller know which devices are connected (threats.md G16)?"""
    return caller.role is Role.OPERATOR and scopes.covers(caller.scopes, [READ])


def runs_commands(caller: Caller) -> bool:
    """May a caller have nodes run commands, and so know what ran there?"""
    return caller.role is Role.OPERATOR and scopes.covers(caller.scopes, [WRITE])


def sees_senders(caller: Caller) -> bool:
    """May a caller know who waits on the channels?"""
    return caller.role is Role.OPERATOR and scopes.covers(caller.scopes, [PAIRING])


def _refused(message: str) -> Error:
    return Error(ErrorCode.INVALID_REQUEST, message)
