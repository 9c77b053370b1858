"""What owners are told, in words: who waits, where, since when, and how to answer (``docs/owner.md``).

Nothing of it holds a pairing code, a token or a message (threats.md S7). What somebody calls himself is made inert, and
stands in quotes: it is what he says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clawdbot.domain import scopes, senders
from clawdbot.domain.device_records import DeviceRequest
from clawdbot.domain.endings import lasts
from clawdbot.domain.instants import ago, minute, span
from clawdbot.domain.names import DEFAULT_ACCOUNT, ChannelAccount, DeviceId, Instant
from clawdbot.domain.references import Action, Asked, DeviceAsks, Ends, Given, Refused, SenderAsks, Why
from clawdbot.domain.sender_records import Approval
from clawdbot.domain.texts import visible

MOST_LISTED = 8
"""Requests in one notice; of the rest it says how many they are."""

DEVICE_PATIENCE_MS = 60 * 60 * 1000
"""So long an owner may answer about a device, while it goes on asking."""

_KNOWN = (scopes.ADMIN, scopes.PAIRING, scopes.APPROVALS, scopes.WRITE, scopes.READ)
"""All scopes that grant anything. They are always shown: none can hide behind many others."""

SENDER_ACTIONS = frozenset({Action.APPROVE, Action.REJECT, Action.BLOCK})
DEVICE_ACTIONS = frozenset({Action.APPROVE, Action.REJECT})
ENDING_ACTIONS = frozenset({Action.EXTEND})


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that owners are asked: about a request, or an approval that ends.

    Attributes:
        who: the one line that says who asks for what.
        term: the line that says since when, or for how long.
        command: where it can be decided without an answer in chat.
    """

    asked: Asked
    who: str
    term: str
    command: str
    expires_at: Instant
    actions: frozenset[Action]


def sender(account: ChannelAccount, request: senders.Request) -> Waiting:
    """A sender who waits."""
    names = [visible(value, 32) for key, value in sorted(request.meta.items()) if value]
    called = f' ("{" · ".join(names[:3])}")' if names else ""
    return Waiting(
        SenderAsks(account, request.sender, request.code),
        f"{account}: {visible(request.sender)}{called} wants to write to the bot",
        f"since {_clock(request.created_at)}, until {_clock(request.created_at + senders.TTL_MS)}",
        f"clawdbot pairing list {account.channel}",
        request.created_at + senders.TTL_MS,
        SENDER_ACTIONS,
    )


def device(id: DeviceId, request: DeviceRequest, check_words: str | None = None) -> Waiting:
    """A device that waits, with what it would be given and what it must show, too, if it shows any words."""
    name = request.about.display_name or request.about.client_id or ""
    called = f' ("{visible(name, 32)}")' if name else ""
    where = f" from {visible(request.about.remote_ip)}" if request.about.remote_ip else ""
    shown = [scope for scope in _KNOWN if scope in request.scopes]
    others = len(set(request.scopes)) - len(shown)
    wanted = [*shown, *([f"{others} more that mean nothing here"] if others else [])]
    wants = f"as {request.role}" + (f", with {', '.join(wanted)}" if wanted else "")
    return Waiting(
        DeviceAsks(id, request.id),
        f"device {id[:12]}{called}{where} wants to connect {wants}",
        f"since {_clock(request.asked_at)}" + (f"\nCheck words: {check_words}" if check_words else ""),
        "clawdbot devices list",
        request.asked_at + DEVICE_PATIENCE_MS,
        DEVICE_ACTIONS,
    )


def ending(ends: Ends, approval: Approval, *, label: str, now: Instant) -> Waiting:
    """Somebody whose approval is about to end."""
    called = f' ("{visible(label, 32)}")' if label else ""
    account = f" --account {ends.account.account}" if ends.account.account != DEFAULT_ACCOUNT else ""
    return Waiting(
        ends,
        f"{ends.account}: {visible(ends.sender)}{called} is in until {minute(ends.until)}",
        f"that is {ago(ends.until, now)}; extend gives {span(lasts(approval))} from then on",
        f"clawdbot pairing extend {ends.account.channel} {visible(ends.sender)}{account}",
        ends.until,
        ENDING_ACTIONS,
    )


