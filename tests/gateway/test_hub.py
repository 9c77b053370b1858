"""Who gets to hear what, and who has to leave."""

from clawdbot.domain.names import Role
from clawdbot.domain.scopes import Caller
from clawdbot.gateway.hub import ACCESS_CHANGED, MOST_BUFFERED, SLOW_CONSUMER, Hub
from clawdbot.gateway.session import Session
from clawdbot.wire.frames import StateVersion
from tests.support.sessions import outbox, session


def hub_of(*sessions: Session) -> Hub:
    hub = Hub()
    for one in sessions:
        hub.join(one)
    return hub


def test_a_broadcast_carries_one_number_for_all() -> None:
    """Also for those who do not hear it: they see a gap."""
    admin, node = session(1, "admin"), session(2, role=Role.NODE)
    hub = hub_of(admin, node)
    hub.broadcast("secret", {}, to=lambda caller: caller.role is Role.OPERATOR)
    hub.broadcast("tick", {"ts": 1}, version=StateVersion(1, 2))
    assert [frame["seq"] for frame in outbox(admin).frames] == [1, 2]
    assert outbox(node).frames == [
        {"type": "event", "event": "tick", "payload": {"ts": 1}, "seq": 2, "stateVersion": {"presence": 1, "health": 2}}
    ]


def test_G16_others_can_be_told_less() -> None:
    admin, other = session(1, "admin"), session(2)

    def is_admin(caller: Caller) -> bool:
        return bool(caller.scopes)

    hub_of(admin, other).broadcast("presence", [1, 2], to=is_admin, otherwise=lambda caller: [caller.device])
    assert outbox(admin).frames[0]["payload"] == [1, 2]
    assert outbox(other).frames[0]["payload"] == [other.device]


def test_before_its_hello_and_after_its_end_a_session_hears_nothing() -> None:
    early, expelled = session(1, "admin"), session(2, "admin")
    early.greeted = False
    hub = hub_of(early, expelled)
    hub.expel(expelled.device, None)
    hub.broadcast("tick", {})
    assert not hub.tell(early, "voicewake.changed", {})
    assert not hub.tell(expelled, "node.invoke.request", {})
    assert outbox(early).frames == outbox(expelled).frames == []


def test_a_slow_consumer_misses_what_the_next_event_makes_up_for_and_is_closed_for_the_rest() -> None:
    slow, quick = session(1, "admin"), session(2, "admin")
    outbox(slow).unsent = MOST_BUFFERED + 1
    hub = hub_of(slow, quick)
    hub.broadcast("tick", {}, droppable=True)
    assert not hub.tell(slow, "node.invoke.request", {})
    assert outbox(slow).closed is None
    hub.broadcast("health", {})
    assert outbox(slow).closed == (1008, SLOW_CONSUMER)
    assert outbox(slow).frames == []
    assert outbox(quick).events == ["tick", "health"]


def test_G8_expelled_is_without_rights_at_once_and_closed_when_told() -> None:
    """Two steps: the caller, who may be one of them, gets its answer in between."""
    node, operator, other = session(1, role=Role.NODE, id="a"), session(1, "admin", id="b"), session(2, "admin", id="c")
    gone: list[Session] = []
    hub = hub_of(node, operator, other)
    hub.on_expelled(gone.append)
    hub.expel(node.device, Role.NODE)
    hub.expel(node.device, Role.NODE)
    assert gone == [node]
    assert outbox(node).closed is None
    hub.close_expelled()
    assert outbox(node).closed == (1008, ACCESS_CHANGED)
    hub.expel(node.device, None)
    hub.close_expelled()
    assert outbox(operator).closed == (1008, ACCESS_CHANGED)
    assert outbox(other).closed is None


def test_who_is_expelled_is_closed_once_and_not_after_it_left() -> None:
    """A close is asked for after each call of anybody: nobody looks through all who are in for it."""
    first, second = session(1, "admin", id="a"), session(2, "admin", id="b")
    hub = hub_of(first, second)
    hub.expel(first.device, None)
    hub.expel(second.device, None)
    hub.leave(second)
    hub.close_expelled()
    assert outbox(first).closed == (1008, ACCESS_CHANGED)
    assert outbox(second).closed is None
    outbox(first).closed = None
    hub.close_expelled()
    assert outbox(first).closed is None


def test_who_left_is_forgotten() -> None:
    one = session(1, "admin")
    hub = hub_of(one)
    hub.leave(one)
    hub.leave(one)
    hub.broadcast("tick", {})
    assert len(hub) == 0
    assert outbox(one).frames == []
