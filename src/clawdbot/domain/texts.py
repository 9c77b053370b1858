"""What the bot says to people, and how text from outside is made fit to be shown."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.names import DEFAULT_ACCOUNT, Channel, ChannelAccount

APPROVED = "✅ Clawdbot access approved. Send a message to start chatting."
NO_ANSWER = "Sorry, I could not answer that just now. Please try again later."


class ReplyMode(StrEnum):
    """How much a stranger is told."""

    FULL = "full"
    CODE = "code"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class ReplyPolicy:
    """What a stranger is answered on an account.

    Attributes:
        text: the owner's own words for ours, with :data:`CODE_PLACE` in them; they count in mode ``full``.
    """

    mode: ReplyMode = ReplyMode.FULL
    text: str | None = None


CODE_PLACE = "{code}"
ID_PLACE = "{id}"
MAX_LABEL = 64
MAX_REPLY = 1_000
"""One message on each platform."""


def pairing_reply(
    channel: Channel, id_line: str, code: PairingCode, sender: str = "", policy: ReplyPolicy = ReplyPolicy()
) -> str:
    """The one reply that an unknown sender gets, or nothing at all. Only for the sender: it holds the code.

    By itself the code is a message of its own, which is copied with one touch.
    """
    if policy.mode is ReplyMode.SILENT:
        return ""
    if policy.mode is ReplyMode.CODE:
        return code.reveal()
    if policy.text is not None:
        places = {CODE_PLACE: code.reveal(), ID_PLACE: sender}
        return _PLACES.sub(lambda found: places[found[0]], policy.text)
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


_PLACES = re.compile(f"{re.escape(CODE_PLACE)}|{re.escape(ID_PLACE)}")


def add_command(account: ChannelAccount) -> str:
    """What the owner types to give an account its token, or another one."""
    named = "" if account.account == DEFAULT_ACCOUNT else f" --account {account.account}"
    return f"clawdbot channels add {account.channel}{named}"


def login_command(account: ChannelAccount) -> str:
    """What the owner types to link an account that has no token."""
    return add_command(account).replace(" add ", " login ", 1)


def read_label(text: str) -> str:
    """What the owner calls somebody, as it is kept. Raises ValueError if it is too long, or shows not only itself."""
    words = " ".join(text.split())
    if len(words) > MAX_LABEL:
        raise ValueError(f"more than {MAX_LABEL} characters")
    if not all(map(is_inert, words)):
        raise ValueError("it holds characters that are not shown")
    return words


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
