"""What imsg's errors mean, and what the owner does about them."""

import pytest

from clawdbot.channels.child import Ended, NoAnswer
from clawdbot.channels.imessage.failures import Rejected, of_connecting, of_ending, of_sending
from clawdbot.errors import ChannelFailed, ChannelRefused, DeliveryFailed, DeliveryUnknown, RecipientRefused
from tests.fakes.imsg_rpc import NO_ACCESS


def rejected(code: int, data: str = "", method: str = "chats.list") -> Rejected:
    return Rejected(method, {"code": code, "message": "Internal error", "data": data})


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        (rejected(-32603, NO_ACCESS), ChannelRefused, "Full Disk Access"),
        (rejected(-32603, "unable to open database file (code: 14)"), ChannelRefused, "Full Disk Access"),
        (rejected(-32601, "watch.subscribe"), ChannelRefused, "brew upgrade"),
        (rejected(-32603, "database is locked (code: 5)"), ChannelFailed, ""),
        (rejected(-32603, "disk I/O error"), ChannelFailed, "imsg rpc"),
        (Rejected("chats.list", "nonsense"), ChannelFailed, "imsg rpc"),
        (Rejected("chats.list", {"code": True}), ChannelFailed, "imsg rpc"),
    ],
)
def test_why_we_cannot_receive(error: Rejected, kind: type[ChannelFailed], hint: str) -> None:
    """What trying again cannot mend is refused, with where to click."""
    failure = of_connecting(error)
    assert type(failure) is kind
    assert hint in failure.hint


@pytest.mark.parametrize(
    ("returncode", "noise", "kind", "hint"),
    [
        (1, "Unknown command rpc\n", ChannelRefused, "brew upgrade"),
        (1, NO_ACCESS, ChannelRefused, "Full Disk Access"),
        (127, "zsh:1: command not found: imsg", ChannelRefused, "brew install"),
        (255, "ssh: connect to host mac port 22: No route to host", ChannelFailed, "imsg rpc"),
        (134, "", ChannelFailed, "imsg rpc"),
    ],
)
def test_why_it_ended(returncode: int, noise: str, kind: type[ChannelFailed], hint: str) -> None:
    """Old versions, and shells around it, tell it in words of their own."""
    failure = of_ending(ChannelFailed("imsg ended"), returncode, noise)
    assert type(failure) is kind
    assert hint in failure.hint


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoAnswer("imsg does not answer"), DeliveryUnknown),
        (Ended("imsg has ended"), DeliveryUnknown),
        (rejected(-32602, "unknown chat_id 7"), RecipientRefused),
        (rejected(-32603, "AppleScript failed: AppleEvent timed out. (-1712)"), DeliveryUnknown),
        (
            rejected(-32603, "AppleScript failed: Not authorized to send Apple events to Messages. (-1743)"),
            DeliveryFailed,
        ),
        (rejected(-32603, "AppleScript failed: Can’t get buddy id"), DeliveryFailed),
    ],
)
def test_why_a_message_was_not_sent(error: Rejected | ChannelFailed, kind: type[DeliveryFailed]) -> None:
    """Only what was certainly not sent may be sent again."""
    assert type(of_sending(error, "chat_id:7")) is kind


def test_where_to_allow_sending() -> None:
    assert "Automation" in of_sending(rejected(-32603, "(-1743)"), "chat_id:7").hint


def test_S7_details_are_not_shown() -> None:
    """They may quote what was to be sent."""
    error = rejected(-32603, "cannot send open sesame", "send")
    for shown in (error, of_connecting(error), of_sending(error, "chat_id:7")):
        assert "sesame" not in str(shown)
