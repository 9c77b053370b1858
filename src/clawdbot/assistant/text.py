"""Text on its way to and from an assistant."""

from clawdbot.errors import AssistantFailed

MAX_REPLY_BYTES = 256 * 1024
"""A reply is a chat message, not a file: what is longer, in UTF-8, is a failure."""


def clean(text: str) -> str:
    """Text that UTF-8 can hold: halves of a surrogate pair are joined, a lone half becomes ``�`` (threats.md S8)."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_reply(text: str) -> str:
    """What an assistant returned, as the reply to send: without trailing line ends; blank means silence.

    It stays text, whatever it says: nothing here or behind here reads it (threats.md D14).

    Raises:
        AssistantFailed: it is too long.
    """
    reply = clean(text).rstrip("\r\n")
    if len(reply.encode()) > MAX_REPLY_BYTES:
        raise too_long()
    return reply if reply.strip() else ""


def too_long() -> AssistantFailed:
    return AssistantFailed(f"the assistant answered with more than {MAX_REPLY_BYTES // 1024} KiB")
