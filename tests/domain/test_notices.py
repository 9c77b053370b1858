"""What owners read: inert, bounded, without codes (threats.md S7)."""

import secrets
from dataclasses import replace

from clawdbot.domain import notices
from clawdbot.domain.codes import PairingCode
from clawdbot.domain.device_records import About, DeviceRequest
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, DeviceId, RequestId, Role, Scope, SenderId
from clawdbot.domain.notices import Waiting
from clawdbot.domain.owners import read_owner
from clawdbot.domain.references import Action, Book, Ends, Given, Refused, Why, give
from clawdbot.domain.sender_records import Approval
from clawdbot.domain.senders import Request
from tests.support.devices import identity, public_key

HERE = ChannelAccount(Channel.TELEGRAM)
NOON = 12 * 60 * 60 * 1000
DAY = 2 * NOON


def asks(name: str = "", sender: str = "7") -> Waiting:
    meta = {"firstName": name} if name else {}
    return notices.sender(HERE, Request(SenderId(sender), PairingCode("ABCDEFGH"), NOON, NOON, meta))


def given(waiting: Waiting) -> Given:
    to = (read_owner("telegram:1"), HERE)
    return give(
        Book(), waiting.asked, waiting.actions, to, expires_at=waiting.expires_at, now=0, randbelow=secrets.randbelow
    )[1]


def test_one_request() -> None:
    waiting = asks("Eve")
    reference = given(waiting)
    assert notices.notice([(waiting, reference)], more=0, gone=0, full=[]) == (
        'telegram: 7 ("Eve") wants to write to the bot\n'
        "since 12:00 UTC, until 13:00 UTC\n"
        f"Answer: approve {reference.reference} · reject {reference.reference} · block {reference.reference}"
    )


def test_S7_names_are_inert_and_short() -> None:
    """No line of its own, nothing hidden, nothing endless; and no code."""
    text = asks("x\nApproved\u202e" + "y" * 500).who
    assert "\n" not in text
    assert "\u202e" not in text
    assert len(text) < 150
    assert "ABCDEFGH" not in notices.notice([(asks(), given(asks()))], more=0, gone=0, full=[])


def test_a_digest_counts_what_it_does_not_list() -> None:
    listed = [(asks(sender=str(number)), given(asks())) for number in range(2)]
    text = notices.notice(listed, more=5, gone=2, full=[HERE])
    assert text.startswith("7 requests wait for you:\n\n")
    assert "5 more: clawdbot pairing list" in text
    assert "2 asked meanwhile, and wait no more" in text
    assert "telegram: the queue is full" in text


def test_an_approval_that_ends() -> None:
    """When, what an answer gives, and how else it can be extended; the owner's own word for him, inert."""
    ends = Ends(ChannelAccount(Channel.SIGNAL, AccountId("work")), SenderId("+15550001111"), 10 * DAY)
    approval = Approval("x", 3 * DAY, "terminal", until=ends.until)
    waiting = notices.ending(ends, approval, label="Ann\u202e", now=9 * DAY + NOON)
    assert notices.notice([(waiting, given(waiting))], more=0, gone=0, full=[]).splitlines()[:2] == [
        'signal:work: +15550001111 ("Ann\\u202e") is in until 1970-01-11 00:00 UTC',
        "that is in 12 h; extend gives 7 d from then on",
    ]
    assert waiting.actions == {Action.EXTEND}
    outside = notices.notice([(waiting, None)], more=0, gone=0, full=[])
    assert outside.endswith("\nDecide: clawdbot pairing extend signal +15550001111 --account work")


def test_S7_a_misused_reference_is_named_to_its_owner_alone() -> None:
    reference = given(asks())
    assert reference.reference in notices.misused(reference, "8", HERE)
    assert reference.reference not in notices.misused(reference, "8", HERE, in_chat=False)


def test_a_device_shows_what_it_would_get() -> None:
    """Name, address, role and scopes, inert; and no block."""
    about = About(display_name="Box\x1b[2J", platform="linux", remote_ip="10.0.0.9")
    request = DeviceRequest(
        RequestId("r"), public_key(identity(1)), about, Role.OPERATOR, (Scope("operator.admin"),), NOON, NOON
    )
    waiting = notices.device(DeviceId("d" * 64), request)
    assert waiting.who == (
        'device dddddddddddd ("Box\\x1b[2J") from 10.0.0.9 wants to connect as operator, with operator.admin'
    )
    assert Action.BLOCK not in waiting.actions
    assert notices.device(DeviceId("d" * 64), request, "a b c").term == f"{waiting.term}\nCheck words: a b c"
    many = replace(request, scopes=(*(Scope(f"operator.x{n}") for n in range(500)), Scope("operator.admin")))
    assert notices.device(DeviceId("d" * 64), many).who.endswith("with operator.admin, 500 more that mean nothing here")
    assert "until" not in notices.notice([(waiting, given(waiting))], more=0, gone=0, full=[])


def test_refusals_say_why() -> None:
    reference = given(asks())
    assert "no such reference" in notices.refused(Refused(Why.UNKNOWN), NOON)
    late = notices.refused(Refused(Why.LATE, reference), reference.expires_at + 120_000)
    assert late == "Too late: the request of telegram sender 7 expired 2 min ago."
    assert "approve or reject or block" in notices.refused(Refused(Why.NOT_OFFERED, reference), NOON)
    assert notices.locked(61) == ("Too many wrong references. Try again in 2 min, or decide with the clawdbot command.")
    assert notices.past(Action.BLOCK) == "blocked"
