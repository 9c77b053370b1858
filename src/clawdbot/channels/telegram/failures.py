"""What the Bot API's refusals and silences mean to the owner, and what he can do about them."""

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.telegram.api import Rejected
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.texts import add_command
from clawdbot.errors import (
    ChannelFailed,
    DeliveryFailed,
    DeliveryUnknown,
    RateLimited,
    RecipientRefused,
    TokenRefused,
)

_NEVER = ("chat not found", "user not found", "user is deactivated", "can't initiate conversation", "peer_id_invalid")
"""What Telegram says, with 400, about people who cannot be written to."""


def of_channel(error: ApiError, account: ChannelAccount) -> ChannelFailed:
    """Why messages do not arrive; a ChannelRefused if trying again will not help."""
    match error:
        case Rejected(code=401 | 404):
            return TokenRefused(
                "telegram does not accept this bot token",
                hint=f'copy the token from @BotFather and run "{add_command(account)}"',
            )
        case Rejected(code=429):
            return RateLimited(f"telegram asks us to wait: {error}")
        case Rejected(code=409) if "webhook" in error.description.lower():
            return ChannelFailed(
                f"a webhook receives the messages of {account}",
                hint="another program uses this bot's token; stop it, or give clawdbot a bot of its own",
            )
        case Rejected(code=409):
            return ChannelFailed(
                f"another program receives the messages of {account}",
                hint="two programs poll with this bot's token; stop one, or give clawdbot a bot of its own",
            )
        case _:
            return ChannelFailed(str(error), hint="check the network, and channels.telegram.apiBase if it is set")


def of_delivery(error: ApiError, whom: str) -> DeliveryFailed:
    """Why a message was not sent."""
    match error:
        case Rejected(code=403):
            return RecipientRefused(f"telegram user {whom} has blocked the bot, or never wrote to it")
        case Rejected(code=400) if any(each in error.description.lower() for each in _NEVER):
            return RecipientRefused(f"telegram knows no user {whom} that this bot can write to")
        case Rejected(code=429):
            return DeliveryFailed(f"telegram takes no message to {whom} now: too many were sent")
        case Unreachable(sent=True) | Rejected(code=500 | 502 | 503 | 504):
            return DeliveryUnknown(f"nobody knows whether telegram took a message to {whom}: {error}")
        case _:
            return DeliveryFailed(f"telegram did not take a message to {whom}: {error}")


def may_pass(error: ApiError) -> bool:
    """Whether Telegram certainly did not take a message, and may take it later."""
    match error:
        case Rejected():
            return error.code == 429
        case Unreachable():
            return not error.sent
        case _:
            return False


def wait_at_least(error: ApiError, conflict: float) -> float:
    """For how many seconds to leave Telegram alone.

    Args:
        conflict: after a second poller was met.
    """
    return conflict if isinstance(error, Rejected) and error.code == 409 else error.retry_after
