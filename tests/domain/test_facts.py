"""Who decided, and where."""

from dataclasses import fields

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface, by_device, sender_came, sender_decided, surface_of
from clawdbot.domain.names import Channel, ChannelAccount, SenderId

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


def test_the_surface_follows_from_who_decided() -> None:
    """The owner's terminal, a device at the gateway, an owner in a chat."""
    assert surface_of("terminal") is Surface.TERMINAL
    assert surface_of(by_device("0123456789abcdef" * 4)) is Surface.GATEWAY
    assert surface_of("telegram:7") is Surface.CHAT
    assert by_device("0123456789abcdef" * 4) == "device 0123456789ab"


def test_a_decision_and_a_visit_name_the_sender() -> None:
    """The first has somebody who decided."""
    sender = SenderId("7")
    decided = sender_decided(Kind.REVOKED, TELEGRAM, sender, by="terminal", at=5)
    assert decided == Fact(5, Kind.REVOKED, Surface.TERMINAL, Subject(Of.SENDER, sender, TELEGRAM), by="terminal")
    came = sender_came(Kind.REFUSED, TELEGRAM, sender, at=5, why="the sender is blocked")
    assert (came.surface, came.by, came.why) == (Surface.CHAT, "", "the sender is blocked")


def test_S7_a_fact_has_no_place_for_a_code_a_token_or_a_text() -> None:
    """These are all its fields."""
    assert {field.name for field in fields(Fact)} == {
        *("at", "kind", "surface", "about", "by", "why", "address", "times")
    }
