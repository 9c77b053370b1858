"""A device connects: let in, let in silently, or made to wait; one by one. In all orders in ``tests/machines``."""

from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain import admission, devices
from clawdbot.domain.admission import REFRESH_MS, TURN_MS, Admitted, Lacks, NotItsTurn, QueueFull, Waiting
from clawdbot.domain.connect import Peer
from clawdbot.domain.credentials import Invited
from clawdbot.domain.device_records import TTL_MS, About, Device
from clawdbot.domain.effects import AnnounceDeviceRequest, AnnounceDeviceResolved, Change, Decision
from clawdbot.domain.handshake import VerifiedDevice
from clawdbot.domain.names import Instant, RequestId, Role
from clawdbot.domain.scopes import OWNER
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token
from clawdbot.errors import CredentialsWrong
from tests.support.devices import AFAR, HERE, NOW, REFUSAL, TOKEN, Counting, arrival, identity, paired, scopes, session

KEY, OTHER_KEY = identity(1), identity(2)
NEW = Device(KEY.device_id)
MINUTE = 60_000


def connect(
    device: Device, arrived: VerifiedDevice, *, now: Instant = NOW, room: bool = True, silent_local: bool = True
) -> Change[Device, Any]:
    return admission.connect(device, arrived, now=now, mint=Counting().mint, room=room, silent_local=silent_local)


def waits(device: Device, arrived: VerifiedDevice, *, now: Instant = NOW) -> Device:
    """The state after a connect that has to wait."""
    change = connect(device, arrived, now=now)
    assert isinstance(change.answer, Waiting)
    return change.state


def revoked(device: Device, role: Role) -> Device:
    return devices.revoke(device, role, caller=OWNER, now=NOW, mint=Counting().mint).state


# --- strangers -------------------------------------------------------------------------------------------------------


def test_G4_a_new_key_with_the_right_secret_is_still_unpaired() -> None:
    arrived = arrival(wanted=scopes("read"), name="Phone")
    change = connect(NEW, arrived)
    assert isinstance(change.answer, Waiting)
    request = change.answer.request
    assert (request.about, request.role, request.scopes) == (arrived.about, Role.OPERATOR, scopes("read"))
    assert (request.asked_at, request.last_seen, request.repair, request.silent) == (NOW, NOW, False, False)
    assert change.answer.lacks is Lacks.PAIRING
    assert change.state == Device(KEY.device_id, pending=request)
    assert change.effects == (AnnounceDeviceRequest(KEY.device_id, request),)


def test_a_token_of_a_stranger_is_refused_and_leaves_no_request() -> None:
    with pytest.raises(CredentialsWrong) as refused:
        connect(NEW, arrival(token=TOKEN))
    assert refused.value.message == REFUSAL


def test_G13_a_newcomer_finds_no_room_and_nothing_is_stored() -> None:
    change = connect(NEW, arrival(), room=False)
    assert change == Change(NEW, QueueFull(Lacks.PAIRING))
    assert change.state is NEW


def test_G13_one_that_waits_keeps_its_place_in_a_full_queue() -> None:
    state = waits(NEW, arrival(wanted=scopes("read")))
    for arrived in (arrival(wanted=scopes("read")), arrival(wanted=scopes("write"))):
        assert isinstance(connect(state, arrived, now=NOW + MINUTE, room=False).answer, Waiting)


# --- retries ---------------------------------------------------------------------------------------------------------


def test_G5_a_retry_keeps_one_request_alive_without_announcement_or_jump_in_the_queue() -> None:
    state = waits(NEW, arrival())
    first = state.pending
    assert first is not None
    for minutes in range(1, 60):
        change = connect(
            state, arrival(name="renamed", peer=replace(AFAR, address="10.9.9.9")), now=NOW + minutes * MINUTE
        )
        state = change.state
        assert change.effects == ()
        assert state.pending == replace(first, last_seen=NOW + minutes * MINUTE)


def test_a_request_dies_five_minutes_after_the_last_retry() -> None:
    state = waits(NEW, arrival())
    assert state.waiting(NOW + TTL_MS - 1) is not None
    assert state.waiting(NOW + TTL_MS) is None
    change = connect(state, arrival(), now=NOW + TTL_MS)
    assert isinstance(change.effects[0], AnnounceDeviceRequest)
    assert change.effects[0].supersedes is None


