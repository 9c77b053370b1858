"""Which accounts and which sender are meant by names that a client made up (threats.md D1, D6, G17)."""

from collections.abc import Sequence

import pytest

from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.gateway.reports import AccountReport, ChannelReport
from clawdbot.gateway.verbs import meant
from clawdbot.store.base import SendersKey
from clawdbot.wire.frames import Error
from clawdbot.wire.sender_params import DmPairRevoke
from tests.support.gateways import gateway

TELEGRAM, SIGNAL = ChannelAccount(Channel.TELEGRAM), ChannelAccount(Channel.SIGNAL)
WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))
WITH_WORK = {"telegram": ChannelReport("Telegram", {"work": AccountReport(state="connecting")})}


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
        ("signal", "Default", "+15550001111", (SIGNAL, "+15550001111")),
        ("icq", None, "42", meant.UNKNOWN_ACCOUNT),
        ("telegram", "!!!", "42", meant.UNKNOWN_ACCOUNT),
        ("telegram", None, "@name", "not a sender's id"),
        ("telegram", None, "*", "not a sender's id"),
        ("telegram", None, "42\u202e", "not a sender's id"),
    ],
)
async def test_D6_a_sender_is_named_by_an_id_that_nobody_else_can_have(
    channel: str, account: str | None, sender: str, wanted: object
) -> None:
    """On one account, the default one if none is named; a name, everybody, or what hides is refused."""
    async with gateway(channels=lambda: WITH_WORK) as running:
        named = DmPairRevoke(channel=channel, account=account, sender=sender)
        answer = await meant.sender(running.gateway.house, named)
    if isinstance(answer, Error):
        assert isinstance(wanted, str)
        assert answer.message.startswith(wanted)
    else:
        assert answer == wanted


async def test_G17_an_account_that_somebody_made_up_is_unknown() -> None:
    """Neither configured nor with anything stored, it gets no files; what is stored stays within reach."""
    async with gateway(channels=lambda: WITH_WORK) as running:
        house, store = running.gateway.house, running.store
        admin = await running.admin()
        for verb in ("block", "unblock", "revoke", "expect", "extend", "label", "link", "unlink", "invite", "uninvite"):
            about = {"sender": "42"} if "invite" not in verb else {}
            more = {
                "label": {"label": "x"},
                "link": {"other": "43"},
                "unlink": {"other": "43"},
                "uninvite": {"id": "0"},
            }
            said = {"channel": "telegram", "account": "made-up", **about, **more.get(verb, {})}
            assert (await admin.refused(f"dm.pair.{verb}", **said))["message"] == meant.UNKNOWN_ACCOUNT, verb
        assert await store.keys(SendersKey) == []
        assert await meant.account(house, "telegram", "work") == WORK
        gone = ChannelAccount(Channel.TELEGRAM, AccountId("gone"))
        await house.senders.block_sender(gone, SenderId("42"), by="test")
        assert (await admin.call("dm.pair.unblock", channel="telegram", account="gone", sender="42"))["id"] == "42"
