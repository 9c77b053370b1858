"""``dm.pair.*``: operators decide from afar about people who write to the bot (threats.md D13, S7)."""

import json
from collections.abc import Callable
from typing import Any

from clawdbot.domain import senders
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.held import Slip
from clawdbot.domain.instants import iso
from clawdbot.domain.names import AccountId, Channel, ChannelAccount, SenderId
from clawdbot.domain.texts import APPROVED
from clawdbot.errors import RecipientRefused
from clawdbot.gateway.methods import METHODS
from clawdbot.gateway.tries import MOST_FAILURES
from clawdbot.service import Door, Service, wall_clock
from clawdbot.store.base import SendersKey
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import TEST, Client, Running, gateway, identity
from tests.support.people import Clock, Platform

TELEGRAM = ChannelAccount(Channel.TELEGRAM)
WORK = ChannelAccount(Channel.TELEGRAM, AccountId("work"))


async def knock(
    running: Running, sender: str, account: ChannelAccount = TELEGRAM, *, now: Callable[[], int] = wall_clock
) -> str:
    """Somebody writes to the bot; the code that he gets, if he gets one."""
    platform = Platform(account)

    async def send(_: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    door = Door(
        running.gateway.store,
        rules=lambda _: DmRules(DmPolicy.PAIRING),
        send=send,
        announce=running.gateway.sender_waits,
        now=now,
    )
    await door.knock(platform.message(sender))
    texts = [text for _, text in platform.sent]
    return texts[0].split("Pairing code: ")[1].split()[0] if texts else ""


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


async def test_S7_that_a_first_message_is_held_is_told_and_nothing_of_what_it_says() -> None:
    """With the request that it belongs to, to those who may decide; and that it is, when that comes about."""
    kept: list[Slip] = []
    async with gateway(holds=kept.__contains__) as running:
        pairing, reader = await operators(running)
        await knock(running, "42")
        await knock(running, "43")
        assert not any("held" in one for one in (await pairing.call("dm.pair.list"))["pending"])
        (request, _) = await Service(running.store).waiting(TELEGRAM)
        kept.append(Slip(TELEGRAM, request.sender, request.created_at))
        running.gateway.sender_held(TELEGRAM, request.sender)
        told = await pairing.event("dm.pair.held")
        assert told == {"channel": "telegram", "account": "default", "id": "42", "ts": told["ts"]}
        assert [one.get("held") for one in (await pairing.call("dm.pair.list"))["pending"]] == [True, None]
        assert not [frame for frame in reader.frames if str(frame.get("event")).startswith("dm.")]


async def test_G6_without_the_scope_nothing_is_seen_and_nothing_is_done() -> None:
    async with gateway() as running:
        _, reader = await operators(running)
        await knock(running, "42")
        for method in (method for method in METHODS if method.startswith("dm.pair.")):
            assert (await reader.refused(method))["message"] == "missing scope: operator.pairing"


async def test_a_request_is_rejected_and_the_sender_may_ask_again() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42")
        assert (await pairing.call("dm.pair.reject", channel="telegram", code=code))["decision"] == "rejected"
        assert await knock(running, "42") != code


DAY_MS = 86_400_000
FRIEND: dict[str, Any] = {"channel": "telegram", "sender": "tg:42"}


async def the_only(client: Client, which: str) -> dict[str, Any]:
    """The one who is in a list."""
    (one,) = (await client.call("dm.pair.list"))[which]
    return dict(one)


async def test_D17_somebody_is_let_in_for_a_day_under_a_name() -> None:
    """Then he is a stranger again; the name is kept, and shown wherever he is."""
    clock = Clock()
    async with gateway(now=clock) as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42", now=clock)
        await pairing.call("dm.pair.approve", channel="telegram", code=code, forMs=DAY_MS, label=" the  plumber ")
        allowed = await the_only(pairing, "allowed")
        assert (allowed["until"], allowed["label"]) == (iso(clock.now + DAY_MS), "the plumber")
        known = await Service(running.store).read(TELEGRAM)
        assert known.is_allowed(SenderId("42"), now=clock.now + DAY_MS - 1)
        assert not known.is_allowed(SenderId("42"), now=clock.now + DAY_MS)


async def test_an_approval_for_a_time_is_extended() -> None:
    """Counted from now, by the same term or another; there is nothing to extend about others."""
    clock = Clock()
    async with gateway(now=clock) as running:
        pairing, _ = await operators(running)
        assert (await pairing.refused("dm.pair.extend", **FRIEND))["message"] == "sender is not approved"
        code = await knock(running, "42", now=clock)
        await pairing.call("dm.pair.approve", channel="telegram", code=code, forMs=DAY_MS)
        clock.now += DAY_MS // 2
        for term, until in (({}, DAY_MS), ({"forMs": 2 * DAY_MS}, 2 * DAY_MS)):
            assert (await pairing.call("dm.pair.extend", **FRIEND, **term))["decision"] == "extended"
            assert (await the_only(pairing, "allowed"))["until"] == iso(clock.now + until)
        code = await knock(running, "43", now=clock)
        await pairing.call("dm.pair.approve", channel="telegram", code=code)
        refused = await pairing.refused("dm.pair.extend", channel="telegram", sender="43")
        assert refused["message"] == "sender is approved for good"


async def test_a_label_that_is_none_is_refused_before_anything_is_decided() -> None:
    """Too long, or with what hides in it; and it is no wrong try of a code."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42")
        for label in ("x" * 65, "a\u202eb"):
            for method, about in (("approve", {"channel": "telegram", "code": code}), ("expect", FRIEND)):
                refused = await pairing.refused(f"dm.pair.{method}", **about, label=label)
                assert refused["message"].startswith("that is no label")
            assert "no label" in (await pairing.refused("dm.pair.label", **FRIEND, label=label))["message"]
        assert (await the_only(pairing, "pending"))["id"] == "42"


async def test_somebody_is_turned_away_for_a_day_and_may_ask_earlier_if_it_is_taken_back() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        code = await knock(running, "42")
        await pairing.call("dm.pair.reject", channel="telegram", code=code, forMs=DAY_MS)
        assert await knock(running, "42") == ""
        assert (await the_only(pairing, "quiet"))["id"] == "42"
        assert (await pairing.call("dm.pair.unblock", **FRIEND))["decision"] == "unblocked"
        assert await knock(running, "42")


async def test_a_block_ends() -> None:
    """Everybody who may know hears of it; a second time there is nothing to end."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        await pairing.call("dm.pair.block", **FRIEND)
        assert await knock(running, "42") == ""
        assert (await pairing.event("dm.pair.resolved"))["decision"] == "blocked"
        await pairing.call("dm.pair.unblock", **FRIEND)
        assert (await pairing.event("dm.pair.resolved"))["decision"] == "unblocked"
        assert (await pairing.refused("dm.pair.unblock", **FRIEND))["message"] == "sender is not blocked"
        assert await knock(running, "42")


async def test_somebody_is_announced_and_is_in_with_his_first_message() -> None:
    """Under the name that he was announced by, and for the record by whom; taken back, he is a stranger."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        await pairing.call("dm.pair.expect", **FRIEND, forMs=DAY_MS, label="Ann")
        assert (await pairing.event("dm.pair.resolved"))["decision"] == "expected"
        assert {"until", "expectedAt"} < set(await the_only(pairing, "expected"))
        assert (await pairing.call("dm.pair.revoke", **FRIEND))["decision"] == "revoked"
        assert await knock(running, "42")
        await pairing.call("dm.pair.expect", **FRIEND)
        assert (await pairing.call("dm.pair.list"))["pending"] == [], "his request is void"
        assert await knock(running, "42") == ""
        allowed = await the_only(pairing, "allowed")
        assert (allowed["label"], allowed["by"]) == ("Ann", f"device {identity(1).device_id[:12]}")
        assert (await pairing.refused("dm.pair.expect", **FRIEND))["message"] == "sender is approved already"
        await pairing.call("dm.pair.block", **FRIEND)
        assert (await pairing.refused("dm.pair.expect", **FRIEND))["message"] == "sender is blocked"


async def test_D6_a_name_of_the_owner_s_decides_nothing() -> None:
    """It is given and taken away, also to somebody who is not known."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        assert (await pairing.call("dm.pair.label", **FRIEND, label="Ann"))["label"] == "Ann"
        code = await knock(running, "42")
        assert (await the_only(pairing, "pending"))["label"] == "Ann"
        await pairing.call("dm.pair.label", **FRIEND, label="")
        assert "label" not in await the_only(pairing, "pending")
        assert code


async def test_D7_who_is_blocked_by_another_id_of_his_is_told_of_by_both() -> None:
    """Whoever keeps something about his request, such as an owner's reference, hears that it has ended."""
    number, account = SenderId("+15550001111"), SenderId("uuid:8f1c0c6e-0000-4000-8000-000000000001")
    signal = ChannelAccount(Channel.SIGNAL)
    async with gateway() as running:
        pairing, _ = await operators(running)
        await running.store.update(
            SendersKey(signal),
            lambda known: senders.request(
                known, account, {}, now=running.now(), randbelow=lambda _: 0, aliases=frozenset({number})
            ),
        )
        await pairing.call("dm.pair.block", channel="signal", sender=number)
        heard = [(await pairing.event("dm.pair.resolved"))["id"] for _ in range(2)]
        assert heard == [number, account]


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
