"""Which accounts and which sender are meant by names that a client made up (threats.md D1, D6, G17)."""

from collections.abc import Sequence

import pytest

from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.gateway.verbs import meant
from clawdbot.wire.frames import Error
from clawdbot.wire.sender_params import DmPairRevoke
from tests.support.gateways import gateway

TELEGRAM, SIGNAL = ChannelAccount(Channel.TELEGRAM), ChannelAccount(Channel.SIGNAL)
WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))


async def found(channel: str | None, account: str | None) -> Sequence[ChannelAccount] | str:
    """The accounts that are meant, of three on which somebody is blocked."""
    async with gateway() as running:
        house = running.gateway.house
        for where in (TELEGRAM, WORK, SIGNAL):
            await house.senders.block_sender(where, SenderId("+15550001111"), by="test")
        answer = await meant.accounts(house, channel, account)
        return answer.message if isinstance(answer, Error) else answer


@pytest.mark.parametrize(
    ("channel", "account", "wanted"),
    [
        (None, None, [SIGNAL, TELEGRAM, WORK]),
        (" Telegram ", None, [TELEGRAM, WORK]),
        ("telegram", "Work", [WORK]),
        (None, "default", [SIGNAL, TELEGRAM]),
        ("discord", None, []),
        ("icq", None, meant.UNKNOWN_ACCOUNT),
        ("telegram", "../x!", []),
        ("__proto__", None, meant.UNKNOWN_ACCOUNT),
    ],
)
async def test_D1_accounts_are_those_that_are_named(
    channel: str | None, account: str | None, wanted: Sequence[ChannelAccount] | str
) -> None:
    """In any spelling; nothing named is all of them, and what is not there is none."""
    assert await found(channel, account) == wanted


@pytest.mark.parametrize(
    ("channel", "account", "sender", "wanted"),
    [
        ("telegram", None, "tg:42", (TELEGRAM, "42")),
        ("Telegram", "Work", " 42 ", (WORK, "42")),
        ("icq", None, "42", meant.UNKNOWN_ACCOUNT),
        ("telegram", "!!!", "42", meant.UNKNOWN_ACCOUNT),
        ("telegram", None, "@name", "not a sender's id"),
        ("telegram", None, "*", "not a sender's id"),
        ("telegram", None, "42\u202e", "not a sender's id"),
    ],
)
def test_D6_a_sender_is_named_by_an_id_that_nobody_else_can_have(
    channel: str, account: str | None, sender: str, wanted: object
) -> None:
    """On one account, the default one if none is named; a name, everybody, or what hides is refused."""
    answer = meant.sender(DmPairRevoke(channel=channel, account=account, sender=sender))
    if isinstance(answer, Error):
        assert isinstance(wanted, str)
        assert answer.message.startswith(wanted)
    else:
        assert answer == wanted
