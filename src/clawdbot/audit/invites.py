"""The invites: whoever brings the word of one gets in, whoever he is."""

from collections.abc import Iterator

from clawdbot.audit.findings import Finding, Severity
from clawdbot.domain.instants import minute
from clawdbot.domain.invites import short
from clawdbot.domain.names import DEFAULT_ACCOUNT, ChannelAccount, Instant
from clawdbot.domain.sender_records import Senders


def check(account: ChannelAccount, known: Senders, *, now: Instant) -> Iterator[Finding]:
    """The invites of an account that still let somebody in."""
    for digest, invite in known.invites.items():
        if invite.uses and invite.holds(now):
            people = "1 person" if invite.uses == 1 else f"{invite.uses} people"
            where = "" if account.account == DEFAULT_ACCOUNT else f" --account {account.account}"
            yield Finding(
                "invites.open",
                Severity.INFO,
                "Whoever has the word of an invite gets in",
                f"{account}: invite {short(digest)} lets in {people} until {minute(invite.until)}",
                f"clawdbot pairing uninvite {account.channel} {short(digest)}{where}",
            )