def _clock(instant: Instant) -> str:
    return minute(instant).partition(" ")[2]


def notice(
    listed: Sequence[tuple[Waiting, Given | None]], *, more: int, gone: int, full: Sequence[ChannelAccount]
) -> str:
    """One message about all that there is to tell.

    Args:
        listed: each with the reference that the owner may answer by, where he can answer.
        more: how many more wait than are listed.
        gone: how many asked meanwhile and do not wait any more.
        full: accounts whose queue turned strangers away.
    """
    parts = [_one(waiting, given) for waiting, given in listed]
    if more:
        parts.append(f"{more} more: clawdbot pairing list, clawdbot devices list")
    if gone:
        parts.append(f"{gone} asked meanwhile, and {'waits' if gone == 1 else 'wait'} no more")
    parts += [f"{account}: the queue is full; others are turned away until you decide" for account in full]
    if len(listed) > 1:
        parts.insert(0, f"{len(listed) + more} {_matters(listed)} wait for you:")
    return "\n\n".join(parts)


def _matters(listed: Sequence[tuple[Waiting, Given | None]]) -> str:
    only_requests = not any(isinstance(waiting.asked, Ends) for waiting, _ in listed)
    return "requests" if only_requests else "matters"


def _one(waiting: Waiting, given: Given | None) -> str:
    if given is None:
        return f"{waiting.who}\n{waiting.term}\nDecide: {waiting.command}"
    answers = [f"{action} {given.reference}" for action in Action if action in waiting.actions]
    return f"{waiting.who}\n{waiting.term}\nAnswer: {' · '.join(answers)}"


def about(asked: Asked) -> str:
    """Whom a question is about, in few words."""
    match asked:
        case SenderAsks(account, sender_) | Ends(account, sender_):
            return f"{account} sender {visible(sender_)}"
        case DeviceAsks(device_):
            return f"device {device_[:12]}"


_PAST = {
    Action.APPROVE: "approved",
    Action.REJECT: "rejected",
    Action.BLOCK: "blocked",
    Action.EXTEND: "extended",
}


GONE = "gone"


def past(action: Action) -> str:
    """What became of a request that this was answered to."""
    return _PAST[action]


def decided(how: str, asked: Asked) -> str:
    """Says what became of a request: *Approved: telegram sender 7.*"""
    return f"{how.capitalize()}: {about(asked)}."


def refused(refusal: Refused, now: Instant) -> str:
    """Tells an owner why his answer decided nothing."""
    given = refusal.given
    if given is None:
        return "Nothing decided: I gave you no such reference here. Answer with one from my last messages."
    who = about(given.asked)
    what = f"the {'approval' if isinstance(given.asked, Ends) else 'request'} of {who}"
    match refusal.why:
        case Why.ENDED:
            return f"Nothing changed: {what} is {given.ended} already."
        case Why.LATE:
            return f"Too late: {what} expired {ago(given.expires_at, now)}."
        case _:
            offered = " or ".join(action for action in Action if action in given.actions)
            return f"Nothing decided: about {who} you can {offered}."


def locked(seconds: int) -> str:
    """Tells an owner that he was wrong too often (threats.md D13)."""
    return f"Too many wrong references. Try again in {-(-seconds // 60)} min, or decide with the clawdbot command."


def misused(given: Given, who: str, where: ChannelAccount, *, in_chat: bool = True) -> str:
    """Warns an owner that somebody else came with his reference, which is named only where it was given to him."""
    which = f"the reference {given.reference}" if in_chat else "a reference"
    still = ", and you can still answer" if in_chat else ""
    return (
        f"Somebody else tried to decide about {about(given.asked)} with {which} of yours: "
        f"{where} sender {visible(who)}. Nothing was decided{still}. Does somebody read your messages?"
    )
