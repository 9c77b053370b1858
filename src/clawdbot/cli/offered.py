"""What Tab offers besides commands, options and channels: roles, scopes, and the long ids that nobody types.

The ids are those of this machine's state. Whoever asks another gateway (``--url``) is offered none.
"""

import re
from collections.abc import Callable, Collection, Iterator

import click

from clawdbot.cli import context
from clawdbot.domain.names import Role
from clawdbot.domain.scopes import ADMIN, APPROVALS, PAIRING, READ, WRITE

Offer = Callable[[click.Context, click.Parameter, str], list[str]]

DEVICES, NODES = "devices", "nodes"
PAIRED, PENDING = "paired.json", "pending.json"

_ID = re.compile(r"[0-9A-Za-z-]{6,64}", re.A)
"""Anything else is no id of ours, and would have to be quoted."""


def words(known: Collection[str]) -> Offer:
    """These."""
    return lambda _ctx, _param, incomplete: [word for word in known if word.startswith(incomplete)]


roles = words([role.value for role in Role])
scopes = words(sorted((ADMIN, APPROVALS, PAIRING, READ, WRITE)))


def _ids(*files: tuple[str, str], role: Role | None = None) -> Offer:
    """The ids of a role's records in files of the state directory, in order; all of them, if no role is meant."""

    def offer(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
        if ctx.params.get("url"):
            return []
        found = {id for file in files for id in _records(*file, role)}
        return sorted(id for id in found if id.startswith(incomplete))

    return offer


requests = _ids((DEVICES, PENDING))
devices = _ids((DEVICES, PAIRED))
node_requests = _ids((DEVICES, PENDING), (NODES, PENDING), role=Role.NODE)
nodes = _ids((DEVICES, PAIRED), (NODES, PAIRED), role=Role.NODE)


def _records(folder: str, name: str, role: Role | None) -> Iterator[str]:
    """The ids in one file; none, if it cannot be read: the command itself will say why."""
    from clawdbot.errors import StoreError
    from clawdbot.store.disk import existing
    from clawdbot.store.strict_json import NotJson, loads

    try:
        with existing(context.paths().state_dir, folder, mend=False) as there:
            blob = there.read(name) if there else None
        document = loads(blob.data) if blob else None
    except (StoreError, NotJson):
        return
    for id, record in document.items() if isinstance(document, dict) else ():
        if not _ID.fullmatch(id) or not isinstance(record, dict):
            continue
        its = record.get("roles") or [record.get("role")]
        if role is None or folder == NODES or (isinstance(its, list) and role.value in its):
            yield id
