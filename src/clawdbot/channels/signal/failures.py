"""What signal-cli's refusals and silences mean to the owner, and what he can do about them."""

from clawdbot.channels.patience import ApiError, Unreachable
from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal import api, daemon
from clawdbot.channels.signal.api import Rejected
from clawdbot.errors import (
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    NeedsLogin,
    RateLimited,
    RecipientRefused,
)

_START = "start it, or let the gateway do that: channels.signal.autoStart: true"
_GATEWAY = "signal-cli runs as long as the gateway does: clawdbot gateway"
_CAPTCHA = "it may ask for a captcha: docs/channels/signal.md#troubleshooting"
_TRUST = "ask the person whether the phone is new, then: docs/channels/signal.md#troubleshooting"


def chosen(settings: SignalSettings, numbers: list[str]) -> str:
    """Our account among those that a daemon serves.

    Raises:
        NeedsLogin: it is not there, or there is none.
        ChannelRefused: nobody says which it is.
    """
    if settings.account in numbers:
        return settings.account
    if settings.account or not numbers:
        raise NeedsLogin(
            f"signal-cli has no account {settings.account}".rstrip(), hint=daemon.login_hint(settings.account)
        )
    if len(numbers) > 1:
        raise ChannelRefused(
            "signal-cli has several accounts", hint="say which is the bot's: set channels.signal.account to its number"
        )
    return numbers[0]


def of_channel(error: ApiError, settings: SignalSettings) -> ChannelFailed:
    """Why messages do not arrive; a ChannelRefused if trying again will not help."""
    match error:
        case Unreachable(sent=False):
            return ChannelFailed(str(error), hint="" if settings.auto_start else _START)
        case Rejected() if "authorization failed" in error.description.lower():
            return daemon.logged_out(settings.account)
        case Rejected(code=api.UNKNOWN_ACCOUNT | api.INVALID_PARAMS):
            return NeedsLogin(
                f"signal-cli has no account {settings.account}".rstrip(), hint=daemon.login_hint(settings.account)
            )
        case Rejected(code=api.RATE_LIMIT | api.CAPTCHA):
            return RateLimited("signal asks us to wait", hint=_CAPTCHA)
        case _:
            return ChannelFailed(str(error), hint="check channels.signal.httpUrl or httpPort, and signal-cli's own log")


def of_delivery(error: ApiError, settings: SignalSettings) -> DeliveryFailed:
    """Why a message was not sent."""
    match error:
        case Unreachable(sent=False):
            return DeliveryFailed(f"signal took no message: {error}", hint=_GATEWAY if settings.auto_start else _START)
        case Unreachable():
            return DeliveryUnknown(f"nobody knows whether signal took a message: {error}")
        case Rejected():
            return _rejected(error, settings)
        case _:
            return DeliveryFailed(str(error))


def _rejected(error: Rejected, settings: SignalSettings) -> DeliveryFailed:
    code, outcomes = error.code, error.outcomes
    if "UNREGISTERED_FAILURE" in outcomes or "is not registered" in error.description:
        return RecipientRefused("signal knows nobody by that id any more")
    if "IDENTITY_FAILURE" in outcomes or code == api.UNTRUSTED_KEY:
        return DeliveryFailed("the person's safety number has changed, and signal-cli does not trust it", hint=_TRUST)
    if "RATE_LIMIT_FAILURE" in outcomes or code in (api.RATE_LIMIT, api.CAPTCHA):
        return DeliveryFailed("signal takes no message now: too many were sent", hint=_CAPTCHA)
    if "NETWORK_FAILURE" in outcomes or code in (api.IO_ERROR, api.INTERNAL_ERROR):
        return DeliveryUnknown(f"nobody knows whether signal took a message: {error}")
    if code == api.INVALID_PARAMS:
        return DeliveryFailed("signal-cli does not have our account", hint=daemon.login_hint(settings.account))
    return DeliveryFailed(f"signal did not take a message: {error}")


def may_pass(error: ApiError) -> bool:
    """Whether signal-cli certainly did not take a message, and may take it later: not where Signal has refused it."""
    return isinstance(error, Unreachable) and not error.sent