def test_a_flood_of_retries_is_no_flood_of_writes() -> None:
    state = waits(NEW, arrival())
    assert connect(state, arrival(), now=NOW + REFRESH_MS - 1).state is state
    assert connect(state, arrival(), now=NOW + REFRESH_MS).state is not state


def test_S6_a_request_from_the_future_is_asked_anew() -> None:
    state = waits(NEW, arrival(), now=NOW + 1)
    change = connect(state, arrival(), now=NOW)
    assert change.answer.request.asked_at == NOW
    assert len(change.effects) == 1


@pytest.mark.parametrize(
    "other",
    [
        arrival(wanted=scopes("read", "approvals")),
        arrival(wanted=()),
        arrival(wanted=scopes("write")),
        arrival(wanted=scopes("read"), platform="android"),
        arrival(OTHER_KEY, wanted=scopes("read")),
    ],
    ids=["more", "less", "others", "platform", "key"],
)
def test_G5_asking_for_something_else_supersedes_under_a_new_id(other: VerifiedDevice) -> None:
    state = waits(NEW, arrival(wanted=scopes("read")))
    assert state.pending is not None
    change = admission.connect(state, other, now=NOW + 7, mint=replace(Counting().mint, request_id=fresh), room=True)
    assert isinstance(change.answer, Waiting)
    request = change.answer.request
    assert request.id == fresh()
    assert request.asked_at == NOW + 7
    assert change.effects == (AnnounceDeviceRequest(KEY.device_id, request, supersedes=state.pending.id),)


def fresh() -> RequestId:
    return RequestId("fresh")


def test_G5_a_phone_that_connects_in_two_roles_at_once_has_one_request() -> None:
    """Operator and node, each tried again every eight seconds: the owner sees one id, told once, for all the time."""
    asks = [arrival(), arrival(role=Role.NODE)]
    state = waits(NEW, asks[0])
    for now in range(NOW, NOW + 20 * MINUTE, 8_000):
        again, other = (connect(state, ask, now=now) for ask in asks)
        assert isinstance(again.answer, Waiting)
        assert again.answer.request.id == state.pending.id  # type: ignore[union-attr]
        assert other == Change(state, NotItsTurn(Lacks.PAIRING))
        assert not again.effects
        state = again.state


def test_G5_another_role_comes_next_when_the_first_is_decided() -> None:
    """Once the operator is approved, the node waits under an id of its own; nothing came in with the first."""
    state = waits(NEW, arrival())
    assert state.pending is not None
    approved = devices.approve(state, state.pending.id, caller=OWNER, now=NOW + 1, mint=Counting().mint).state
    change = connect(approved, arrival(role=Role.NODE), now=NOW + 2)
    assert isinstance(change.answer, Waiting)
    assert (change.answer.request.role, change.answer.lacks) == (Role.NODE, Lacks.ROLE)
    assert change.state.paired is approved.paired


def test_G5_another_role_supersedes_what_nobody_keeps_alive() -> None:
    """A minute after the last try, and not before."""
    state = waits(NEW, arrival())
    assert connect(state, arrival(role=Role.NODE), now=NOW + TURN_MS - 1).answer == NotItsTurn(Lacks.PAIRING)
    change = connect(state, arrival(role=Role.NODE), now=NOW + TURN_MS)
    assert isinstance(change.answer, Waiting)
    assert change.effects[0].supersedes == state.pending.id  # type: ignore[union-attr]


def test_G5_asking_for_the_same_in_other_words_is_a_retry() -> None:
    """A command line asks for admin alone when it probes, and for admin and two others when it works."""
    state = waits(NEW, arrival(wanted=scopes("admin", "approvals", "pairing")))
    change = connect(state, arrival(wanted=scopes("admin")), now=NOW + MINUTE)
    assert change.effects == ()
    assert change.answer.request.scopes == scopes("admin", "approvals", "pairing")


