"""``device.pair.code``, and what comes of it: one device is paired, once, by the rules of threats.md."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.connect import ClientInfo
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.secret import Secret
from clawdbot.gateway.pairing_words import TTL_MS
from clawdbot.gateway.tries import MOST_FAILURES
from clawdbot.service import wall_clock
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import NODE_HOST, SETTINGS, SHARED, TEST, Client, Running, gateway, identity

BOX = identity(7)
OWNER = identity(900)
WRONG = "unauthorized: gateway token mismatch"


async def word(owner: Client, **said: Any) -> str:
    text: str = (await owner.call("device.pair.code", **said))["word"]
    return text


async def knock(
    running: Running,
    token: str,
    number: int = 7,
    *,
    role: str = "node",
    scopes: Sequence[str] = (),
    client: ClientInfo = NODE_HOST,
) -> dict[str, Any]:
    """A machine elsewhere that connects; the answer, and the connection stays open."""
    line = await running.open(afar=True)
    return await line.connect(identity(number), client=client, token=token, role=role, scopes=scopes)


def message(answer: dict[str, Any]) -> str:
    assert not answer["ok"]
    text: str = answer["error"]["message"]
    return text


@pytest.mark.parametrize("mode", [AuthMode.TOKEN, AuthMode.PASSWORD])
async def test_G18_a_node_is_paired_by_a_code(mode: AuthMode) -> None:
    """Without anybody's approval; operators hear of it, the record and the history say by whose code it came."""
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        owner = await running.admin()
        made = await owner.call("device.pair.code")
        assert set(made) == {"word", "role", "scopes", "expiresAtMs"}
        assert (made["role"], made["scopes"]) == ("node", [])
        running.gateway._settings = replace(SETTINGS, auth=GatewayAuth(mode, Secret(SHARED)))
        answer = await knock(running, made["word"])
        assert answer["ok"]
        assert (await owner.event("device.pair.resolved"))["decision"] == "approved"
        devices = await owner.call("device.pair.list")
        assert devices["pending"] == []
        (box,) = [one for one in devices["paired"] if one["deviceId"] == BOX.device_id]
        by = f"a setup code of device {OWNER.device_id[:12]}"
        assert (box["roles"], box.get("scopes", []), box["approvedBy"]) == (["node"], [], by)
        (approved,) = [one for one in told if one.kind is Kind.APPROVED and one.about.id == BOX.device_id]
        assert (approved.by, approved.surface) == (by, Surface.GATEWAY)
        assert approved.about == Subject(Of.DEVICE, BOX.device_id)
        token = answer["payload"]["auth"]["deviceToken"]
        assert (await knock(running, token))["ok"]


async def test_G14_it_is_a_node_like_any_other() -> None:
    """It is among the nodes, and does what it declared and no more."""
    async with gateway() as running:
        owner = await running.admin()
        box = await running.open(afar=True)
        said = {"client": NODE_HOST, "role": "node", "token": await word(owner), "commands": ["system.which"]}
        assert (await box.connect(BOX, **said))["ok"]
        (node,) = (await owner.call("node.list"))["nodes"]
        assert (node["nodeId"], node["paired"], node["connected"]) == (BOX.device_id, True, True)
        asked = {"nodeId": BOX.device_id, "idempotencyKey": "k"}
        refusal = await owner.refused("node.invoke", command="system.run", **asked)
        assert refusal["message"] == "node command not allowed"
        call = asyncio.create_task(owner.call("node.invoke", command="system.which", params={}, **asked))
        asks = await box.event("node.invoke.request")
        await box.call("node.invoke.result", id=asks["id"], nodeId=BOX.device_id, ok=True, payload={"bins": {}})
        assert (await call)["payload"] == {"bins": {}}
        assert (await box.refused("device.pair.code"))["message"] == "unauthorized role: node"


