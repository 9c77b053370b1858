"""Why a gateway said no: inert text, and the next thing to type."""

import base64

import pytest

from clawdbot.client import refusals
from clawdbot.domain.check_words import check_words
from clawdbot.wire.frames import Error
from tests.support.devices import identity


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            Error("NOT_PAIRED", "pairing required", {"requestId": "9290214a-7317-4f39-8513-04175f277064"}),
            "on the gateway's machine: clawdbot devices approve 9290214a-7317-4f39-8513-04175f277064",
        ),
        (
            Error("NOT_PAIRED", "pairing required"),
            "other requests come first; on the gateway's machine: clawdbot devices list",
        ),
        (
            Error("INVALID_REQUEST", "gateway auth required behind reverse proxy"),
            "on the gateway's machine: set gateway.auth.token in clawdbot.json",
        ),
        (Error("INVALID_REQUEST", "device signature expired"), "set this machine's clock, or the gateway's"),
        (Error("UNAVAILABLE", "unauthorized: too many failed attempts", retry_after_ms=300_000), "try again in 300 s"),
        (Error("INVALID_REQUEST", "unauthorized: gateway token mismatch (…)"), ""),
    ],
    ids=lambda value: value.message if isinstance(value, Error) else "",
)
def test_a_refused_client_is_told_what_to_do(error: Error, hint: str) -> None:
    """Each refusal of the protocol with its hint."""
    assert refusals.of_connect(error).hint == hint


@pytest.mark.parametrize("request_id", ["x; rm -rf ~", "`id`", "$(id)", "a b", "", "\u202ex", "x" * 65, "-\n"])
def test_S7_a_request_id_that_is_a_command_is_not_offered_for_typing(request_id: str) -> None:
    """What an owner pastes into a shell must not come from a stranger's gateway."""
    refused = refusals.of_connect(Error("NOT_PAIRED", "pairing required", {"requestId": request_id}))
    assert refused.hint == "on the gateway's machine: clawdbot devices list"
    assert refused.request_id == request_id


def test_S7_messages_are_inert_and_bounded() -> None:
    """A gateway cannot write over the terminal, nor fill it."""
    refused = refusals.of_call(Error("X", "\x1b]0;owned\x07" + "a" * 1000))
    assert refused.message.startswith("\\x1b]0;owned\\x07")
    assert len(refused.message) < 600


@pytest.mark.parametrize(
    ("code", "message", "is_so"),
    [
        ("INVALID_REQUEST", "unauthorized: gateway token mismatch (provide gateway auth token)", True),
        ("INVALID_REQUEST", "unauthorized: gateway password missing (…)", True),
        ("UNAVAILABLE", "unauthorized: too many failed attempts", False),
        ("NOT_PAIRED", "pairing required", False),
        ("INVALID_REQUEST", "device nonce mismatch", False),
    ],
)
def test_whether_other_credentials_may_help(code: str, message: str, is_so: bool) -> None:
    """Only if these were looked at, and were not right."""
    assert refusals.of_connect(Error(code, message)).is_unauthorized is is_so


@pytest.mark.parametrize("details", [None, [], "requestId", {"requestId": 5}, {}])
def test_details_may_be_anything(details: object) -> None:
    """There is a request id, or there is none."""
    assert refusals.of_connect(Error("NOT_PAIRED", "pairing required", details)).request_id is None


STANDARD: object = base64.b64encode(identity(2).public_key.raw).decode()
"""The same key in another spelling."""


def test_G19_check_words_come_of_the_own_key_and_the_one_that_was_told() -> None:
    """As long as a request waits; what to type is the same with them and without."""
    own, told = identity(1).public_key, identity(2).public_key
    details = {"requestId": "r", "gatewayKey": str(told)}
    refused = refusals.of_connect(Error("NOT_PAIRED", "pairing required", details), own)
    assert refused.check_words == check_words(own, told)
    assert refusals.to_compare(refused).endswith(f": {check_words(own, told)}")
    assert refused.hint == "on the gateway's machine: clawdbot devices approve r"
    assert refusals.of_connect(Error("NOT_PAIRED", "pairing required", details)).check_words == ""


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("NOT_PAIRED", {"gatewayKey": str(identity(2).public_key)}),
        ("INVALID_REQUEST", {"requestId": "r", "gatewayKey": str(identity(2).public_key)}),
    ],
    ids=str,
)
def test_G19_where_nothing_waits_nothing_is_compared(code: str, details: object) -> None:
    """No request, no words, and nothing about them."""
    refused = refusals.of_connect(Error(code, "pairing required", details), identity(1).public_key)
    assert refused.check_words == refusals.to_compare(refused) == ""


@pytest.mark.parametrize(
    "more",
    [
        {},
        *(
            {"gatewayKey": key}
            for key in (None, 5, [], "", "A" * 43, "A" * 10_000, "\ud800", STANDARD, identity(2).public_key.pem)
        ),
    ],
    ids=str,
)
def test_G19_without_a_sound_key_the_device_says_so(more: dict[str, object]) -> None:
    """Missing, of a wrong kind, of low order, spelt otherwise: no words are made of it, and that is not passed over."""
    refused = refusals.of_connect(
        Error("NOT_PAIRED", "pairing required", {"requestId": "r", **more}), identity(1).public_key
    )
    assert refused.check_words == ""
    assert refusals.to_compare(refused) == refusals.NO_WORDS
    assert refused.hint == "on the gateway's machine: clawdbot devices approve r"


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("missing scope: operator.pairing", "this device may not do that"),
        ("unknown method: x", "of a version that does not do that"),
        ("unknown requestId", "devices list"),
        ("node not connected", "nodes status"),
        ("node invoke timed out", "--invoke-timeout"),
        ("SYSTEM_RUN_DISABLED: security=deny", "clawdbot node allow PROGRAM"),
        ("SYSTEM_RUN_DENIED: allowlist miss", "clawdbot node allow PROGRAM"),
        ("unknown pairing code", "dm.pair.list"),
    ],
)
def test_a_refused_call_is_told_what_to_do(message: str, hint: str) -> None:
    """Where there is something to do."""
    assert hint in refusals.of_call(Error("INVALID_REQUEST", message)).hint
    assert refusals.of_call(Error("INVALID_REQUEST", "no")).hint == ""
