"""What Discord's refusals and silences mean to the owner, and what he can do about them."""

from clawdbot.channels.discord.api import Rejected
from clawdbot.channels.discord.gateway import Closed
from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.texts import add_command
from clawdbot.errors import (
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    RateLimited,
    RecipientRefused,
    TokenRefused,
)

_PORTAL = "https://discord.com/developers/applications"

_SERVER = (500, 502, 503, 504, 524)
"""What Discord's servers, and the ones in front of them, answer when they fail."""

_NEVER = {
    10003,  # unknown channel
    10013,  # unknown user
    50001,  # missing access
    50007,  # cannot send messages to this user
    50033,  # invalid recipient
    50278,  # no mutual servers
}
"""Discord's codes for people who cannot be written to."""


def of_channel(error: ApiError, account: ChannelAccount) -> ChannelFailed:
    """Why messages do not arrive; a ChannelRefused if trying again will not help."""
    match error:
        case Rejected(status=401) | Closed(code=4004):
            return TokenRefused(
                "discord does not accept this bot token",
                hint=f'reset the token at {_PORTAL}, under "Bot", and run "{add_command(account)}"',
            )
        case Closed(code=4013 | 4014):
            return ChannelRefused(
                "discord does not let this bot receive direct messages",
                hint=f'open the bot at {_PORTAL}, under "Bot" switch on "Message Content Intent", and restart',
            )
        case Closed(code=4010 | 4011):
            return ChannelRefused(
                "this bot is in too many servers for one gateway", hint="give clawdbot a bot of its own"
            )
        case Closed(code=4012):
            return ChannelRefused(
                "discord no longer speaks with this version", hint='run: pip install --upgrade "discord.py>=2.7.1,<3"'
            )
        case Rejected(status=429):
            return RateLimited(f"discord asks us to wait: {error}")
        case _:
            return ChannelFailed(
                str(error), hint="check the network, and channels.discord.apiBase and gatewayUrl if they are set"
            )


def of_delivery(error: ApiError, whom: str, *, perhaps: bool) -> DeliveryFailed:
    """Why a message was not sent.

    Args:
        whom: the person or the conversation.
        perhaps: it may have been taken nevertheless.
    """
    match error:
        case Rejected(code=code) if code in _NEVER:
            return RecipientRefused(
                f"discord does not let this bot write to {whom}",
                hint="they must share a server with the bot, allow messages from its members, and not have blocked it",
            )
        case _ if perhaps:
            return DeliveryUnknown(f"nobody knows whether discord took a message to {whom}: {error}")
        case Rejected(status=429):
            return DeliveryFailed(f"discord takes no message to {whom} now: too many were sent")
        case _:
            return DeliveryFailed(f"discord did not take a message to {whom}: {error}")


def may_pass(error: ApiError) -> bool:
    """Whether asking once more may help."""
    return isinstance(error, Unreachable) or (isinstance(error, Rejected) and error.status in (429, *_SERVER))


def may_be_taken(error: ApiError) -> bool:
    """Whether Discord may have done what it was asked."""
    match error:
        case Unreachable():
            return error.sent
        case Rejected():
            return error.status in _SERVER
        case _:
            return False
