"""What the node host does next: one request, one line about it, and an end when it is not wanted."""

import pytest

from clawdbot.client import refusals
from clawdbot.client.refusals import NO_WORDS
from clawdbot.client.transport import Closed
from clawdbot.errors import ClawdbotError, ConnectRefused, GatewayUnavailable, NoGateway
from clawdbot.node import journey
from clawdbot.node.journey import MOST_WAIT_S, REQUEST_S, Again, Journey, Request, Step, Stop
from clawdbot.wire.frames import Error


def refused(code: str, message: str, **more: object) -> ConnectRefused:
    """A refusal, as the client reads it off a frame."""
    retry = more.pop("retryAfterMs", None)
    error = Error(code, message, more) if retry is None else Error(code, message, more, retry_after_ms=int(str(retry)))
    return refusals.of_connect(error)


def pairing(request: str) -> ConnectRefused:
    return refused("NOT_PAIRED", "pairing required", requestId=request)


WRONG = refused("INVALID_REQUEST", "unauthorized: gateway token mismatch (provide gateway auth token)")


def delay(failures: int) -> float:
    return float(failures)


def turned_away(state: Journey, error: ConnectRefused, now: float = 0.0) -> Step:
    return journey.turned_away(state, error, now=now, delay=delay)


def again(step: Step) -> Again:
    assert isinstance(step, Again), step
    return step


def stopped(step: Step) -> ClawdbotError:
    assert isinstance(step, Stop), step
    return step.error


def test_the_owner_is_told_what_to_type() -> None:
    """Once: retries of the same request say nothing."""
    first = again(turned_away(Journey(), pairing("r1")))
    assert first.lines == ("waiting for approval", NO_WORDS, "on the gateway's machine: clawdbot devices approve r1")
    second = again(turned_away(first.journey, pairing("r1"), 5))
    assert second.lines == ()
    assert second.journey.request == Request("r1", 0)


def test_G19_the_words_to_compare_come_before_what_to_type() -> None:
    """Once as well; but other words for the same request are told of: somebody else answers there now."""
    first = pairing("r1")
    first.check_words = "a b c"
    step = again(turned_away(Journey(), first))
    compare = 'check words, which "clawdbot devices list" must show, too: '
    assert step.lines == (
        "waiting for approval",
        f"{compare}a b c",
        "on the gateway's machine: clawdbot devices approve r1",
    )
    assert again(turned_away(step.journey, first)).lines == ()
    other = pairing("r1")
    other.check_words = "d e f"
    assert again(turned_away(step.journey, other)).lines[1] == f"{compare}d e f"
    assert again(turned_away(step.journey, pairing("r1"))).lines[1] == NO_WORDS


def test_G5_retries_keep_the_request_alive() -> None:
    """However long it takes, the next try is long before the request would end."""
    state, now = Journey(), 0.0
    for _ in range(100):
        step = again(journey.turned_away(state, pairing("r1"), now=now, delay=lambda failures: 2.0**failures))
        assert step.wait <= MOST_WAIT_S < REQUEST_S / 10
        state, now = step.journey, now + step.wait


def test_a_request_that_ended_by_itself_is_replaced() -> None:
    """A gateway that does not renew it makes a new one after its five minutes; the owner is told the new command."""
    state = again(turned_away(Journey(), pairing("r1"))).journey
    step = again(turned_away(state, pairing("r2"), REQUEST_S))
    assert step.lines[-1].endswith("approve r2")
    assert step.journey.request == Request("r2", REQUEST_S)


def test_a_rejection_ends_it() -> None:
    """A request that is gone before its time was rejected: a node does not go on asking."""
    state = again(turned_away(Journey(), pairing("r1"))).journey
    error = stopped(turned_away(state, pairing("r2"), 60))
    assert "rejected" in error.message
    assert error.exit_code == 1


def test_the_queue_is_full() -> None:
    """It waits for room."""
    step = again(turned_away(Journey(), refused("NOT_PAIRED", "pairing required")))
    assert step.lines == (
        "pairing required: other requests come first; on the gateway's machine: clawdbot devices list",
    )
    assert again(turned_away(step.journey, refused("NOT_PAIRED", "pairing required"))).lines == ()


def test_S7_a_request_id_is_not_a_command() -> None:
    """What cannot be an id is not offered to be typed."""
    step = again(turned_away(Journey(), pairing("x; rm -rf /")))
    assert "rm" not in " ".join(step.lines)


