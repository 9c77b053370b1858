"""What WhatsApp's refusals and silences mean to the owner, and what he can do about them."""

from datetime import UTC, datetime
from pathlib import Path

from clawdbot.channels.patience import ApiError
from clawdbot.channels.whatsapp import protocol
from clawdbot.channels.whatsapp.protocol import Answer, Outcome
from clawdbot.domain.names import ChannelAccount
from clawdbot.domain.texts import login_command, visible
from clawdbot.errors import (
    Banned,
    ChannelFailed,
    ChannelRefused,
    DeliveryFailed,
    DeliveryUnknown,
    LoggedOut,
    NeedsLogin,
    RecipientRefused,
)

NETWORK = "check the network, and HTTPS_PROXY if there is one"


class NotSent(ApiError):
    """The bridge answered that a message was not sent, or may not have been."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"the whatsapp bridge answered {answer.outcome}")
        self.answer = answer


def of_event(event: protocol.Event, account: ChannelAccount, folder: Path) -> ChannelFailed | None:
    """What an event means that nothing comes after; ``None`` for one that goes on.

    Args:
        folder: where the session is.
    """
    login = f'run "{login_command(account)}"'
    match event:
        case protocol.NeedsLogin():
            return needs_login(account)
        case protocol.LoggedOut():
            return LoggedOut("whatsapp has logged this machine out", hint=login)
        case protocol.Replaced():
            return ChannelRefused(
                "another program has connected with this machine's whatsapp session",
                hint=f"stop it, or give it a session of its own; then restart the gateway ({folder})",
            )
        case protocol.Banned(until, why):
            when = f" until {datetime.fromtimestamp(until / 1000, UTC):%Y-%m-%d %H:%M} UTC" if until else ""
            because = f": {visible(why, 128)}" if why else ""
            return Banned(
                f"whatsapp has shut this account out{when}{because}",
                hint="see what whatsapp says on the phone; then restart the gateway",
            )
        case protocol.Outdated():
            return ChannelRefused(
                "whatsapp does not accept this version of the bridge any more",
                hint="update clawdbot where you got it from: a newer one names a newer neonize",
            )
        case protocol.Unreachable(why):
            return ChannelFailed(f"whatsapp cannot be reached: {visible(why, 200)}", hint=NETWORK)
        case protocol.Fatal(why, hint):
            return ChannelRefused(visible(why, 300), hint=visible(hint, 300))
        case _:
            return None


def needs_login(account: ChannelAccount) -> NeedsLogin:
    """Nobody has logged in yet, or the session's folder is gone."""
    hint = f'run "{login_command(account)}"'
    return NeedsLogin("this machine is not linked to a whatsapp account", hint=hint)


def of_delivery(error: ApiError) -> DeliveryFailed:
    """Why a message was not sent."""
    answer = error.answer if isinstance(error, NotSent) else Answer(0, Outcome.UNKNOWN)
    why = f": {visible(answer.why, 128)}" if answer.why else ""
    match answer.outcome:
        case Outcome.NEVER:
            return RecipientRefused(f"there is nobody on whatsapp to take this message{why}")
        case Outcome.UNKNOWN | Outcome.SENT:
            return DeliveryUnknown(f"nobody knows whether whatsapp took a message{why}")
        case Outcome.NOT_NOW:
            return DeliveryFailed(f"whatsapp does not take messages now{why}")
        case Outcome.REFUSED:
            return DeliveryFailed(f"whatsapp did not take a message{why}")


def may_pass(error: ApiError) -> bool:
    """Whether WhatsApp certainly did not take a message, and may take it later."""
    return isinstance(error, NotSent) and error.answer.outcome is Outcome.NOT_NOW
