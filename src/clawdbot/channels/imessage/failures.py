"""What the errors of ``imsg`` mean, and where the owner clicks.

Their details come from macOS and may quote what was to be sent: they are searched for known words, and never shown
(threats.md S7).
"""

from clawdbot.channels.child import NoAnswer
from clawdbot.errors import ChannelFailed, ChannelRefused, DeliveryFailed, DeliveryUnknown, RecipientRefused

INSTALL = (
    "on the Mac, run: brew install steipete/tap/imsg; if it is there, set channels.imessage.cliPath to its full path"
)
UPDATE = "on the Mac, run: brew upgrade imsg"
FULL_DISK_ACCESS = (
    "on the Mac, open System Settings > Privacy & Security > Full Disk Access, switch on the program that starts the "
    "gateway (Terminal, iTerm; sshd-keygen-wrapper for ssh), and start that program anew"
)
AUTOMATION = (
    "on the Mac, open System Settings > Privacy & Security > Automation, and let the program that starts the gateway "
    "control Messages"
)
BY_HAND = "run it by hand to see why: imsg rpc"

_METHOD_NOT_FOUND, _INVALID_PARAMS = -32601, -32602
_SHELL_FOUND_NOTHING = 127

_DENIED = ("full disk access", "permission error", "authorization denied", "not permitted", "unable to open database")
_BUSY = ("locked", "busy")
_UNSURE = ("-1712", "timed out", "timeout")
_UNAUTHORIZED = ("-1743", "not authorized", "not authorised")


class Rejected(Exception):
    """imsg answered with an error.

    Attributes:
        code: as JSON-RPC has it; 0 if it has none.
        detail: why, in lower case; for nobody to see.
    """

    def __init__(self, method: str, error: object) -> None:
        fields = error if isinstance(error, dict) else {}
        code = fields.get("code")
        self.code = code if type(code) is int else 0
        self.detail = f"{fields.get('message')} {fields.get('data')}".lower()
        super().__init__(f"imsg answered {self.code} to {method}")


def of_connecting(error: Rejected) -> ChannelFailed:
    """Why we cannot receive. Without access to the database, every request is rejected alike."""
    if error.code == _METHOD_NOT_FOUND:
        return _too_old()
    if _any(_DENIED, error.detail):
        return _no_access()
    if _any(_BUSY, error.detail):
        return ChannelFailed("the Messages database is busy")
    return ChannelFailed(str(error), hint=BY_HAND)


def of_ending(ended: ChannelFailed, returncode: int | None, noise: str) -> ChannelFailed:
    """Why imsg ended, or what runs it on another machine. Old versions tell it as text.

    Args:
        ended: how it ended.
        noise: the end of what it wrote beside JSON.
    """
    said = noise.lower()
    if "unknown command" in said:
        return _too_old()
    if _any(_DENIED, said):
        return _no_access()
    if returncode == _SHELL_FOUND_NOTHING:
        return ChannelRefused("there is no program imsg on the Mac", hint=INSTALL)
    return ChannelFailed(ended.message, hint=BY_HAND)


def of_sending(error: Rejected | ChannelFailed, who: str) -> DeliveryFailed:
    """Why a message was not sent.

    Args:
        who: the person or conversation that it was for.
    """
    match error:
        case NoAnswer():
            return DeliveryUnknown(f"nobody knows whether Messages took a message to {who}: {error}")
        case ChannelFailed():
            return DeliveryUnknown(f"nobody knows whether Messages took a message to {who}: {error}", hint=error.hint)
        case Rejected(code=code) if code == _INVALID_PARAMS:
            return RecipientRefused(f"Messages knows no {who}")
        case Rejected() if _any(_UNAUTHORIZED, error.detail):
            return DeliveryFailed("imsg may not control Messages", hint=AUTOMATION)
        case Rejected() if _any(_UNSURE, error.detail):
            return DeliveryUnknown(f"nobody knows whether Messages took a message to {who}: it did not answer imsg")
        case _:
            return DeliveryFailed(f"Messages did not take a message to {who}: {error}")


def _no_access() -> ChannelRefused:
    return ChannelRefused("imsg may not read the Messages database", hint=FULL_DISK_ACCESS)


def _too_old() -> ChannelRefused:
    return ChannelRefused("this imsg is too old: it knows no rpc", hint=UPDATE)


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)
