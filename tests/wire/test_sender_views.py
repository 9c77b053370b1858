"""People as operators see them: each in his list, with when, by whom and until when, as far as that is known."""

import json
from dataclasses import replace
from typing import Any

import msgspec

from clawdbot.domain.codes import PairingCode
from clawdbot.domain.held import Slip
from clawdbot.domain.invites import Invite, WordDigest
from clawdbot.domain.links import Link
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_records import Approval, Block, Expected, Quiet, Request, Senders
from clawdbot.wire.sender_views import people

NOW = 1_795_367_603_000
AT = "2026-11-22T17:13:23.000Z"
LATER = "2026-11-22T18:13:23.000Z"
HOUR = 3_600_000
WHERE = {"channel": "telegram", "account": "default"}

HELD = {Slip(ChannelAccount(Channel.TELEGRAM), SenderId("10"), NOW)}


def seen(known: Senders, now: int = NOW) -> Any:
    listed = people([(ChannelAccount(Channel.TELEGRAM), known)], now=now, holds=HELD.__contains__)
    return json.loads(msgspec.json.encode(listed))


def test_everybody_is_in_his_list() -> None:
    """What is not known is left out; whose time is over is in none."""
    known = Senders(
        requests={SenderId("1"): Request(SenderId("1"), PairingCode("ABCD2345"), NOW, NOW, {"name": "Ann"})},
        allowed={SenderId("2"): Approval("2"), SenderId("3"): Approval("3", NOW, "terminal", until=NOW + HOUR)},
        blocked={SenderId("4"): Block(NOW, "terminal")},
        quiet={SenderId("5"): Quiet(NOW + HOUR), SenderId("6"): Quiet(NOW)},
        expected={SenderId("7"): Expected(NOW, "terminal", NOW + HOUR), SenderId("8"): Expected(NOW, None, NOW)},
        labels={SenderId("1"): "Plumber", SenderId("7"): "Bob"},
    )
    assert seen(known) == {
        "pending": [
            {
                **WHERE,
                "id": "1",
                "code": "ABCD2345",
                "createdAt": AT,
                "lastSeenAt": AT,
                "expiresAt": LATER,
                "meta": {"name": "Ann"},
                "label": "Plumber",
            }
        ],
        "allowed": [
            {**WHERE, "id": "2"},
            {**WHERE, "id": "3", "approvedAt": AT, "until": LATER, "by": "terminal"},
        ],
        "blocked": [{**WHERE, "id": "4", "blockedAt": AT, "by": "terminal"}],
        "expected": [{**WHERE, "id": "7", "expectedAt": AT, "until": LATER, "by": "terminal", "label": "Bob"}],
        "quiet": [{**WHERE, "id": "5", "until": LATER}],
        "invites": [],
    }


def test_S7_an_invite_is_shown_by_a_name_that_is_not_its_word() -> None:
    """With how often it is good still, and by whom; one that is over is not shown. Who is linked is shown with it."""
    kept = WordDigest("0123456789abcdef" * 4)
    known = Senders(
        invites={kept: Invite(NOW + HOUR, 2, NOW, "terminal", "Choir", HOUR), WordDigest("f" * 64): Invite(NOW)},
        allowed={SenderId("2"): Approval("2")},
        links={SenderId("2"): Link(frozenset({SenderId("3")}))},
    )
    assert seen(known)["invites"] == [
        {
            **WHERE,
            "id": "01234567",
            "usesLeft": 2,
            "until": LATER,
            "madeAt": AT,
            "by": "terminal",
            "label": "Choir",
            "lastingMs": HOUR,
        }
    ]
    assert seen(known)["allowed"] == [{**WHERE, "id": "2", "linked": ["3"]}]


def test_who_waits_is_shown_with_what_is_his() -> None:
    """His other ids, by whichever of his the owner linked them; and that his first message is held, of that request."""
    asked = Request(SenderId("10"), PairingCode("ABCD2345"), NOW, NOW, aliases=frozenset({SenderId("11")}))
    links = {SenderId("11"): Link(frozenset({SenderId("12")}))}
    (waits,) = seen(Senders(requests={SenderId("10"): asked}, links=links))["pending"]
    assert (waits["linked"], waits["held"]) == (["12"], True)
    later = replace(asked, created_at=NOW + 1)
    assert "held" not in seen(Senders(requests={SenderId("10"): later}), NOW + 1)["pending"][0]


def test_D11_whose_request_is_over_waits_no_more() -> None:
    known = Senders(requests={SenderId("1"): Request(SenderId("1"), PairingCode("ABCD2345"), NOW, NOW)})
    assert seen(known, NOW + HOUR)["pending"] == []
