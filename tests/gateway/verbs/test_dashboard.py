"""``dashboard.link``, and what comes of the link: one device is paired, once, by the rules of threats.md."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from clawdbot.domain.connect import ClientInfo
from clawdbot.domain.credentials import AuthMode, GatewayAuth
from clawdbot.domain.effects import Change
from clawdbot.domain.names import DeviceId
from clawdbot.domain.secret import Secret
from clawdbot.errors import StoreUnavailable
from clawdbot.gateway.pairing_words import TTL_MS
from clawdbot.service import wall_clock
from clawdbot.store.base import DeviceKey
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import SETTINGS, SHARED, TEST, Client, Running, gateway, identity

PAGE = ClientInfo(id="clawdbot-control-ui", version="1", platform="web", mode="ui", display_name="Dashboard")
BROWSER = identity(7)
MODES = {
    "token": GatewayAuth(AuthMode.TOKEN, Secret(SHARED)),
    "password": GatewayAuth(AuthMode.PASSWORD, Secret(SHARED)),
    "none": GatewayAuth(AuthMode.NONE),
}


async def word(owner: Client, *scopes: str) -> str:
    text: str = (await owner.call("dashboard.link", scopes=list(scopes or ("operator.admin",))))["word"]
    return text


async def knock(running: Running, token: str | None, key: Any = BROWSER, **said: Any) -> dict[str, Any]:
    """A browser that connects; the answer, and the connection stays open."""
    client = await running.open({"Origin": running.url.rstrip("/")}, afar=said.pop("afar", False))
    return await client.connect(key, client=PAGE, token=token, scopes=said.pop("scopes", ["operator.admin"]), **said)


def message(answer: dict[str, Any]) -> str:
    text: str = answer["error"]["message"]
    return text


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("afar", [False, True])
async def test_a_browser_is_paired_by_a_link(mode: str, afar: bool) -> None:
    """However the gateway asks everybody else, and from wherever it comes; from then on it has a token of its own."""
    async with gateway() as running:
        owner = await running.admin()
        made = await word(owner)
        running.gateway._settings = replace(SETTINGS, auth=MODES[mode])
        answer = await knock(running, made, afar=afar)
        assert answer["ok"]
        assert answer["payload"]["auth"]["scopes"] == ["operator.admin"]
        assert (await knock(running, answer["payload"]["auth"]["deviceToken"], afar=afar))["ok"]
        assert (await owner.event("device.pair.resolved"))["decision"] == "approved"
        paired = {one["deviceId"]: one for one in (await owner.call("device.pair.list"))["paired"]}
        assert paired[BROWSER.device_id]["approvedBy"] == f"a link of device {identity(900).device_id[:12]}"


async def test_a_link_is_bound_to_the_first_browser() -> None:
    """A second one is a stranger with a wrong token; so is the first, once the owner has thrown it out (G8)."""
    async with gateway() as running:
        owner = await running.admin()
        made = await word(owner)
        assert (await knock(running, made))["ok"]
        assert message(await knock(running, made, identity(8))).startswith("unauthorized: gateway token mismatch")
        await owner.call("device.pair.remove", deviceId=BROWSER.device_id)
        assert message(await knock(running, made)).startswith("unauthorized: gateway token mismatch")
        assert (await owner.call("device.pair.list"))["pending"] == []


async def test_of_many_that_come_at_once_one_gets_in() -> None:
    async with gateway() as running:
        made = await word(await running.admin())
        answers = await asyncio.gather(*[knock(running, made, identity(100 + number)) for number in range(8)])
        assert sum(answer["ok"] for answer in answers) == 1


async def test_G6_a_link_gives_what_it_says_and_no_more() -> None:
    """Neither to the browser nor beyond what its maker holds; and only an administrator makes one."""
    async with gateway() as running:
        owner = await running.admin()
        made = await word(owner, "operator.read")
        assert message(await knock(running, made)).startswith("unauthorized")
        answer = await knock(running, made, scopes=["operator.read"])
        assert answer["payload"]["auth"]["scopes"] == ["operator.read"]
        refusal = await owner.refused("dashboard.link", scopes=["made.up"])
        assert refusal["message"] == "a link gives no scopes beyond your own"
        helper = await running.connect(identity(1), client=TEST, scopes=["operator.pairing", "operator.read"])
        refusal = await helper.refused("dashboard.link", scopes=["operator.read"])
        assert refusal["message"] == "missing scope: operator.admin"


async def test_a_link_makes_nobody_a_node() -> None:
    async with gateway() as running:
        made = await word(await running.admin())
        answer = await knock(running, made, role="node", scopes=[])
        assert message(answer).startswith("unauthorized")


async def test_G8_the_links_of_a_device_end_with_its_access() -> None:
    """It cannot come back through a door that it left open."""
    async with gateway() as running:
        owner = await running.admin()
        await running.pair(owner, identity(1), scopes=["operator.admin"])
        guest = await running.connect(identity(1), afar=True, scopes=["operator.admin"])
        made = await word(guest)
        await owner.call("device.token.revoke", deviceId=identity(1).device_id, role="operator")
        assert message(await knock(running, made)).startswith("unauthorized")


async def test_a_link_ends_after_ten_minutes() -> None:
    clock = {"ahead": 0}
    async with gateway(now=lambda: wall_clock() + clock["ahead"]) as running:
        made = await word(await running.admin())
        clock["ahead"] = TTL_MS
        client = await running.open()
        answer = await client.connect(BROWSER, client=PAGE, token=made, scopes=["operator.admin"])
        assert message(answer).startswith("unauthorized")


class Reluctant(MemoryStore):
    """A store on a full disk, while it is."""

    full = False

    async def update(self, key: Any, decide: Any) -> Change[Any, Any]:
        if self.full and key == DeviceKey(DeviceId(BROWSER.device_id)):
            raise StoreUnavailable("the disk is full")
        return await super().update(key, decide)


async def test_S2_a_link_that_could_not_be_used_is_good_again() -> None:
    """A pairing that cannot be saved is answered as failed, and can be tried again."""
    store = Reluctant()
    async with gateway(store) as running:
        made = await word(await running.admin())
        store.full = True
        assert (await knock(running, made))["error"]["code"] == "UNAVAILABLE"
        store.full = False
        assert (await knock(running, made))["ok"]


async def test_G9_the_dashboard_is_never_paired_silently() -> None:
    """A browser of the gateway's own machine that knows the shared secret waits, where a program would be let in."""
    async with gateway() as running:
        owner = await running.admin()
        answer = await knock(running, SHARED)
        assert answer["error"]["code"] == "NOT_PAIRED"
        await owner.call("device.pair.approve", requestId=answer["error"]["details"]["requestId"])
        assert (await knock(running, SHARED))["ok"]


async def test_what_waited_is_decided_by_the_link() -> None:
    """The same wish is approved under the id that everybody saw; another one is void."""
    async with gateway() as running:
        owner = await running.admin()
        for wish, decision in ((["operator.admin"], ["approved"]), (["operator.read"], ["rejected", "approved"])):
            key = identity(20 + len(decision))
            request = (await knock(running, SHARED, key, scopes=wish))["error"]["details"]["requestId"]
            assert (await knock(running, await word(owner), key))["ok"]
            told = [await owner.event("device.pair.resolved") for _ in decision]
            assert [one["decision"] for one in told] == decision
            assert told[0]["requestId"] == request
            assert (await owner.call("device.pair.list"))["pending"] == []


async def test_S7_the_word_is_in_the_answer_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    """Not in the log at any level, not in what others are told, not in the lists."""
    caplog.set_level(logging.DEBUG)
    async with gateway() as running:
        owner = await running.admin()
        other = await running.connect(identity(2), client=TEST, scopes=["operator.admin"])
        made = await word(owner)
        assert (await knock(running, made))["ok"]
        assert (await knock(running, made, identity(3)))["error"]
        await other.call("device.pair.list")
        assert made not in caplog.text
        assert made not in str(other.frames)
