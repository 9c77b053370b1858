"""What there is to tell is collected within bounds, and counted right."""

from clawdbot.domain import notices
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import Channel, ChannelAccount, DeviceId, SenderId
from clawdbot.domain.references import Ends
from clawdbot.domain.senders import Request
from clawdbot.gateway.notes import MOST_NOTED, MOST_WARNINGS, Notes

TELEGRAM = ChannelAccount(Channel.TELEGRAM)
ENDS = Ends(TELEGRAM, SenderId("1"), 10)


def test_each_is_noted_once_and_requests_are_counted() -> None:
    """Whose approval ends did not ask, and is not missed when he does not wait."""
    notes = Notes()
    for noted in (ENDS, (TELEGRAM, SenderId("7")), DeviceId("d"), ENDS, (TELEGRAM, SenderId("7"))):
        notes.note(noted)
    assert len(notes.noted) == 3
    assert notes.ends == [ENDS]
    assert notes.gone([]) == 2
    waits = notices.sender(TELEGRAM, Request(SenderId("7"), PairingCode("ABCDEFGH"), 0, 0))
    assert notes.gone([waits]) == 1


def test_however_much_comes_it_stays_small() -> None:
    """What is too much is counted, if nobody looks for it again."""
    notes = Notes()
    for number in range(MOST_NOTED + 50):
        notes.note((TELEGRAM, SenderId(str(number))))
        notes.warn("somebody tried")
    notes.note(ENDS)
    notes.note((TELEGRAM, SenderId("0")))
    assert len(notes.noted) == MOST_NOTED
    assert len(notes.warnings) == MOST_WARNINGS
    assert notes.gone([]) == MOST_NOTED + 50