@pytest.mark.parametrize(
    ("address", "client", "silent", "again"),
    [
        ("127.0.0.1", "node-host", True, True),
        ("::1", "cli", True, True),
        ("127.0.0.1", "node-host", False, False),
        ("127.0.0.1", "clawdbot-control-ui", True, False),
        ("10.0.0.1", "node-host", True, False),
        (None, "node-host", True, False),
    ],
)
def test_G9_who_is_forgotten_on_this_machine_pairs_again(
    address: str | None, client: str, silent: bool, again: bool
) -> None:
    """Without asking, if programs of this machine do, and it is none of a browser's."""
    roles = (Role.OPERATOR, Role.NODE)
    known = paired("read", roles=roles, about=About(client_id=client, remote_ip=address)).paired
    assert known is not None
    assert admission.pairs_again(known, silent_local=silent) == (roles if again else ())


# --- paired devices --------------------------------------------------------------------------------------------------


def test_a_paired_device_comes_in_and_its_description_is_renewed() -> None:
    """What it does not say any more is forgotten; the owner's name for it is not."""
    device = paired("read", about=About("old name", "linux", "cli", "cli", "10.0.0.1"), alias="Mine")
    arrived = arrival(wanted=scopes("read"), platform="Linux x86_64")
    change = connect(device, arrived)
    assert isinstance(change.answer, Admitted)
    assert change.answer.paired.about == arrived.about
    assert change.answer.paired.about.display_name is None
    assert change.answer.paired.name == "Mine"
    assert change.answer.token.secret == TOKEN
    assert change.effects == ()


def test_nothing_is_written_when_nothing_is_new() -> None:
    state = connect(paired("read"), arrival(wanted=scopes("read"))).state
    assert connect(state, arrival(wanted=scopes("read")), now=NOW + MINUTE).state is state


def test_a_device_comes_in_by_its_token_and_the_use_is_noted() -> None:
    change = connect(paired("read"), arrival(wanted=scopes("read"), token=TOKEN))
    assert isinstance(change.answer, Admitted)
    assert change.answer.token.last_used_at == NOW
    assert change.answer.token.secret == TOKEN


@pytest.mark.parametrize(
    ("device", "arrived"),
    [
        (paired("read"), arrival(token=Secret("wrong"), wanted=scopes("read"))),
        (paired("read"), arrival(token=TOKEN, wanted=scopes("write"))),
        (paired("read"), arrival(token=TOKEN, role=Role.NODE)),
        (paired("read", roles=(Role.OPERATOR, Role.NODE)), arrival(token=TOKEN, role=Role.NODE)),
        (paired("read"), arrival(OTHER_KEY, token=TOKEN)),
        (revoked(paired("read"), Role.OPERATOR), arrival(token=TOKEN)),
        (paired("read", roles=(Role.NODE,), tokens=paired("read").paired.tokens), arrival(token=TOKEN)),  # type: ignore[union-attr]
        (paired("read", scopes=()), arrival(token=TOKEN, wanted=scopes("read"))),
    ],
    ids=["wrong", "more", "role", "other-role", "other-key", "revoked", "role-not-approved", "not-approved"],
)
def test_G7_a_token_that_does_not_fit_is_refused_like_a_wrong_one(device: Device, arrived: VerifiedDevice) -> None:
    """Whatever does not fit, the same words; and no request comes of it."""
    with pytest.raises(CredentialsWrong) as refused:
        connect(device, arrived)
    assert refused.value.message == REFUSAL


def test_G6_an_admin_device_may_ask_for_less_and_for_the_scopes_that_admin_covers() -> None:
    for wanted in ((), scopes("read"), scopes("admin", "approvals", "pairing")):
        for token in (None, TOKEN):
            change = connect(paired("admin"), arrival(wanted=wanted, token=token))
            assert isinstance(change.answer, Admitted)
            assert change.answer.token.secret == TOKEN


def test_a_token_that_is_missing_or_too_narrow_is_made_anew_within_what_was_approved() -> None:
    device = paired("read", "approvals")
    assert device.paired is not None
    without = replace(device, paired=replace(device.paired, tokens={}))
    narrow = paired("read", "approvals", tokens={Role.OPERATOR: Token(TOKEN, scopes("read"), created_at=NOW - 9)})
    for state, rotated_at in ((without, None), (narrow, NOW)):
        change = connect(state, arrival(wanted=scopes("approvals")))
        assert isinstance(change.answer, Admitted)
        token = change.answer.token
        assert token.secret != TOKEN
        assert (token.scopes, token.rotated_at) == (scopes("approvals"), rotated_at)
        assert change.state.paired is not None
        assert change.state.paired.tokens[Role.OPERATOR] == token