@pytest.mark.parametrize("error", [WRONG, pairing("r9"), refused("NOT_PAIRED", "device identity required")])
def test_access_that_was_taken_away_ends_it(error: ConnectRefused) -> None:
    """Revoked or removed: the node host says so, and how it comes back."""
    state = journey.lost(Closed(1008, "device access changed"), delay=delay).journey
    told = stopped(turned_away(state, error))
    assert told.message == "the gateway took this node's access away"
    assert told.exit_code == 1
    assert "start it" in told.hint


def test_a_wrong_secret_is_not_tried_again() -> None:
    """It would only lock this address out (threats.md G11)."""
    error = stopped(turned_away(Journey(), WRONG))
    assert error.message.startswith("unauthorized: gateway token mismatch")
    assert "--token" in error.hint


@pytest.mark.parametrize(
    "error",
    [
        refused("INVALID_REQUEST", "protocol mismatch", expectedProtocol=4),
        refused("INVALID_REQUEST", "device identity mismatch"),
        refused("INVALID_REQUEST", "invalid connect params: at /client/id: must be equal to constant"),
        refused("NOT_PAIRED", "device identity required"),
    ],
)
def test_what_will_not_get_better_ends_it(error: ConnectRefused) -> None:
    """With the gateway's own words."""
    assert stopped(turned_away(Journey(), error)).message == error.message


def test_a_locked_address_waits_as_long_as_it_is_told() -> None:
    """Also if the node was in before."""
    error = refused("UNAVAILABLE", "unauthorized: too many failed attempts", retryAfterMs=90_000)
    assert again(turned_away(Journey(was_in=True), error)).wait == 90


def test_S6_a_clock_that_is_not_set_yet_is_waited_for() -> None:
    """A box without a battery starts in 1970, and gets the time a minute later."""
    step = again(turned_away(Journey(), refused("INVALID_REQUEST", "device signature expired")))
    assert "clock" in step.lines[0]


def test_a_gateway_that_is_not_there_is_waited_for() -> None:
    """Longer and longer, and told once."""
    first = again(journey.not_reached(Journey(), NoGateway("no gateway listens at ws://h:1"), delay=delay))
    second = again(journey.not_reached(first.journey, NoGateway("no gateway listens at ws://h:1"), delay=delay))
    assert first.lines == ("no gateway listens at ws://h:1; trying again",)
    assert second.lines == ()
    assert (first.wait, second.wait) == (1, 2)


def test_a_hint_is_told() -> None:
    """A certificate that changed, say."""
    error = GatewayUnavailable("another certificate", hint="ask its owner")
    step = again(journey.not_reached(Journey(), error, delay=delay))
    assert step.lines == ("another certificate; trying again", "ask its owner")


def test_a_lost_connection_is_made_again() -> None:
    """Soon, and from the beginning of the delays; a request of before is forgotten."""
    step = journey.lost(Closed(1012, "service restart"), delay=delay)
    assert step == Again(step.journey, 1, ("connection to the gateway lost (1012: service restart); trying again",))
    assert step.journey.was_in
    assert step.journey.request is None


def test_an_outage_does_not_lose_the_request() -> None:
    """The gateway restarts while the node waits: the request is the same, and its command is told again."""
    waiting = again(turned_away(Journey(), pairing("r1"))).journey
    away = again(journey.not_reached(waiting, NoGateway("no gateway"), delay=delay)).journey
    back = again(turned_away(away, pairing("r1"), 30))
    assert back.journey.request == Request("r1", 0)
    assert back.lines[-1].endswith("approve r1")


@pytest.mark.parametrize("error", [WRONG, pairing("r1"), refused("NOT_PAIRED", "pairing required")])
def test_a_setup_code_that_is_not_taken_ends_it(error: ConnectRefused) -> None:
    """It is not tried again, and nobody's approval is waited for: who pasted it is there, and makes another."""
    told = stopped(turned_away(Journey(by_code=True), error))
    assert told.message == "the gateway does not take this setup code"
    assert told.exit_code == 1
    assert "clawdbot qr" in told.hint


def test_where_a_setup_code_leads_there_must_be_its_gateway() -> None:
    """Nobody there, or another certificate: the same moment, with the same exit code as any command."""
    error = GatewayUnavailable("another certificate", hint="ask its owner")
    assert stopped(journey.not_reached(Journey(by_code=True), error, delay=delay)) is error


def test_a_setup_code_that_was_not_looked_at_is_tried_again() -> None:
    """The gateway says when; once it was taken, it is forgotten."""
    error = refused("UNAVAILABLE", "unauthorized: too many failed attempts", retryAfterMs=90_000)
    step = again(turned_away(Journey(by_code=True), error))
    assert (step.wait, step.journey.by_code) == (90, True)
    assert not journey.lost(Closed(1012, "service restart"), delay=delay).journey.by_code
