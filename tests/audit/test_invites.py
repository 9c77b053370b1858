"""Invites that still let somebody in."""

import random

import pytest

from clawdbot.audit.invites import check
from clawdbot.domain import inviting
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.sender_answers import InviteMade
from clawdbot.domain.sender_records import Senders
from clawdbot.domain.senders import request

NOW, HOUR = 1_795_365_194_030, 3_600_000


def invited(uses: int) -> tuple[Senders, InviteMade]:
    change = inviting.invite(
        Senders(), now=NOW, by="terminal", until=NOW + HOUR, uses=uses, randbelow=random.Random(1).randrange
    )
    assert isinstance(change.answer, InviteMade)
    return change.state, change.answer


@pytest.mark.parametrize(("account", "option"), [("default", ""), ("work", " --account work")])
def test_S7_an_open_invite_is_told_of_without_its_word(account: str, option: str) -> None:
    known, made = invited(uses=2)
    (finding,) = check(ChannelAccount(Channel.TELEGRAM, AccountId(account)), known, now=NOW)
    id = made.digest[:8]
    assert (finding.id, finding.severity) == ("invites.open", "info")
    assert finding.detail.endswith(f"invite {id} lets in 2 people until 2026-11-22 17:33 UTC")
    assert finding.mend == f"clawdbot pairing uninvite telegram {id}{option}"
    assert made.word.reveal() not in str(finding)
    assert made.digest not in str(finding)


def test_one_that_is_used_up_or_over_lets_nobody_in() -> None:
    known, made = invited(uses=1)
    account, sender = ChannelAccount(Channel.TELEGRAM), SenderId("7")
    used = request(known, sender, {}, now=NOW, randbelow=random.Random(2).randrange, word=made.digest).state
    assert len(list(check(account, known, now=NOW))) == 1
    assert list(check(account, used, now=NOW)) == []
    assert list(check(account, known, now=NOW + HOUR)) == []