async def test_G18_a_code_is_good_once_for_the_first_key() -> None:
    """Also when many come at the same moment; those who come later bring a wrong token, the first one too (G8)."""
    async with gateway() as running:
        owner = await running.admin()
        made = await word(owner)
        answers = await asyncio.gather(*[knock(running, made, 100 + number) for number in range(8)])
        assert sum(answer["ok"] for answer in answers) == 1
        (node,) = (await owner.call("node.list"))["nodes"]
        await owner.call("device.pair.remove", deviceId=node["nodeId"])
        number = next(n for n in range(100, 108) if identity(n).device_id == node["nodeId"])
        assert message(await knock(running, made, number)).startswith(WRONG)
        assert (await owner.call("device.pair.list"))["pending"] == []


async def here(running: Running, token: str, number: int) -> dict[str, Any]:
    """A program of this machine that connects with a token."""
    line = await running.open()
    return await line.connect(identity(number), client=NODE_HOST, role="node", token=token)


async def test_G18_a_used_code_is_a_wrong_token_where_nobody_asks_for_one() -> None:
    """On this machine, which pairs without asking, too, and after a restart; any other text opens there as before."""
    store, settings = MemoryStore(), replace(SETTINGS, auth=GatewayAuth(AuthMode.NONE))
    async with gateway(store, settings) as running:
        made = await word(await running.admin())
        assert (await here(running, made, 7))["ok"]
        assert message(await here(running, made, 8)).startswith(WRONG)
    async with gateway(store, settings) as running:
        assert message(await here(running, made, 8)).startswith(WRONG)
        for other in ("anything", f"{0:043}", made[::-1], made + "="):
            assert (await here(running, other, 8))["ok"]


async def test_G18_a_code_for_something_else_is_a_wrong_token_where_nobody_asks_for_one() -> None:
    """So is one that is too old; and who brought it was not paired without asking."""
    clock = {"ahead": 0}
    settings = replace(SETTINGS, auth=GatewayAuth(AuthMode.NONE))
    async with gateway(None, settings, now=lambda: wall_clock() + clock["ahead"]) as running:
        owner = await running.admin()
        made = await word(owner, role="operator", scopes=["operator.read"])
        assert message(await here(running, made, 8)).startswith(WRONG)
        clock["ahead"] = TTL_MS
        line = await running.open()
        asked = {"client": TEST, "token": made, "scopes": ["operator.read"]}
        assert message(await line.connect(identity(8), **asked)).startswith(WRONG)
        assert len((await owner.call("device.pair.list"))["paired"]) == 1


async def test_G18_a_code_ends_after_ten_minutes() -> None:
    clock = {"ahead": 0}
    async with gateway(now=lambda: wall_clock() + clock["ahead"]) as running:
        made = await word(await running.admin())
        clock["ahead"] = TTL_MS
        assert message(await knock(running, made)).startswith(WRONG)


async def test_G18_a_code_for_a_node_makes_no_operator_and_the_other_way_round() -> None:
    """Neither is used up by who wants the other."""
    async with gateway() as running:
        owner = await running.admin()
        node, operator = await word(owner), await word(owner, role="operator", scopes=["operator.read"])
        assert message(await knock(running, node, role="operator", client=TEST)).startswith(WRONG)
        assert message(await knock(running, operator)).startswith(WRONG)
        assert (await knock(running, node))["ok"]
        reader = await knock(running, operator, 8, role="operator", scopes=["operator.read"], client=TEST)
        assert reader["payload"]["auth"]["scopes"] == ["operator.read"]


async def test_G6_a_code_gives_what_it_says_and_no_more() -> None:
    async with gateway() as running:
        made = await word(await running.admin(), role="operator", scopes=["operator.read"])
        greedy = await knock(running, made, role="operator", scopes=["operator.admin"], client=TEST)
        assert message(greedy).startswith(WRONG)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"role": "operator", "scopes": ["made.up"]}, "a setup code gives no scopes beyond your own"),
        ({"role": "node", "scopes": ["operator.read"]}, "a node holds no scopes"),
        ({"role": "owner"}, "invalid device.pair.code params: at /role: must be equal to constant"),
    ],
)
async def test_G6_what_nobody_may_give_is_refused(said: dict[str, Any], why: str) -> None:
    async with gateway() as running:
        refusal = await (await running.admin()).refused("device.pair.code", **said)
        assert refusal["message"].startswith(why)


