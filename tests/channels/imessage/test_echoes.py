"""Our own messages on their way back."""

import pytest

from clawdbot.channels.imessage.echoes import Echoes
from clawdbot.domain.texts import APPROVED

CHAT = "chat_id:1"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_was_sent_comes_back_once() -> None:
    """The same words a second time are the other's."""
    echoes = Echoes()
    echoes.sending(CHAT, "yes")
    assert [echoes.absorb({CHAT}, "yes", "") for _ in range(2)] == [True, False]


def test_what_was_sent_twice_comes_back_twice() -> None:
    echoes = Echoes()
    echoes.sending(CHAT, "yes")
    echoes.sending(CHAT, "yes")
    assert [echoes.absorb({CHAT}, "yes", "") for _ in range(3)] == [True, True, False]


def test_another_text_or_another_chat_is_no_echo() -> None:
    echoes = Echoes()
    echoes.sending(CHAT, "yes")
    assert not echoes.absorb({CHAT}, "no", "")
    assert not echoes.absorb({"chat_id:2", "+15551234567"}, "yes", "")


def test_a_message_to_a_person_comes_back_in_his_chat() -> None:
    """The chat's number may not be known when it is sent."""
    echoes = Echoes()
    echoes.sending("+15551234567", "yes")
    assert echoes.absorb({CHAT, "+15551234567"}, "yes", "")


@pytest.mark.parametrize("returned", ["grüß  dich\n", "gru\u0308ß dich", " grüß dich"])
def test_messages_may_compose_anew_and_trim(returned: str) -> None:
    echoes = Echoes()
    echoes.sending(CHAT, "grüß dich")
    assert echoes.absorb({CHAT}, returned, "")


def test_a_guid_tells_whatever_became_of_the_text() -> None:
    echoes = Echoes()
    echoes.sending(CHAT, "yes").guid = "F00D"
    assert echoes.absorb({CHAT}, "Yes…", "F00D")


def test_rows_without_a_guid_are_not_taken_for_one_another() -> None:
    echoes = Echoes()
    echoes.sending(CHAT, "yes")
    assert not echoes.absorb({CHAT}, "no", "")


def test_what_was_not_sent_does_not_come_back() -> None:
    echoes = Echoes()
    echoes.not_sent(echoes.sending(CHAT, "yes"))
    assert not echoes.absorb({CHAT}, "yes", "")


def test_after_a_while_nothing_comes_back_any_more() -> None:
    clock = Clock()
    echoes = Echoes(keep_s=120, clock=clock)
    echoes.sending(CHAT, "yes")
    clock.now += 121
    assert not echoes.absorb({CHAT}, "yes", "")


def test_no_more_are_remembered_than_may() -> None:
    echoes = Echoes(most=3)
    for number in range(5):
        echoes.sending(CHAT, f"{number}")
    assert [echoes.absorb({CHAT}, f"{number}", "") for number in range(5)] == [False, False, True, True, True]


def test_the_notice_of_an_approval_is_ours_whoever_sent_it() -> None:
    """The command line sends it, in a process of its own."""
    assert Echoes().absorb({CHAT}, APPROVED, "")