@pytest.mark.parametrize(
    ("device", "arrived", "lacks"),
    [
        (paired("read"), arrival(wanted=scopes("write")), Lacks.SCOPES),
        (paired("write"), arrival(wanted=scopes("read", "pairing")), Lacks.SCOPES),
        (paired("read"), arrival(role=Role.NODE), Lacks.ROLE),
        (paired(roles=(Role.NODE,)), arrival(), Lacks.ROLE),
        (paired("read"), arrival(OTHER_KEY, wanted=scopes("read")), Lacks.KEY),
        (paired("read"), arrival(wanted=scopes("read"), platform="ios 18"), Lacks.PLATFORM),
        (paired("read"), arrival(wanted=scopes("read"), platform="beos"), Lacks.PLATFORM),
        (revoked(paired("read"), Role.OPERATOR), arrival(wanted=scopes("read")), Lacks.ROLE_BACK),
    ],
    ids=["scopes", "more", "node", "operator", "key", "platform", "unknown-platform", "revoked"],
)
def test_G4_G8_what_was_not_approved_waits_and_the_old_approval_stays(
    device: Device, arrived: VerifiedDevice, lacks: Lacks
) -> None:
    """With the shared secret in hand, from afar."""
    change = connect(device, arrived)
    assert isinstance(change.answer, Waiting)
    assert change.answer.lacks is lacks
    assert change.answer.request.repair
    assert change.state.paired is device.paired


def test_a_device_that_never_told_its_platform_may_tell_it() -> None:
    assert isinstance(connect(paired("read", about=About()), arrival(wanted=scopes("read"))).answer, Admitted)


def test_an_upgrade_that_waits_outlasts_a_connect_that_is_fine() -> None:
    state = waits(paired("read"), arrival(wanted=scopes("write")))
    change = connect(state, arrival(wanted=scopes("read")), now=NOW + MINUTE)
    assert isinstance(change.answer, Admitted)
    assert change.state.pending == state.pending
    assert connect(state, arrival(wanted=scopes("read")), now=NOW + TTL_MS).state.pending is None


# --- the gateway's own machine ---------------------------------------------------------------------------------------


def test_a_program_on_the_gateways_machine_is_paired_without_asking() -> None:
    change = connect(NEW, arrival(wanted=scopes("admin"), peer=HERE))
    assert isinstance(change.answer, Admitted)
    record = change.answer.paired
    assert (record.roles, record.scopes) == ((Role.OPERATOR,), scopes("admin"))
    assert change.answer.token == record.tokens[Role.OPERATOR]
    assert change.state == Device(KEY.device_id, record)
    (resolved,) = change.effects
    assert isinstance(resolved, AnnounceDeviceResolved)
    assert (resolved.device, resolved.decision, resolved.at) == (KEY.device_id, Decision.APPROVED, NOW)


@pytest.mark.parametrize("peer", [AFAR, replace(HERE, local=False), replace(HERE, foreign_page=True)])
def test_G9_nobody_else_is_paired_silently(peer: Peer) -> None:
    assert isinstance(connect(NEW, arrival(peer=peer)).answer, Waiting)


def test_G9_silent_pairing_can_be_switched_off() -> None:
    assert isinstance(connect(NEW, arrival(peer=HERE), silent_local=False).answer, Waiting)


@pytest.mark.parametrize(
    ("device", "arrived"),
    [
        (paired("read"), arrival(wanted=scopes("write"), peer=HERE)),
        (paired("read"), arrival(role=Role.NODE, peer=HERE)),
        (paired(roles=(Role.NODE,)), arrival(wanted=scopes("pairing"), peer=HERE)),
    ],
    ids=["scopes", "node", "operator"],
)
def test_small_upgrades_of_local_devices_are_silent(device: Device, arrived: VerifiedDevice) -> None:
    assert isinstance(connect(device, arrived).answer, Admitted)


