"""Scopes: what covers what, who may decide about a device, and what a caller may grant (threats.md G6).

Scopes are an operator's. A node holds none: what it may be asked to do is decided by
:mod:`clawdbot.domain.platforms`, and it may call next to nothing itself. Unknown scopes are kept and grant nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clawdbot.domain.names import DeviceId, Role, Scope

ADMIN = Scope("operator.admin")
READ = Scope("operator.read")
WRITE = Scope("operator.write")
APPROVALS = Scope("operator.approvals")
PAIRING = Scope("operator.pairing")

_OPERATOR_SCOPES = "operator."


@dataclass(frozen=True, slots=True)
class Caller:
    """Who wants something done: a device's session, or the owner himself (``device`` is ``None``).

    ``name`` is what the record calls the owner where he is not at his own terminal.
    """

    device: DeviceId | None
    role: Role
    scopes: tuple[Scope, ...]
    name: str = ""

    @property
    def is_owner(self) -> bool:
        """Whoever can write the state files needs nobody's leave."""
        return self.device is None


OWNER = Caller(device=None, role=Role.OPERATOR, scopes=(ADMIN,))
"""The owner, working on the state directory itself."""


def normal(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The one spelling of a set of scopes: sorted, each once."""
    return tuple(sorted(set(scopes)))


def merged(*lists: Iterable[Scope]) -> tuple[Scope, ...]:
    """All scopes in the order in which they were first given, as the device files keep them."""
    return tuple(dict.fromkeys(scope for scopes in lists for scope in scopes))


def covers(held: Iterable[Scope], wanted: Iterable[Scope]) -> bool:
    """Are all wanted scopes held? Admin covers every operator scope, write covers read."""
    having, rest = frozenset(held), frozenset(wanted)
    return rest <= having or all(_implied(having, scope) for scope in rest - having)


def _implied(held: frozenset[Scope], scope: Scope) -> bool:
    by_admin = ADMIN in held and scope.startswith(_OPERATOR_SCOPES)
    return by_admin or (WRITE in held and scope == READ)


def alike(one: Iterable[Scope], other: Iterable[Scope]) -> bool:
    """Do two sets of scopes allow the same? ``[admin]`` and ``[admin, pairing]`` do."""
    one, other = tuple(one), tuple(other)
    return covers(one, other) and covers(other, one)


def may_manage(caller: Caller, device: DeviceId) -> bool:
    """May a caller see a device and decide about it? Without admin only about itself."""
    return may_manage_all(caller) or (caller.device == device and _may_pair(caller))


def may_manage_all(caller: Caller) -> bool:
    """May a caller see every device and decide about it?"""
    return caller.is_owner or (ADMIN in caller.scopes and _may_pair(caller))


def _may_pair(caller: Caller) -> bool:
    return caller.role is Role.OPERATOR and covers(caller.scopes, [PAIRING])


def may_grant(caller: Caller, role: Role, scopes: Iterable[Scope]) -> bool:
    """May a caller give a role with these scopes away? Only what it holds, and the node role only with admin."""
    if caller.is_owner:
        return True
    if caller.role is not Role.OPERATOR or not covers(caller.scopes, scopes):
        return False
    return role is Role.OPERATOR or ADMIN in caller.scopes
