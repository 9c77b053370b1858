"""What owners and strangers do to one channel account, as data: for a store, for a model, for a child process."""

import json
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from clawdbot.domain import invites, inviting, senders
from clawdbot.domain.effects import Change
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.senders import Approval, NoSuchRequest, Senders
from clawdbot.store.base import SendersKey

ACCOUNT = ChannelAccount(Channel.TELEGRAM)
KEY = SendersKey(ACCOUNT)
WORK = SendersKey(ChannelAccount(Channel.TELEGRAM, AccountId("work")))

NOW = 1_795_000_000_000
VERBS = ("request", "approve", "reject", "block", "unblock", "revoke", "lend", "expire", "expect", "invite", "redeem")

LENT_MS = 3_000
"""What a move lends lasts so long."""


@dataclass(frozen=True)
class Move:
    """One decision about one sender; called with a state, it decides."""

    verb: str
    sender: str
    now: int = NOW
    seed: int = 0
    """Of the code that a request draws."""

    @property
    def key(self) -> SendersKey:
        return KEY

    def __call__(self, state: Senders) -> Change[Senders, Any]:
        sender = SenderId(self.sender)
        if self.verb in ("request", "invite", "redeem"):
            return self._with_chance(state)
        if self.verb == "block":
            return senders.block(state, sender, now=self.now, by="terminal")
        if self.verb == "unblock":
            return senders.unblock(state, sender)
        if self.verb == "revoke":
            return senders.revoke(state, sender)
        if self.verb == "expect":
            return senders.expect(state, sender, now=self.now, by="terminal")
        if self.verb == "expire":
            return senders.expire(state, now=self.now)
        waiting = state.requests.get(sender)
        if waiting is None:
            return Change(state, NoSuchRequest())
        if self.verb == "approve":
            return senders.approve(state, waiting.code, now=self.now, by="terminal")
        if self.verb == "lend":
            return senders.approve(state, waiting.code, now=self.now, by="terminal", until=self.now + LENT_MS)
        return senders.reject(state, waiting.code, now=self.now)

    def _with_chance(self, state: Senders) -> Change[Senders, Any]:
        """Make an invite, or write: as a stranger, or with the word of whatever invite lets somebody in."""
        if self.verb == "invite":
            randbelow, until = random.Random(f"invite {self.seed}").randrange, self.now + LENT_MS
            return inviting.invite(state, now=self.now, by="terminal", until=until, randbelow=randbelow)
        word = next((digest for digest, one in state.invites.items() if one.uses), None)
        return senders.request(
            state,
            SenderId(self.sender),
            {"firstName": "Ann"},
            now=self.now,
            randbelow=random.Random(f"{self.seed} {self.sender}").randrange,
            word=word if self.verb == "redeem" else None,
        )


def spell(move: Any) -> str:
    """A move, of this kind or of :mod:`tests.support.register_moves`, in one line."""
    return json.dumps({"kind": type(move).__name__, **asdict(move)})


def read(line: str) -> Any:
    said = json.loads(line)
    kind = said.pop("kind")
    if kind == "Move":
        return Move(**said)
    from tests.support import register_moves

    return getattr(register_moves, kind)(**said)


def after(moves: Iterable[Move], start: Senders | None = None) -> Senders:
    """The state that moves lead to, by the rules alone."""
    state = start or Senders()
    for move in moves:
        state = move(state).state
    return state


def _in(approval: Approval) -> str:
    return "allowed" if approval.until is None else f"allowed until {approval.until}"


def places(state: Senders) -> dict[str, str]:
    """Where everybody is, each at one place: blocked counts before allowed, allowed before waiting.

    Whoever is in for a time is somewhere else than who is in for good. Invites stand for how many more they let in.
    """
    return {
        **{f"invite {invites.short(word)}": f"for {one.uses}" for word, one in state.invites.items()},
        **{sender: f"waiting with {request.code.reveal()}" for sender, request in state.requests.items()},
        **dict.fromkeys(state.expected, "expected"),
        **{sender: _in(approval) for sender, approval in state.allowed.items()},
        **dict.fromkeys(state.blocked, "blocked"),
    }
