"""The legacy store of nodes, one decision at a time."""

from dataclasses import replace

import pytest

from clawdbot.domain import nodes
from clawdbot.domain.bounds import NAME_LENGTH
from clawdbot.domain.devices import BadName, Denied, Renamed, Why
from clawdbot.domain.effects import AnnounceNodeRequest, AnnounceNodeResolved, Change, Decision
from clawdbot.domain.names import Instant, NodeId, RequestId, Role
from clawdbot.domain.node_records import TTL_MS, Node, NodeAbout, NodeRequest, PairedNode
from clawdbot.domain.nodes import Approved, NotVerified, QueueFull, Rejected, Removed, Requested, Verified
from clawdbot.domain.scopes import OWNER, Caller
from clawdbot.domain.secret import Secret
from tests.support.devices import NOW, Counting, identity, session

ABOUT = NodeAbout(display_name="Legacy A", platform="ios 18.0", caps=("canvas",), commands=("canvas.eval",))
EMPTY = Node(NodeId("658c98e0-bebe-44d2-8c23-61580f5b7ac8"))
TOKEN = Secret("30c33d4b69204225b4ec52d59676de5c")
PAIRED = replace(EMPTY, paired=PairedNode(ABOUT, TOKEN, created_at=NOW - 9, approved_at=NOW - 9, last_connected_at=NOW))
ADMIN = session(identity(1), "admin")
LATER = NOW + 60_000


def ask(
    node: Node, about: NodeAbout = ABOUT, *, now: Instant = NOW, room: bool = True
) -> Change[Node, Requested | QueueFull]:
    return nodes.request(node, about, silent=True, now=now, mint=Counting().mint, room=room)


def approve(
    node: Node, *, caller: Caller = ADMIN, now: Instant = LATER, id: str = "request-1"
) -> Change[Node, Approved | Denied]:
    return nodes.approve(node, RequestId(id), caller=caller, now=now, mint=Counting().mint)


def test_a_request_waits_and_is_announced_once() -> None:
    change = ask(EMPTY)
    request = NodeRequest(RequestId("request-1"), ABOUT, asked_at=NOW, repair=False, silent=True)
    assert change.answer == Requested(request, created=True)
    assert change.state == replace(EMPTY, pending=request)
    assert change.effects == (AnnounceNodeRequest(EMPTY.id, request),)


def test_G5_who_asks_again_keeps_the_request_as_it_was_seen() -> None:
    state = ask(EMPTY).state
    change = ask(state, NodeAbout(display_name="other"), now=LATER, room=False)
    assert state.pending is not None
    assert change == Change(state, Requested(state.pending, created=False))


def test_G13_a_newcomer_finds_no_room() -> None:
    assert ask(EMPTY, room=False) == Change(EMPTY, QueueFull())


def test_a_request_dies_after_five_minutes() -> None:
    state = ask(EMPTY).state
    assert approve(state, now=NOW + TTL_MS).answer == Denied(Why.UNKNOWN)
    assert approve(state, now=NOW - 1).answer == Denied(Why.UNKNOWN)
    assert nodes.expire(state, now=NOW + TTL_MS - 1).state is state
    assert nodes.expire(state, now=NOW + TTL_MS) == Change(EMPTY, state.pending)
    again = ask(state, now=NOW + TTL_MS).answer
    assert isinstance(again, Requested)
    assert again.created


def test_an_approval_makes_a_token_and_forgets_when_the_node_was_here() -> None:
    state = ask(PAIRED).state
    assert state.pending is not None
    assert state.pending.repair
    change = approve(state)
    assert isinstance(change.answer, Approved)
    paired = change.answer.paired
    assert (paired.created_at, paired.approved_at, paired.last_connected_at) == (NOW - 9, LATER, None)
    assert paired.token != TOKEN
    assert change.state == Node(EMPTY.id, paired)
    assert change.effects == (AnnounceNodeResolved(EMPTY.id, state.pending.id, Decision.APPROVED, LATER),)


