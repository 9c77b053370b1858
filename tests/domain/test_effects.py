"""What decisions hand back keeps its secrets."""

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.effects import AnnounceRequest, Change, SendCode
from clawdbot.domain.names import SenderId


def test_S7_a_code_to_be_sent_does_not_print() -> None:
    assert "JHVGNPZU" not in repr(Change(None, None, (SendCode(SenderId("1"), PairingCode("JHVGNPZU")),)))


def test_S7_an_announcement_has_no_room_for_a_code() -> None:
    assert AnnounceRequest.__slots__ == ("sender",)


def test_a_change_asks_for_nothing_unless_told() -> None:
    assert Change("state", "answer").effects == ()
