"""Two files of many records, read as one aggregate a device and changed row by row."""

import json
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.admission import TURN_MS
from clawdbot.domain.device_records import About, Device
from clawdbot.domain.names import DeviceId
from clawdbot.domain.node_records import Node
from clawdbot.store import register as registers
from clawdbot.store.device_rows import DEVICES
from clawdbot.store.node_rows import NODES
from clawdbot.store.register import MAX_ODD, PAIRED, PENDING, Kind, Register
from clawdbot.store.rows import text
from clawdbot.store.sight import Broken
from tests.support.devices import identity
from tests.support.register_files import KINDS, VECTORS
from tests.support.register_moves import NOW, DeviceMove, NodeMove

AnyRegister = Register[Any, Any, Any]


def decode(
    paired: Any, pending: Any, kind: Kind[Any, Any, Any] = DEVICES, old: AnyRegister | None = None
) -> AnyRegister:
    texts = {
        name: content if content is None or isinstance(content, bytes) else json.dumps(content, indent=2).encode()
        for name, content in ((PAIRED, paired), (PENDING, pending))
    }
    return registers.decode(kind, texts)


def written(register: AnyRegister) -> dict[str, Any]:
    return {PAIRED: json.loads(text(register.paired)), PENDING: json.loads(text(register.pending))}


def after(register: AnyRegister, *moves: Any) -> AnyRegister:
    for move in moves:
        id = register.kind.id(move.key)
        edit = registers.edit(register, id, move(register.get(id)).state)
        register = registers.edited(register, {id: edit})
    return register


EMPTY = decode(None, None)
ID = DEVICES.id(DeviceMove("ask").key)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.folder)
def test_the_reference_s_files_are_read(kind: Kind[Any, Any, Any]) -> None:
    """Everybody in them, and nothing odd."""
    files = {name: (VECTORS / kind.folder / name).read_bytes() for name in (PAIRED, PENDING)}
    register = registers.decode(kind, files)
    paired, pending = (json.loads(files[name]) for name in (PAIRED, PENDING))
    owners = {one.get("deviceId") or one["nodeId"] for one in pending.values()}
    assert set(register.states) == set(paired) | owners
    assert {id for id, state in register.states.items() if state.paired} == set(paired)
    assert {state.pending.id for state in register.states.values() if state.pending} == set(pending)
    assert list(register.notes()) == []
    assert register.get("stranger") in (Device(DeviceId("stranger")), Node("stranger"))  # type: ignore[arg-type]


def test_a_story_in_the_reference_s_words() -> None:
    """Ask, approve, ask for more, take away: the files after each, key by key."""
    asked = after(EMPTY, DeviceMove("ask"))
    (request,) = written(asked)[PENDING].values()
    assert list(request) == [
        *["requestId", "deviceId", "publicKey", "displayName", "platform", "clientId", "clientMode"],
        *["role", "roles", "scopes", "remoteIp", "silent", "isRepair", "ts"],
    ]
    approved = after(asked, DeviceMove("approve"))
    assert written(approved)[PENDING] == {}
    (device,) = written(approved)[PAIRED].values()
    assert list(device) == [
        *["deviceId", "publicKey", "displayName", "platform", "clientId", "clientMode"],
        *["role", "roles", "scopes", "remoteIp", "tokens", "createdAtMs", "approvedAtMs", "approvedBy"],
    ]
    assert list(device["tokens"]["operator"]) == ["token", "role", "scopes", "createdAtMs"]
    more = after(approved, DeviceMove("ask more"))
    assert [one["isRepair"] for one in written(more)[PENDING].values()] == [True]
    assert written(after(more, DeviceMove("remove"))) == {PAIRED: {}, PENDING: {}}


def test_a_change_touches_no_other_row() -> None:
    """Ninety-nine devices are the same objects before and after, in the same places."""
    register = after(EMPTY, *[DeviceMove("ask", number) for number in range(1, 101)])
    changed = after(register, DeviceMove("approve", 50), DeviceMove("ask more", 51, seed=1))
    touched = {identity(number).device_id for number in (50, 51)}
    for id, state in register.states.items():
        assert (changed.states[id] is state) is (id not in touched)
    kept = [id for id in register.pending if id in changed.pending]
    assert len(kept) == 98
    assert [changed.pending[id] for id in kept] == [register.pending[id] for id in kept]
    assert list(changed.pending)[:98] == kept


def test_what_is_read_after_a_change_is_what_was_saved() -> None:
    """To the object, for whoever knows the rows; to the value, for everybody else."""
    register = after(EMPTY, DeviceMove("ask"), DeviceMove("approve"), DeviceMove("ask more"), DeviceMove("ask", 2))
    texts = {PAIRED: text(register.paired), PENDING: text(register.pending)}
    again = registers.decode(DEVICES, texts, register)
    assert all(again.states[id] is state for id, state in register.states.items())
    assert registers.decode(DEVICES, texts).states == register.states