@pytest.mark.parametrize(
    ("device", "arrived"),
    [
        (paired("read"), arrival(wanted=scopes("admin"), peer=HERE)),
        (paired(roles=(Role.NODE,)), arrival(wanted=scopes("admin"), peer=HERE)),
        (paired("read"), arrival(wanted=scopes("read"), platform="ios", peer=HERE)),
        (paired("read"), arrival(OTHER_KEY, peer=HERE)),
        (revoked(paired("read"), Role.OPERATOR), arrival(peer=HERE)),
        (waits(NEW, arrival()), arrival(peer=HERE)),
        (waits(NEW, arrival()), arrival(wanted=scopes("read"), peer=HERE)),
    ],
    ids=["admin", "node-to-admin", "platform", "key", "revoked", "asked-from-afar", "asked-for-other"],
)
def test_G8_G9_nothing_else_is_silent(device: Device, arrived: VerifiedDevice) -> None:
    """Not admin for an existing device, not after a revocation, not while the owner is being asked."""
    assert isinstance(connect(device, arrived).answer, Waiting)


def test_the_record_of_a_silent_request_is_nobodys_approval() -> None:
    """A leftover of another program that says silent is a request like any other."""
    state = waits(NEW, arrival())
    assert state.pending is not None
    left = replace(state, pending=replace(state.pending, silent=True))
    assert isinstance(connect(left, arrival(), now=NOW + MINUTE).answer, Waiting)


# --- links -----------------------------------------------------------------------------------------------------------


def invited(device: Device, *names: str, **more: Any) -> Change[Device, Any]:
    """A browser from afar comes by a link."""
    return connect(device, replace(arrival(wanted=scopes(*names)), proof=Invited("a link of the owner")), **more)


@pytest.mark.parametrize("room", [True, False])
def test_a_link_pairs_for_what_is_asked(room: bool) -> None:
    """From afar, whether programs here are paired silently or not, and however many wait; the record says how."""
    change = invited(NEW, "read", room=room, silent_local=False)
    assert isinstance(change.answer, Admitted)
    record = change.answer.paired
    assert (record.scopes, record.roles, record.approved_by) == (
        scopes("read"),
        (Role.OPERATOR,),
        "a link of the owner",
    )
    assert record.tokens[Role.OPERATOR] == change.answer.token
    assert [effect.decision for effect in announced(change)] == [Decision.APPROVED]


def test_a_link_brings_back_what_was_revoked() -> None:
    """The owner made it, so it is a new approval (threats.md G8); scopes from before are not part of it."""
    change = invited(revoked(paired("admin"), Role.OPERATOR), "read")
    assert change.answer.paired.may(Role.OPERATOR, scopes("read"))
    assert not change.answer.paired.may(Role.OPERATOR, scopes("admin"))


def test_a_link_for_what_is_approved_already_changes_no_approval() -> None:
    device = paired("admin")
    change = invited(device, "read")
    assert device.paired
    assert change.answer.paired.approved_at == device.paired.approved_at
    assert change.effects == ()


def test_G5_what_waited_is_approved_by_the_link_or_void() -> None:
    """Under the id that the owner saw, if it asked for the same."""
    state = waits(NEW, arrival(wanted=scopes("read")))
    assert state.pending
    same, other = invited(state, "read"), invited(state, "write")
    assert [(one.request, one.decision) for one in announced(same)] == [(state.pending.id, Decision.APPROVED)]
    assert announced(other)[0].request == state.pending.id
    assert [one.decision for one in announced(other)] == [Decision.REJECTED, Decision.APPROVED]
    assert same.state.pending is None
    assert other.state.pending is None


def announced(change: Change[Device, Any]) -> list[AnnounceDeviceResolved]:
    return [effect for effect in change.effects if isinstance(effect, AnnounceDeviceResolved)]


def test_the_record_says_who_approved() -> None:
    """The owner's terminal, a device, or nobody because it was here."""
    state = waits(NEW, arrival(wanted=scopes("read")))
    assert state.pending
    for caller, by in ((OWNER, "terminal"), (session(OTHER_KEY, "admin"), f"device {OTHER_KEY.device_id[:12]}")):
        approved = devices.approve(state, state.pending.id, caller=caller, now=NOW, mint=Counting().mint).state
        assert approved.paired
        assert approved.paired.approved_by == by
    assert connect(NEW, arrival(peer=HERE)).answer.paired.approved_by == "this machine, without asking"
