"""``dm.pair.*``: operators decide from afar about people who write to the bot (threats.md D13, S7)."""

import json
from typing import Any

from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.texts import APPROVED
from clawdbot.errors import RecipientRefused
from clawdbot.gateway.tries import MOST_FAILURES
from clawdbot.service import Door, Service
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import TEST, Client, Running, gateway, identity
from tests.support.people import Platform

TELEGRAM = ChannelAccount(Channel.TELEGRAM)
WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))


async def knock(running: Running, sender: str, account: ChannelAccount = TELEGRAM) -> str:
    """A stranger writes to the bot, and gets his code."""
    platform = Platform(account)

    async def send(_: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    door = Door(
        running.gateway.store,
        rules=lambda _: DmRules(DmPolicy.PAIRING),
        send=send,
        announce=running.gateway.sender_waits,
    )
    await door.knock(platform.message(sender))
    ((_, text),) = platform.sent
    return text.split("Pairing code: ")[1].split()[0]


async def operators(running: Running) -> tuple[Client, Client]:
    """One who may decide about senders and is no admin, and one who may only read."""
    pairing = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
    return pairing, await running.connect(identity(2), client=TEST, scopes=["operator.read"])


async def test_the_whole_road_of_a_sender_from_afar() -> None:
    """Announced without the code, listed with it, approved, revoked, blocked; each told to those who may know."""
    async with gateway() as running:
        pairing, reader = await operators(running)
        code = await knock(running, "42")
        assert (await pairing.event("dm.pair.requested"))["id"] == "42"
        (waiting,) = (await pairing.call("dm.pair.list"))["pending"]
        assert (waiting["channel"], waiting["account"], waiting["id"], waiting["code"]) == (
            "telegram",
            "default",
            "42",
            code,
        )
        spelt = f"{code[:4].lower()}-{code[4:]}"
        assert (await pairing.call("dm.pair.approve", channel="telegram", code=spelt))["id"] == "42"
        assert (await pairing.event("dm.pair.resolved"))["decision"] == "approved"
        (allowed,) = (await pairing.call("dm.pair.list", channel="telegram"))["allowed"]
        assert allowed["id"] == "42"
        where: dict[str, Any] = {"channel": "telegram", "sender": "tg:42"}
        assert (await pairing.call("dm.pair.revoke", **where))["decision"] == "revoked"
        assert (await pairing.refused("dm.pair.revoke", **where))["message"] == "sender is not approved"
        await pairing.call("dm.pair.block", **where)
        assert [one["id"] for one in (await pairing.call("dm.pair.list"))["blocked"]] == ["42"]
        assert not [frame for frame in reader.frames if str(frame.get("event")).startswith("dm.")]
        assert code not in json.dumps([event for client in (pairing, reader) for event in client.events])


async def test_without_the_scope_nothing_is_seen() -> None:
    async with gateway() as running:
        _, reader = await operators(running)
        await knock(running, "42")
        for method in ("dm.pair.list", "dm.pair.approve", "dm.pair.reject", "dm.pair.block", "dm.pair.revoke"):
            assert (await reader.refused(method))["message"] == "missing scope: operator.pairing"


async def test_a_request_is_rejected_and_the_sender_may_ask_again() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42")
        assert (await pairing.call("dm.pair.reject", channel="telegram", code=code))["decision"] == "rejected"
        assert await knock(running, "42") != code


async def test_D1_D11_codes_of_other_accounts_and_channels_approve_nothing() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42", WORK)
        for elsewhere in ({"channel": "signal"}, {"channel": "telegram", "account": "default"}):
            refused = await pairing.refused("dm.pair.approve", code=code, **elsewhere)
            assert refused["message"] == "unknown pairing code"
        assert await pairing.call("dm.pair.approve", channel="telegram", account="Work", code=code)
        known = await Service(running.store).read(WORK)
        assert known.allowed[SenderId("42")].by == f"device {identity(1).device_id[:12]}"


async def test_D13_wrong_codes_lock_the_device_that_tries_them_and_nobody_else() -> None:
    """Ten wrong ones, and a right one is not looked at either; another device, and the terminal, do not notice."""
    async with gateway(MemoryStore()) as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42")
        for number in range(MOST_FAILURES):
            wrong = await pairing.refused("dm.pair.approve", channel="telegram", code=f"WRONG{number}")
            assert wrong["message"] == "unknown pairing code"
        for tried in ("WRONG", code):
            locked = await pairing.refused("dm.pair.approve", channel="telegram", code=tried)
            assert locked["code"] == "UNAVAILABLE"
            assert locked["retryAfterMs"] > 0
        assert len((await pairing.call("dm.pair.list"))["pending"]) == 1, "others' requests stay"
        other = await running.connect(identity(3), client=TEST, scopes=["operator.pairing"])
        assert await other.call("dm.pair.approve", channel="telegram", code=code)


async def test_what_makes_no_sense_is_refused_and_not_counted() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        for method, params in [
            ("dm.pair.approve", {"channel": "icq", "code": "x"}),
            ("dm.pair.list", {"channel": "telegram", "account": "!!!"}),
            ("dm.pair.block", {"channel": "icq", "sender": "1"}),
        ]:
            assert (await pairing.refused(method, **params))["message"] == "unknown channel or account"
        refused = await pairing.refused("dm.pair.block", channel="telegram", sender="@name")
        assert refused["message"].startswith("not a sender's id")


async def test_a_code_that_waits_on_two_accounts_needs_the_account() -> None:
    """It can hardly happen; then it is asked, not guessed, and not counted as wrong."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        for account in (TELEGRAM, WORK):
            door = Door(
                running.store,
                rules=lambda _: DmRules(DmPolicy.PAIRING),
                send=lambda *_: _nothing(),
                randbelow=lambda _: 0,
            )
            await door.knock(Platform(account).message("42"))
        refused = await pairing.refused("dm.pair.approve", channel="telegram", code="A" * 8)
        assert "name one" in refused["message"]
        assert await pairing.call("dm.pair.approve", channel="telegram", account="work", code="A" * 8)


async def _nothing() -> None:
    pass


async def test_D14_only_an_approved_sender_is_told_and_always_the_same_words() -> None:
    """A caller chooses neither the text nor a stranger; what the platform refuses is said."""
    told: list[tuple[ChannelAccount, SenderId, str]] = []

    async def tell(account: ChannelAccount, sender: SenderId, text: str) -> None:
        if sender == "43":
            raise RecipientRefused("telegram user 43 has blocked the bot")
        told.append((account, sender, text))

    async with gateway(tell=tell) as running:
        pairing, reader = await operators(running)
        for sender in ("42", "43"):
            code = await knock(running, sender)
            await pairing.call("dm.pair.approve", channel="telegram", code=code)
        assert await pairing.call("dm.pair.notify", channel="telegram", sender="tg:42") == {
            "channel": "telegram",
            "account": "default",
            "id": "42",
        }
        assert told == [(TELEGRAM, "42", APPROVED)]
        where: dict[str, Any] = {"channel": "telegram"}
        for sender, refusal in (("44", "sender is not approved"), ("43", "telegram user 43 has blocked the bot")):
            assert (await pairing.refused("dm.pair.notify", **where, sender=sender))["message"] == refusal
        assert "operator.pairing" in (await reader.refused("dm.pair.notify", **where, sender="42"))["message"]
