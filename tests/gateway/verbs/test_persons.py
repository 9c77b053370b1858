"""``dm.pair.invite``, ``link`` and their opposites: what operators say beforehand (threats.md D7, G6, S7)."""

import json
from typing import Any

import pytest

from clawdbot.domain.facts import Fact, Kind
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.gateway.reports import AccountReport, ChannelReport
from clawdbot.service import Door
from tests.support.gateways import TEST, Client, Running, gateway, identity
from tests.support.people import Platform

TELEGRAM = {"channel": "telegram"}
DAY_MS = 86_400_000


async def operators(running: Running) -> tuple[Client, Client]:
    """One who may decide about senders and is no admin, and one who may only read."""
    pairing = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
    return pairing, await running.connect(identity(2), client=TEST, scopes=["operator.read"])


async def writes(running: Running, sender: str, text: str) -> str:
    """Somebody writes to the bot; what becomes of it."""
    platform = Platform(ChannelAccount(Channel.TELEGRAM))

    async def send(_: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    door = Door(running.gateway.store, rules=lambda _: DmRules(DmPolicy.PAIRING), send=send)
    await door.knock(platform.message(sender, text))
    return platform.sent[0][1] if platform.sent else ""


async def listed(client: Client, which: str) -> list[dict[str, Any]]:
    return list((await client.call("dm.pair.list"))[which])


async def test_an_invite_lets_one_person_in_and_no_other() -> None:
    """For as long and under the name that it says; it is listed, and used up then."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        made = await pairing.call("dm.pair.invite", **TELEGRAM, forMs=DAY_MS, lastingMs=7 * DAY_MS, label="Choir")
        (invite,) = await listed(pairing, "invites")
        assert invite == made["invite"]
        assert (invite["usesLeft"], invite["label"], invite["lastingMs"]) == (1, "Choir", 7 * DAY_MS)
        await writes(running, "42", made["word"].lower())
        (allowed,) = await listed(pairing, "allowed")
        assert (allowed["id"], allowed["label"]) == ("42", "Choir")
        assert "until" in allowed
        assert "Pairing code:" in await writes(running, "43", made["word"])
        assert (await listed(pairing, "invites"))[0]["usesLeft"] == 0


@pytest.mark.parametrize(
    ("where", "bot", "linked"),
    [
        (TELEGRAM, "@the_bot", True),
        (TELEGRAM, "The Bot", False),
        (TELEGRAM, None, False),
        ({**TELEGRAM, "account": "work"}, None, False),
        ({"channel": "discord"}, "@the_bot", False),
    ],
)
async def test_on_telegram_an_invite_is_a_link_where_it_is_known_how_the_bot_is_called(
    where: dict[str, str], bot: str | None, linked: bool
) -> None:
    """That of another account, or on another platform, is no name for a link."""
    accounts = {"default": AccountReport(state="ready", bot=bot), "work": AccountReport(state="connecting")}
    channels = {name: ChannelReport(name, accounts) for name in ("telegram", "discord")}
    async with gateway(channels=lambda: channels) as running:
        pairing, _ = await operators(running)
        made = await pairing.call("dm.pair.invite", **where)
        assert ("link" in made) is linked
        if linked:
            assert made["link"] == "https://t.me/the_bot?start=" + made["word"].replace("-", "")
            assert "Pairing code:" not in await writes(running, "42", "/start " + made["link"].split("=")[1])


async def test_D18_who_was_revoked_from_afar_comes_in_by_no_older_word() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        older = (await pairing.call("dm.pair.invite", **TELEGRAM, uses=5))["word"]
        await pairing.call("dm.pair.expect", **TELEGRAM, sender="42")
        await writes(running, "42", "hello")
        await pairing.call("dm.pair.revoke", **TELEGRAM, sender="42")
        assert "Pairing code:" in await writes(running, "42", older)
        newer = (await pairing.call("dm.pair.invite", **TELEGRAM))["word"]
        await writes(running, "42", newer)
        assert [one["id"] for one in await listed(pairing, "allowed")] == ["42"]


async def test_an_invite_is_void_when_its_owner_says_so() -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        made = await pairing.call("dm.pair.invite", **TELEGRAM, uses=5)
        id = made["invite"]["id"]
        assert (await pairing.call("dm.pair.uninvite", **TELEGRAM, id=id))["id"] == id
        assert "Pairing code:" in await writes(running, "42", made["word"])
        assert await listed(pairing, "invites") == []
        assert (await pairing.refused("dm.pair.uninvite", **TELEGRAM, id=id))["message"] == "unknown invite"


async def test_S7_the_word_is_told_to_who_made_it_and_to_nobody_else() -> None:
    """Neither in the list nor in events, nor in the history, where who made it stands."""
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        pairing, _ = await operators(running)
        other = await running.admin()
        word = (await pairing.call("dm.pair.invite", **TELEGRAM))["word"]
        await other.call("dm.pair.list")
        for spelled in (word, word.replace("-", "")):
            assert spelled not in json.dumps(other.frames)
            assert spelled not in json.dumps(await listed(pairing, "invites"))
            assert spelled not in repr(told)
    (invited,) = [one for one in told if one.kind is Kind.INVITED]
    assert invited.by == f"device {identity(1).device_id[:12]}"


async def test_G6_who_may_not_decide_may_not_invite() -> None:
    async with gateway() as running:
        _, reader = await operators(running)
        for method in ("invite", "uninvite", "link", "unlink"):
            assert (await reader.refused(f"dm.pair.{method}"))["message"] == "missing scope: operator.pairing"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"channel": "icq"}, "unknown channel or account"),
        ({**TELEGRAM, "uses": 0}, "that is no invite: an invite lets in 1 to 100 people"),
        ({**TELEGRAM, "label": "x" * 65}, "that is no invite: more than 64 characters"),
    ],
)
async def test_what_makes_no_invite_is_refused(params: dict[str, Any], told: str) -> None:
    async with gateway() as running:
        pairing, _ = await operators(running)
        assert (await pairing.refused("dm.pair.invite", **params))["message"] == told
        assert await listed(pairing, "invites") == []


async def test_D7_two_ids_are_one_person_when_the_owner_says_so() -> None:
    """Blocked by one of them, he is blocked by both, and everybody hears it of both; unlinked, the block stays."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        both = {**TELEGRAM, "sender": "tg:42", "other": "43"}
        assert (await pairing.call("dm.pair.link", **both))["ids"] == ["42", "43"]
        assert (await pairing.refused("dm.pair.link", **both))["message"] == "both ids are one person's already"
        await pairing.call("dm.pair.block", **TELEGRAM, sender="42")
        heard = [(await pairing.event("dm.pair.resolved"))["id"] for _ in range(2)]
        assert heard == ["42", "43"]
        blocked = {one["id"]: one.get("linked") for one in await listed(pairing, "blocked")}
        assert blocked == {"42": ["43"], "43": ["42"]}
        assert (await pairing.call("dm.pair.unlink", **both))["id"] == "43"
        assert (await pairing.refused("dm.pair.unlink", **both))["message"] == "those ids are not linked"
        assert len(await listed(pairing, "blocked")) == 2
        assert "sender's id" in (await pairing.refused("dm.pair.link", **{**both, "other": "@x"}))["message"]


async def test_what_is_decided_about_a_person_is_decided_under_every_id_of_his() -> None:
    """Turned away for a time, let ask again, announced, revoked, extended, called something; each id is told of."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        ann: dict[str, Any] = {**TELEGRAM, "sender": "42"}

        async def code() -> str:
            await writes(running, "42", "hello")
            return str((await listed(pairing, "pending"))[0]["code"])

        async def ids(which: str) -> list[str]:
            return sorted(one["id"] for one in await listed(pairing, which))

        await pairing.call("dm.pair.link", **ann, other="43")
        await pairing.call("dm.pair.reject", **TELEGRAM, code=await code(), forMs=DAY_MS)
        assert await ids("quiet") == ["42", "43"]
        await pairing.call("dm.pair.unblock", **{**ann, "sender": "43"})
        assert await ids("quiet") == []
        await pairing.call("dm.pair.expect", **{**ann, "sender": "43"})
        assert await ids("expected") == ["42", "43"]
        await pairing.call("dm.pair.revoke", **ann)
        assert await ids("expected") == []
        await pairing.call("dm.pair.approve", **TELEGRAM, code=await code(), forMs=DAY_MS)
        await writes(running, "43", "hello")
        await pairing.call("dm.pair.extend", **ann, forMs=9 * DAY_MS)
        assert len({one["until"] for one in await listed(pairing, "allowed")}) == 1
        await pairing.call("dm.pair.label", **{**ann, "sender": "43"}, label="Ann")
        assert [one["label"] for one in await listed(pairing, "allowed")] == ["Ann", "Ann"]
        told = [(one["payload"].get("decision"), one["payload"].get("id")) for one in pairing.events]
        for decision in ("rejected", "unblocked", "expected", "revoked", "extended"):
            assert {id for which, id in told if which == decision} == {"42", "43"}, decision


async def test_D7_who_is_linked_with_somebody_blocked_is_blocked_then() -> None:
    """And that is told."""
    async with gateway() as running:
        pairing, _ = await operators(running)
        await pairing.call("dm.pair.block", **TELEGRAM, sender="42")
        assert (await pairing.event("dm.pair.resolved"))["id"] == "42"
        await pairing.call("dm.pair.link", **TELEGRAM, sender="42", other="43")
        assert await pairing.event("dm.pair.resolved") | {"ts": 0} == {
            **TELEGRAM,
            "account": "default",
            "id": "43",
            "decision": "blocked",
            "ts": 0,
        }