def test_G7_the_token_is_shown_only_to_the_node() -> None:
    me = identity(1)
    mine = ask(Node(NodeId(me.device_id))).state
    shown, hidden = approve(mine, caller=session(me, "admin")).answer, approve(mine, caller=OWNER).answer
    assert isinstance(shown, Approved)
    assert isinstance(hidden, Approved)
    assert shown.secret == shown.paired.token
    assert hidden.secret is None


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        (session(identity(1), "pairing"), Why.NOT_YOURS),
        (session(identity(1), "read"), Why.NOT_YOURS),
        (session(identity(1), "admin", role=Role.NODE), Why.NOT_YOURS),
    ],
)
def test_G6_only_admin_decides_about_nodes(caller: Caller, why: Why) -> None:
    state = ask(PAIRED).state
    assert approve(state, caller=caller) == Change(state, Denied(why))
    assert nodes.reject(state, RequestId("request-1"), caller=caller, now=NOW).answer == Denied(why)
    assert nodes.remove(state, caller=caller).answer == Denied(why)
    assert nodes.rename(state, "x", caller=caller).answer == Denied(why)


def test_G6_a_node_cannot_approve_itself() -> None:
    """It may see its own request, and that is all."""
    me = identity(1)
    state = ask(Node(NodeId(me.device_id))).state
    assert approve(state, caller=session(me, "pairing")).answer == Denied(Why.BEYOND_CALLER)


def test_a_rejection_ends_the_request() -> None:
    state = ask(PAIRED).state
    assert state.pending is not None
    change = nodes.reject(state, state.pending.id, caller=ADMIN, now=LATER)
    assert change.answer == Rejected(state.pending)
    assert change.state == PAIRED
    assert change.effects == (AnnounceNodeResolved(EMPTY.id, state.pending.id, Decision.REJECTED, LATER),)
    assert nodes.reject(change.state, state.pending.id, caller=ADMIN, now=LATER).answer == Denied(Why.UNKNOWN)


def test_only_the_nodes_token_verifies() -> None:
    assert PAIRED.paired is not None
    assert nodes.verify(PAIRED, TOKEN) == Verified(PAIRED.paired)
    blank = replace(PAIRED, paired=replace(PAIRED.paired, token=Secret("")))
    for node, token in ((PAIRED, Secret("wrong")), (EMPTY, TOKEN), (PAIRED, Secret("")), (blank, Secret(""))):
        assert nodes.verify(node, token) == NotVerified()


def test_a_removed_nodes_token_is_dead() -> None:
    change = nodes.remove(PAIRED, caller=ADMIN)
    assert isinstance(change.answer, Removed)
    assert nodes.verify(change.state, TOKEN) == NotVerified()
    assert nodes.remove(EMPTY, caller=ADMIN).answer == Denied(Why.UNKNOWN)


def test_a_node_is_renamed_here_alone() -> None:
    change = nodes.rename(PAIRED, " New Name ", caller=ADMIN)
    assert change.answer == Renamed("New Name")
    assert change.state.paired is not None
    assert change.state.paired.about == replace(ABOUT, display_name="New Name")
    assert nodes.rename(EMPTY, "x", caller=ADMIN).answer == Denied(Why.UNKNOWN)


@pytest.mark.parametrize("name", ["", " ", "x" * (NAME_LENGTH + 1)], ids=["empty", "blank", "long"])
def test_a_name_is_neither_blank_nor_endless(name: str) -> None:
    assert nodes.rename(PAIRED, name, caller=ADMIN) == Change(PAIRED, BadName())


def test_a_connection_is_noted_for_nodes_on_record() -> None:
    state = nodes.connected(PAIRED, now=LATER, bins=["git"]).state
    assert state.paired is not None
    assert (state.paired.last_connected_at, state.paired.bins) == (LATER, ("git",))
    again = nodes.connected(state, now=LATER + 1).state
    assert again.paired is not None
    assert again.paired.bins == ("git",)
    assert nodes.connected(EMPTY, now=LATER).state is EMPTY


@pytest.mark.parametrize(
    ("text", "read"),
    [(" a ", "a"), ("__proto__", "__proto__"), ("../x", "../x"), ("a\x00b", "a\x00b"), ("", None), (" ", None)],
)
def test_G17_ids_are_plain_data_or_refused(text: str, read: str | None) -> None:
    assert nodes.read_node_id(text) == read