def test_what_is_not_ours_survives_our_changes() -> None:
    """Keys of other programs in the record, in its tokens and in the request; other records, usable or not."""
    register = after(EMPTY, DeviceMove("ask"), DeviceMove("approve"), DeviceMove("ask more", now=NOW + 1))
    files = written(register)
    files[PAIRED][ID] |= {"note": "mine", "tokens": {"operator": {**files[PAIRED][ID]["tokens"]["operator"], "x": 1}}}
    files[PAIRED]["__proto__"] = {"deviceId": "__proto__"}
    next(iter(files[PENDING].values()))["y"] = 2
    files[PENDING]["strange"] = None
    found = decode(files[PAIRED], files[PENDING])
    renamed = after(found, DeviceMove("rename"), DeviceMove("ask more", now=NOW + 2_000, seed=7))
    paired, pending = written(renamed)[PAIRED], written(renamed)[PENDING]
    assert (paired[ID]["note"], paired[ID]["alias"]) == ("mine", "Box 0")
    assert paired[ID]["tokens"]["operator"]["x"] == 1
    assert paired["__proto__"] == {"deviceId": "__proto__"}
    assert [(one["y"], one["lastSeenAtMs"]) for one in pending.values() if one] == [(2, NOW + 2_000)]
    assert "strange" in pending
    notes = [note for _, note in renamed.notes()]
    assert len(notes) == 2
    assert all("is not used" in note for note in notes)


def test_nothing_is_passed_on_to_a_successor() -> None:
    """Removed and paired anew, or asked anew: what stood in the old record is gone."""
    register = after(EMPTY, DeviceMove("ask"), DeviceMove("approve"), DeviceMove("ask more", seed=1))
    files = written(register)
    files[PAIRED][ID]["note"] = "old"
    next(iter(files[PENDING].values()))["note"] = "old"
    found = decode(files[PAIRED], files[PENDING])
    assert "old" not in text(after(found, DeviceMove("ask as node", seed=2, now=NOW + TURN_MS)).pending).decode()
    moves = [DeviceMove("remove"), DeviceMove("ask", now=NOW + 1), DeviceMove("approve", seed=3)]
    state = found.get(ID)
    for move in moves:
        state = move(state).state
    anew = registers.edited(found, {ID: registers.edit(found, ID, state)})
    assert "old" not in text(anew.paired).decode()


def test_a_broken_record_is_replaced_by_a_new_approval() -> None:
    """Until then it stays, and its device is a stranger."""
    found = decode({ID: {"deviceId": ID, "publicKey": "broken"}}, {})
    assert found.get(ID).paired is None
    asked = after(found, DeviceMove("ask"))
    assert written(asked)[PAIRED][ID]["publicKey"] == "broken"
    assert written(after(asked, DeviceMove("approve")))[PAIRED][ID]["publicKey"] == str(identity(1).public_key)


def test_M_one_request_a_device_the_first_in_the_file() -> None:
    """Another one counts for nothing, is reported, and is gone with the next change of whomever."""
    one, two = after(EMPTY, DeviceMove("ask", seed=1)), after(EMPTY, DeviceMove("ask more", seed=2))
    both = decode({}, {**written(one)[PENDING], **written(two)[PENDING]})
    assert both.states == one.states
    assert [name for name, _ in both.notes()] == [PENDING]
    assert set(written(after(both, DeviceMove("ask", 9)))[PENDING]) == {
        *one.pending,
        *after(EMPTY, DeviceMove("ask", 9)).pending,
    }


def test_M_an_approval_is_whole_before_its_request_is_gone() -> None:
    """``paired.json`` of after beside ``pending.json`` of before says just what the approval says."""
    before = after(EMPTY, DeviceMove("ask"))
    approved = after(before, DeviceMove("approve"))
    between = decode(text(approved.paired), text(before.pending))
    assert between.states == approved.states
    assert between.spare == set(before.pending)


def test_a_request_for_what_its_device_has_is_not_written() -> None:
    """It would be read back as none; the rules never make one."""
    asked = after(EMPTY, DeviceMove("ask"))
    approved = after(asked, DeviceMove("approve"))
    impossible = replace(approved.get(ID), pending=asked.get(ID).pending)
    with pytest.raises(ValueError):
        registers.edit(approved, ID, impossible)


def test_what_would_be_read_back_as_something_else_is_not_written() -> None:
    """A key that is not the device's own, a name that is none."""
    register = after(EMPTY, DeviceMove("ask"), DeviceMove("approve"))
    state = register.get(ID)
    for broken in (
        replace(state.paired, public_key=identity(2).public_key),
        replace(state.paired, approved_at=-1),
    ):
        with pytest.raises(ValueError):
            registers.edit(register, ID, replace(state, paired=broken))
    nodes = decode({}, {}, NODES)
    with pytest.raises(ValueError):
        registers.edit(nodes, "\ud800", NodeMove("ask")(Node("\ud800")).state)  # type: ignore[arg-type]


def test_S8_surrogates_in_what_a_device_calls_itself_do_no_harm() -> None:
    """They are replaced, in what is saved and in what is answered."""
    register = after(EMPTY, DeviceMove("ask"), DeviceMove("approve"))
    state = register.get(ID)
    named = replace(state, paired=replace(state.paired, about=About("\ud800", "linux"), alias="\udfff"))
    edit = registers.edit(register, ID, named)
    assert edit.state.paired.name == "\ufffd"
    assert registers.edited(register, {ID: edit}).get(ID) == edit.state


@pytest.mark.parametrize("name", [PAIRED, PENDING])
def test_S4_a_file_of_nothing_but_rubbish_is_broken_as_a_whole(name: str) -> None:
    """A thousand odd records are put up with; one more is another file."""
    files: dict[str, dict[str, Any]] = {PAIRED: {}, PENDING: {}, name: {str(number): {} for number in range(MAX_ODD)}}
    assert decode(files[PAIRED], files[PENDING]).states == {}
    files[name]["more"] = {}
    with pytest.raises(Broken) as error:
        decode(files[PAIRED], files[PENDING])
    assert error.value.name == name
