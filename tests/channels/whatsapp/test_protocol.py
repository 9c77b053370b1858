import json

import pytest

from clawdbot.channels.whatsapp import protocol
from clawdbot.channels.whatsapp.protocol import Answer, Close, Connected, Handed, Mode, Open, Outcome, Send, Took


def test_commands_read_as_they_are_written_down() -> None:
    """As docs/whatsapp-bridge.md spells them."""
    assert Open(1, Mode.RUN, "/s").line() == {"cmd": "open", "version": 1, "mode": "run", "session": "/s"}
    assert Open(1, Mode.LOGIN, "/s", "+1555").line()["phone"] == "+1555"
    assert Send(7, "1@lid", "hi").line() == {"cmd": "send", "id": 7, "to": "1@lid", "text": "hi"}
    assert Took(3).line() == {"cmd": "took", "n": 3}
    assert Close().line() == {"cmd": "close"}


@pytest.mark.parametrize("command", [Open(1, Mode.LOOK, "/s"), Send(7, "1@lid", "hi"), Took(3), Close()])
def test_a_bridge_reads_what_we_write(command: protocol.AnyCommand) -> None:
    assert protocol.command(json.dumps(command.line())) == command


@pytest.mark.parametrize(
    "line", [b"", b"\xff", b"[" * 100_000, b'{"cmd":"dance"}', b'{"cmd":"took"}', b'{"cmd":"took","n":true}']
)
def test_what_is_no_command_is_passed_over(line: bytes) -> None:
    assert protocol.command(line) is None


def test_events_are_told_apart_by_their_name() -> None:
    assert protocol.event({"ev": "connected", "jid": "1@s.whatsapp.net"}) == Connected("1@s.whatsapp.net")
    assert protocol.event({"ev": "message", "n": 1, "message": {"odd": [1]}}) == Handed(1, {"odd": [1]})
    assert protocol.event({"ev": "banned", "until": 5, "more": 1}) == protocol.Banned(until=5)


@pytest.mark.parametrize("until", [0, -1, 10**15, 1.5, True, "5"])
def test_S8_a_time_is_a_time(until: object) -> None:
    assert protocol.event({"ev": "banned", "until": until}) is None


@pytest.mark.parametrize("line", [{}, {"ev": 5}, {"ev": "hologram"}, {"ev": "message", "n": "1", "message": {}}])
def test_what_is_no_event_is_passed_over(line: dict[str, object]) -> None:
    assert protocol.event(line) is None


def test_an_answer_that_cannot_be_read_means_that_nobody_knows() -> None:
    """Then nothing is sent twice."""
    assert protocol.answer({"id": 1, "outcome": "sent", "messageId": "A"}) == Answer(1, Outcome.SENT, "A")
    assert protocol.answer({"id": 1, "ok": True}).outcome is Outcome.UNKNOWN
    assert protocol.answer({"id": 1, "outcome": "maybe"}).outcome is Outcome.UNKNOWN
