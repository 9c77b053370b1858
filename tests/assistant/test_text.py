"""Text on its way to and from an assistant."""

import pytest

from clawdbot.assistant.text import MAX_REPLY_BYTES, as_reply, clean
from clawdbot.errors import AssistantFailed


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("héllo 😀", "héllo 😀"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a�b"),
        ("\udc00", "�"),
    ],
)
def test_S8_a_lone_surrogate_becomes_a_replacement_character(text: str, cleaned: str) -> None:
    """Halves of a pair are joined, lone halves replaced, everything else stays."""
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("yes\n", "yes"),
        ("yes\r\n\n", "yes"),
        ("  two\nlines  \n", "  two\nlines  "),
        ("", ""),
        (" \n\t\n", ""),
    ],
)
def test_a_reply_loses_its_trailing_line_ends_and_blank_is_silence(text: str, reply: str) -> None:
    """Programs end their output with a newline; chat platforms refuse blank messages."""
    assert as_reply(text) == reply


def test_a_reply_is_bounded_in_bytes() -> None:
    """The limit counts UTF-8: a reply at the limit passes, one byte more does not."""
    longest = "é" * (MAX_REPLY_BYTES // 2)
    assert as_reply(longest) == longest
    with pytest.raises(AssistantFailed, match="more than 256 KiB"):
        as_reply(longest + "!")
