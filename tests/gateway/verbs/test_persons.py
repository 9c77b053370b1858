"""``dm.pair.invite``, ``link`` and their opposites: what operators say beforehand (threats.md D7, G6, S7)."""

import json
from typing import Any

import pytest

from clawdbot.domain.facts import Fact, Kind
from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import Channel, ChannelAccount
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
