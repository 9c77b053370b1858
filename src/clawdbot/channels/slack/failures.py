"""What Slack's refusals and silences mean to the owner, and what he can do about them. Pure."""

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.slack.api import Me, Rejected, Token
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.texts import add_command
from clawdbot.errors import (
    Banned,
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    RateLimited,
    RecipientRefused,
    TokenRefused,
)

SCOPES = ("chat:write", "im:history", "im:write")
"""What the bot token must be allowed to do; ``users:read``, for names, may be missing."""

_SETTINGS = "at https://api.slack.com/apps"

_TOKEN = {
    "invalid_auth": "slack does not accept this {token}",
    "not_authed": "slack does not accept this {token}",
    "not_allowed_token_type": "this is no {token}",
    "token_revoked": "the {token} was revoked",
    "token_expired": "the {token} has expired",
    "account_inactive": "the {token} belongs to an app that was uninstalled, or to a workspace that is gone",
    "user_removed_from_team": "the {token} belongs to a bot that was removed from its workspace",
}
_WHERE = {
    Token.BOT: "copy the bot user oauth token (xoxb-…) from OAuth & Permissions",
    Token.APP: "make an app-level token (xapp-…) with the scope connections:write under Basic Information",
}
_SHUT_OUT = frozenset({"team_disabled", "team_access_not_granted", "forbidden_team", "ekm_access_denied"})
_NEVER = frozenset(
    {"channel_not_found", "user_not_found", "users_not_found", "user_not_visible", "user_disabled", "cannot_dm_bot"}
    | {"is_archived", "not_in_channel"}
)
"""What Slack says about people and conversations that cannot be written to."""

_PERHAPS = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
"""Errors after which, by Slack's own words, the message may have been taken."""


def of_channel(error: ApiError, account: ChannelAccount) -> ChannelFailed:
    """Why messages do not arrive; a ChannelRefused if trying again will not help."""
    if not isinstance(error, Rejected):
        return ChannelFailed(str(error), hint="check the network, and channels.slack.apiBase if it is set")
    match error.error:
        case known if known in _TOKEN:
            return TokenRefused(
                _TOKEN[known].format(token=error.token),
                hint=f'{_SETTINGS}, {_WHERE[error.token]}, and run "{add_command(account)}"',
            )
        case "missing_scope":
            return _lacking(error.token, error.needed or "another one", account)
        case known if known in _SHUT_OUT:
            return Banned(str(error), hint="ask an administrator of the workspace")
        case "link_disabled":
            return switched_off()
        case "too_many_websockets":
            return ChannelFailed(
                "slack has too many connections of this app open",
                hint="other programs use its app token; stop them, or give clawdbot an app of its own",
            )
        case "ratelimited":
            return RateLimited(f"slack asks us to wait: {error}")
        case _:
            return ChannelFailed(str(error), hint="see https://status.slack.com")


def unfit(me: Me, account: ChannelAccount) -> ChannelRefused | None:
    """Why a bot that Slack knows cannot serve here; found now, since later there would only be silence."""
    if me.is_enterprise_install:
        return ChannelRefused(
            "the app is installed for a whole organisation",
            hint=f'install it in one workspace, {_SETTINGS}, and run "{add_command(account)}"',
        )
    missing = [scope for scope in SCOPES if me.scopes is not None and scope not in me.scopes]
    return _lacking(Token.BOT, ", ".join(missing), account) if missing else None


def _lacking(token: Token, needed: str, account: ChannelAccount) -> ChannelRefused:
    if token is Token.APP:
        return TokenRefused(
            f"the app token lacks the scope {needed}",
            hint=f'{_SETTINGS}, {_WHERE[token]}, and run "{add_command(account)}"',
        )
    return ChannelRefused(
        f"the bot token lacks the scope {needed}",
        hint=f"{_SETTINGS}, add {needed} under OAuth & Permissions and install the app again; then restart the gateway",
    )


def switched_off() -> ChannelRefused:
    return ChannelRefused(
        "socket mode is switched off for this app",
        hint=f"{_SETTINGS}, switch Socket Mode on; then restart the gateway",
    )


def of_delivery(error: ApiError, recipient: str) -> DeliveryFailed:
    """Why a message was not sent."""
    match error:
        case Rejected(error=why) if why in _NEVER:
            return RecipientRefused(f"slack knows no {recipient} that this bot can write to")
        case Rejected(error="messages_tab_disabled"):
            return RecipientRefused(
                f"slack did not take a message to {recipient}: the app's messages tab is switched off",
                hint=f"{_SETTINGS}, under App Home, show the Messages Tab and allow people to write in it",
            )
        case Rejected(error="missing_scope"):
            needed = error.needed or "chat:write"
            return DeliveryFailed(
                f"slack did not take a message to {recipient}: the bot token lacks the scope {needed}",
                hint=f"{_SETTINGS}, add {needed} under OAuth & Permissions and install the app again",
            )
        case Rejected(error="ratelimited"):
            return DeliveryFailed(f"slack takes no message to {recipient} now: too many were sent")
        case Rejected(error=why) if why in _PERHAPS:
            return DeliveryUnknown(f"nobody knows whether slack took a message to {recipient}: {error}")
        case Unreachable(sent=True):
            return DeliveryUnknown(f"nobody knows whether slack took a message to {recipient}: {error}")
        case _:
            return DeliveryFailed(f"slack did not take a message to {recipient}: {error}")


def may_pass(error: ApiError) -> bool:
    """Whether Slack certainly did not take a message, and may take it later."""
    match error:
        case Rejected():
            return error.error == "ratelimited"
        case Unreachable():
            return not error.sent
        case _:
            return False
