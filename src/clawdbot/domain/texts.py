"""What the bot says to people, and how text from outside is made fit to be shown."""

import unicodedata

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount

APPROVED = "✅ Clawdbot access approved. Send a message to start chatting."
NO_ANSWER = "Sorry, I could not answer that just now. Please try again later."


def pairing_reply(channel: Channel, id_line: str, code: PairingCode) -> str:
    """The one reply that an unknown sender gets. Only for the sender: it holds the code."""
    return "\n".join(
        [
            "Clawdbot: access not configured.",
            "",
            id_line,
            "",
            f"Pairing code: {code.reveal()}",
            "",
            "Ask the bot owner to approve with:",
            f"clawdbot pairing approve {channel} <code>",
        ]
    )


def add_command(account: ChannelAccount) -> str:
    """What the owner types to give an account its token, or another one."""
    named = "" if account.account == DEFAULT_ACCOUNT else f" --account {account.account}"
    return f"clawdbot channels add {account.channel}{named}"


def visible(text: str, limit: int = 64) -> str:
    """Text from outside, inert for a terminal or a log: nothing that moves a cursor, reorders or hides (threats.md S7).

    Control, format (bidi, zero width), surrogate, private and unassigned characters become ``\\x1b`` or ``\\u202e``
    escapes; what is longer than ``limit`` characters is cut with an ellipsis.
    """
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(character if is_inert(character) else _escape(character) for character in cut)


def is_inert(character: str) -> bool:
    """Whether a character only ever shows itself."""
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp")


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
