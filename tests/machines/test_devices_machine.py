"""The invariants of threats.md M about devices, and a broken twin of every rule that the machine must find."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from clawdbot.domain import admission, devices, scopes, tokens
from clawdbot.domain.admission import Lacks
from clawdbot.domain.device_records import TTL_MS, Device, DeviceRequest, PairedDevice
from clawdbot.domain.names import RequestId, Role
from clawdbot.domain.scopes import ADMIN, Caller
from clawdbot.domain.tokens import Token
from tests.support.devices_machine import DevicesMachine

SAME_EACH_TIME = settings(derandomize=True, database=None, deadline=None, stateful_step_count=50, max_examples=150)
UNTIL_FOUND = settings(SAME_EACH_TIME, phases=[Phase.generate], stateful_step_count=100, max_examples=1_500)

APPROVE, REJECT, REMOVE, ROTATE, REVOKE = (
    devices.approve,
    devices.reject,
    devices.remove,
    devices.rotate,
    devices.revoke,
)
GRANT, REFUSAL, WAIT, ADMIT = devices.grant, devices._refusal, admission._wait, admission._admit
STANDING, SILENT, CHECK, ISSUE = admission._standing, admission._may_be_silent, tokens.check, tokens.issue


def test_M_G4_G5_G6_G7_G8_G9_S6_the_invariants_hold_in_all_orders() -> None:
    run_state_machine_as_test(DevicesMachine, settings=SAME_EACH_TIME)


# --- broken twins ----------------------------------------------------------------------------------------------------


def always(*args: Any, **options: Any) -> bool:
    return True


def never(*args: Any, **options: Any) -> bool:
    return False


def lives_a_millisecond_longer(request: DeviceRequest, now: int) -> bool:
    return 0 <= now - request.last_seen <= TTL_MS


def lives_from_the_first_try(request: DeviceRequest, now: int) -> bool:
    return 0 <= now - request.asked_at < TTL_MS


def lives_before_it_was_made(request: DeviceRequest, now: int) -> bool:
    return now - request.last_seen < TTL_MS


def approves_the_latest(device: Device, id: RequestId, **options: Any) -> Any:
    return APPROVE(device, device.pending.id if device.pending else id, **options)


def approval_keeps_the_request(device: Device, *args: Any, **options: Any) -> Any:
    change = APPROVE(device, *args, **options)
    return change if change.state is device else replace(change, state=replace(change.state, pending=device.pending))


def approval_grants_nothing(device: Device, *args: Any, **options: Any) -> Any:
    change = APPROVE(device, *args, **options)
    return change if change.state is device else replace(change, state=replace(device, pending=None))


def rejection_keeps_the_request(device: Device, *args: Any, **options: Any) -> Any:
    return replace(REJECT(device, *args, **options), state=device)


def rejection_forgets_the_device(device: Device, *args: Any, **options: Any) -> Any:
    change = REJECT(device, *args, **options)
    return change if change.state is device else replace(change, state=Device(device.id))


def a_retry_changes_what_was_seen(device: Device, arrival: Any, lacks: Lacks, **options: Any) -> Any:
    change = WAIT(device, arrival, lacks, **options)
    request = change.state.pending
    if request is None or change.state is device or change.effects:
        return change
    return replace(change, state=replace(change.state, pending=replace(request, about=arrival.about, scopes=(ADMIN,))))


def a_new_request_takes_the_old_id(device: Device, *args: Any, **options: Any) -> Any:
    if device.pending is not None:
        options["mint"] = replace(options["mint"], request_id=lambda: device.pending.id)
    return WAIT(device, *args, **options)


def always_room(*args: Any, **options: Any) -> Any:
    return WAIT(*args, **{**options, "room": True})


def waiting_suspends_the_approval(device: Device, *args: Any, **options: Any) -> Any:
    change = WAIT(device, *args, **options)
    return change if change.state is device else replace(change, state=replace(change.state, paired=None))


def the_shared_secret_brings_roles_back(paired: PairedDevice | None, arrival: Any) -> Any:
    lacks = STANDING(paired, arrival)
    return paired if lacks is Lacks.ROLE_BACK else lacks


def any_platform_will_do(paired: PairedDevice | None, arrival: Any) -> Any:
    lacks = STANDING(paired, arrival)
    return paired if lacks is Lacks.PLATFORM else lacks


def any_role_will_do(paired: PairedDevice | None, arrival: Any) -> Any:
    lacks = STANDING(paired, arrival)
    return paired if lacks is Lacks.ROLE else lacks


def any_scopes_will_do(paired: PairedDevice | None, arrival: Any) -> Any:
    lacks = STANDING(paired, arrival)
    return paired if lacks is Lacks.SCOPES else lacks


def pages_are_silent(device: Device, arrival: Any, *args: Any) -> bool:
    return SILENT(device, replace(arrival, peer=replace(arrival.peer, foreign_page=False)), *args)


def strangers_are_silent(device: Device, arrival: Any, *args: Any) -> bool:
    return SILENT(device, replace(arrival, peer=replace(arrival.peer, local=True)), *args)


def silent_while_the_owner_is_asked(device: Device, *args: Any) -> bool:
    return SILENT(replace(device, pending=None), *args)


def silent_admins(device: Device, arrival: Any, lacks: Lacks, now: int) -> bool:
    return SILENT(device, arrival, Lacks.PAIRING if lacks is Lacks.SCOPES else lacks, now)


def silent_after_a_revocation(device: Device, arrival: Any, lacks: Lacks, now: int) -> bool:
    return SILENT(device, arrival, Lacks.ROLE if lacks is Lacks.ROLE_BACK else lacks, now)


def silent_on_another_platform(device: Device, arrival: Any, lacks: Lacks, now: int) -> bool:
    return SILENT(device, arrival, Lacks.ROLE if lacks is Lacks.PLATFORM else lacks, now)


def own_sessions_keep_their_power(device: Device, caller: Caller) -> Any:
    return REFUSAL(device, replace(caller, device=None) if caller.device == device.id else caller)


def without_admin_anywhere(device: Device, caller: Caller) -> Any:
    own = caller.device == device.id
    return REFUSAL(device, caller) if own else None


def a_grant_revives_what_was_revoked(old: PairedDevice | None, request: DeviceRequest, **options: Any) -> Any:
    granted = GRANT(old, request, **options)
    return replace(granted, scopes=scopes.merged(old.scopes if old else (), granted.scopes))


def a_grant_gives_more(old: PairedDevice | None, request: DeviceRequest, **options: Any) -> Any:
    granted = GRANT(old, request, **options)
    return replace(granted, scopes=(*granted.scopes, ADMIN))


def a_grant_forgets(old: PairedDevice | None, request: DeviceRequest, **options: Any) -> Any:
    return GRANT(None, request, **options)


def tokens_for_everything(old: Token | None, wanted: Any, **options: Any) -> Any:
    return ISSUE(old, (ADMIN,), **options)


def the_old_token_lives_on(old: Token | None, wanted: Any, **options: Any) -> Any:
    fresh = ISSUE(old, wanted, **options)
    return fresh if old is None or old.is_revoked else replace(fresh, secret=old.secret)


def any_token_opens(token: Token, presented: Any, *args: Any, **options: Any) -> bool:
    return CHECK(token, token.secret, *args, **options)


def a_rotation_is_shown_to_all(device: Device, *args: Any, **options: Any) -> Any:
    change = ROTATE(device, *args, **options)
    if not isinstance(change.answer, devices.Rotated) or change.state.paired is None:
        return change
    secret = change.state.paired.tokens[change.answer.role].secret
    return replace(change, answer=replace(change.answer, secret=secret))


def a_rotation_widens(device: Device, role: Role, wanted: Any, **options: Any) -> Any:
    wide = device
    if device.paired is not None and wanted:
        wide = replace(device, paired=replace(device.paired, scopes=scopes.merged(device.paired.scopes, wanted)))
    change = ROTATE(wide, role, wanted, **options)
    return change if isinstance(change.answer, devices.Rotated) else replace(change, state=device)


def a_rotation_does_not_stick(device: Device, *args: Any, **options: Any) -> Any:
    change = ROTATE(device, *args, **options)
    if device.paired is None or change.state.paired is None or change.state is device:
        return change
    widened = replace(change.state.paired, scopes=device.paired.scopes)
    return replace(change, state=replace(change.state, paired=widened))


def a_rotation_revives(device: Device, role: Role, *args: Any, **options: Any) -> Any:
    record = device.paired
    if record is None or not record.is_revoked(role):
        return ROTATE(device, role, *args, **options)
    revived = replace(record, tokens={**record.tokens, role: replace(record.tokens[role], revoked_at=None)})
    change = ROTATE(replace(device, paired=revived), role, *args, **options)
    return change if isinstance(change.answer, devices.Rotated) else replace(change, state=device)


def sessions_outlive_a_rotation(*args: Any, **options: Any) -> Any:
    return replace(ROTATE(*args, **options), effects=())


def sessions_outlive_a_revocation(*args: Any, **options: Any) -> Any:
    return replace(REVOKE(*args, **options), effects=())


def sessions_outlive_a_removal(*args: Any, **options: Any) -> Any:
    return replace(REMOVE(*args, **options), effects=())


def a_revocation_is_only_said(device: Device, *args: Any, **options: Any) -> Any:
    return replace(REVOKE(device, *args, **options), state=device)


def removal_keeps_the_request(device: Device, *args: Any, **options: Any) -> Any:
    change = REMOVE(device, *args, **options)
    return change if change.state is device else replace(change, state=Device(device.id, pending=device.pending))


def a_new_token_each_time(device: Device, paired: PairedDevice, *args: Any, **options: Any) -> Any:
    return ADMIT(device, replace(paired, tokens={}), *args, **options)


ONE_REQUEST = "one live request a device|no approval without a live request"
MAY = "a device may do what it was approved for"
TAKEN = "what was taken does not come back silently"
SEEN = "what the owner saw is what is approved|a retry keeps its request"
KEPT = "a retry keeps its request|who waits keeps its place"
UNAPPROVED = "nobody comes in without an approval"
DECIDES = "who may (reject|revoke|remove) can, and nobody else|nobody decides about others without admin.*"
OUTLIVES = "no session outlives its approval"

TWINS: list[tuple[object, str, Any, str]] = [
    (DeviceRequest, "is_live", always, ONE_REQUEST),
    (DeviceRequest, "is_live", lives_a_millisecond_longer, ONE_REQUEST),
    (DeviceRequest, "is_live", lives_from_the_first_try, f"{ONE_REQUEST}|{KEPT}"),
    (DeviceRequest, "is_live", lives_before_it_was_made, ONE_REQUEST),
    (devices, "approve", approves_the_latest, ONE_REQUEST),
    (devices, "approve", approval_keeps_the_request, ONE_REQUEST),
    (devices, "approve", approval_grants_nothing, f"{MAY}|a live token opens"),
    (devices, "reject", rejection_keeps_the_request, ONE_REQUEST),
    (devices, "reject", rejection_forgets_the_device, f"{MAY}|a live token opens"),
    (admission, "_asks_the_same", always, "what is asked anew has a new id|one role after the other"),
    (admission, "_asks_the_same", never, "a retry keeps its request"),
    (admission, "TURN_MS", 0, "one role after the other"),
    (admission, "TURN_MS", TTL_MS, "nobody waits for nothing"),
    (admission, "_wait", a_retry_changes_what_was_seen, SEEN),
    (admission, "_wait", a_new_request_takes_the_old_id, "what is asked anew has a new id"),
    (admission, "_wait", always_room, "no more wait than may"),
    (admission, "_wait", waiting_suspends_the_approval, "an old approval stays as it is"),
    (admission, "_standing", the_shared_secret_brings_roles_back, f"{UNAPPROVED}|{TAKEN}"),
    (admission, "_standing", any_platform_will_do, UNAPPROVED),
    (admission, "_standing", any_role_will_do, f"{UNAPPROVED}|a live token opens"),
    (admission, "_standing", any_scopes_will_do, UNAPPROVED),
    (admission, "_may_be_silent", always, UNAPPROVED),
    (admission, "_may_be_silent", pages_are_silent, UNAPPROVED),
    (admission, "_may_be_silent", strangers_are_silent, UNAPPROVED),
    (admission, "_may_be_silent", silent_while_the_owner_is_asked, "nothing is silent while the owner is asked"),
    (admission, "_may_be_silent", silent_admins, "no device becomes an admin silently"),
    (admission, "_may_be_silent", silent_after_a_revocation, TAKEN),
    (admission, "_may_be_silent", silent_on_another_platform, "no platform changes silently"),
    (admission, "_owns_token", always, "a dead token opens nothing"),
    (admission, "_admit", a_new_token_each_time, "a live token opens"),
    (admission, "grant", a_grant_gives_more, MAY),
    (devices, "grant", a_grant_gives_more, MAY),
    (devices, "grant", a_grant_revives_what_was_revoked, MAY),
    (devices, "grant", a_grant_forgets, f"{MAY}|a live token opens"),
    (devices, "_refusal", own_sessions_keep_their_power, DECIDES),
    (devices, "_refusal", without_admin_anywhere, DECIDES),
    (scopes, "may_grant", always, "a caller grants only what it holds"),
    (tokens, "issue", tokens_for_everything, "no token beyond approval"),
    (tokens, "issue", the_old_token_lives_on, "no token comes twice"),
    (tokens, "check", any_token_opens, "a dead token opens nothing"),
    (Token, "is_revoked", property(never), f"{MAY}|a dead token opens nothing"),
    (PairedDevice, "is_revoked", never, MAY),
    (devices, "rotate", a_rotation_is_shown_to_all, "a token is shown to its device alone"),
    (devices, "rotate", a_rotation_widens, f"{MAY}|a rotation widens nothing"),
    (devices, "rotate", a_rotation_does_not_stick, MAY),
    (devices, "rotate", a_rotation_revives, "only what was given is rotated"),
    (devices, "rotate", sessions_outlive_a_rotation, OUTLIVES),
    (devices, "revoke", a_revocation_is_only_said, f"{MAY}|a dead token opens nothing"),
    (devices, "revoke", sessions_outlive_a_revocation, OUTLIVES),
    (devices, "remove", removal_keeps_the_request, ONE_REQUEST),
    (devices, "remove", sessions_outlive_a_removal, OUTLIVES),
]


@pytest.mark.parametrize(
    ("owner", "rule", "twin", "claim"),
    TWINS,
    ids=[f"{rule}-{getattr(twin, '__name__', 'never')}" for _, rule, twin, _ in TWINS],
)
def test_M_the_machine_finds_the_broken_twin(
    owner: object, rule: str, twin: Any, claim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, rule, twin)
    with pytest.raises(AssertionError) as found:
        run_state_machine_as_test(DevicesMachine, settings=UNTIL_FOUND)
    assert re.fullmatch(claim, str(found.value).splitlines()[0])