async def test_G6_only_an_administrator_makes_codes() -> None:
    """Who may pair may decide about his own device, and lets nobody else in."""
    async with gateway() as running:
        scopes = ["operator.pairing", "operator.read", "operator.write"]
        helper = await running.connect(identity(1), client=TEST, scopes=scopes)
        for said in ({}, {"role": "operator", "scopes": ["operator.read"]}):
            assert (await helper.refused("device.pair.code", **said))["message"] == "missing scope: operator.admin"


@pytest.mark.parametrize("end", ["device.pair.remove", "device.token.revoke", "device.token.rotate"])
async def test_G18_G8_the_codes_of_a_device_end_with_its_access(end: str) -> None:
    """Removed, revoked or narrowed, it lets nobody in any more."""
    async with gateway() as running:
        owner = await running.admin()
        await running.pair(owner, identity(1), scopes=["operator.admin"])
        made = await word(await running.connect(identity(1), afar=True, scopes=["operator.admin"]))
        role = {} if end == "device.pair.remove" else {"role": "operator"}
        narrowed = {"scopes": ["operator.read"]} if end == "device.token.rotate" else {}
        await owner.call(end, deviceId=identity(1).device_id, **role, **narrowed)
        assert message(await knock(running, made)).startswith(WRONG)


async def test_what_waited_is_decided_by_the_code() -> None:
    """A node that asked before is approved under the id that everybody saw; another wish of its is void."""
    async with gateway() as running:
        owner = await running.admin()
        for role, decision in (("node", ["approved"]), ("operator", ["rejected", "approved"])):
            number = 20 + len(decision)
            asked = await knock(running, SHARED, number, role=role)
            request = asked["error"]["details"]["requestId"]
            assert (await knock(running, await word(owner), number))["ok"]
            told = [await owner.event("device.pair.resolved") for _ in decision]
            assert [one["decision"] for one in told] == decision
            assert told[0]["requestId"] == request
            assert (await owner.call("device.pair.list"))["pending"] == []


async def test_a_revoked_node_comes_back_by_a_code() -> None:
    """The owner's newest word counts, as an approval would."""
    async with gateway() as running:
        owner = await running.admin()
        assert (await knock(running, await word(owner)))["ok"]
        await owner.call("device.token.revoke", deviceId=BOX.device_id, role="node")
        assert message(await knock(running, SHARED)) == "pairing required"
        assert (await knock(running, await word(owner)))["ok"]


async def test_G11_wrong_words_are_counted_like_wrong_tokens() -> None:
    """After ten the address is locked, for a right one too; that is not used up by it, and others are not concerned."""
    async with gateway() as running:
        owner = await running.admin()
        made = await word(owner)
        for number in range(MOST_FAILURES):
            assert message(await knock(running, f"{number:043}")).startswith(WRONG)
        locked = (await knock(running, made))["error"]
        assert (locked["code"], locked["message"]) == ("UNAVAILABLE", "unauthorized: too many failed attempts")
        assert locked["retryAfterMs"] > 0
        near = await running.open()
        assert (await near.connect(identity(8), client=NODE_HOST, token=made, role="node"))["ok"]


async def test_S7_the_word_is_in_the_answer_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log at any level, not in the history, not in what others are told."""
    caplog.set_level(logging.DEBUG)
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        owner = await running.admin()
        other = await running.connect(identity(2), client=TEST, scopes=["operator.admin"])
        made = await word(owner)
        assert (await knock(running, made))["ok"]
        assert message(await knock(running, made, 8))
        await other.call("device.pair.list")
        assert made not in caplog.text + str(other.frames) + repr(told)
        assert "is paired by a setup code of device" in caplog.text
