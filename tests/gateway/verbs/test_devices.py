"""``device.*`` over a real socket, by the rules of threats.md."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.support.gateways import ADMIN, NODE_HOST, SETTINGS, TEST, Client, Running, gateway, identity

READ = ["operator.read"]
ONE = identity(1).device_id


async def ask(running: Running, number: int = 1, **said: object) -> str:
    """A device from afar asks; its request."""
    client = await running.open(afar=True)
    request: str = (await client.connect(identity(number), **said))["error"]["details"]["requestId"]
    await client.close()
    return request


async def both(running: Running) -> tuple[Client, Client]:
    """The owner, and an operator who may pair but is no admin."""
    admin = await running.admin()
    return admin, await running.connect(identity(1), client=TEST, scopes=["operator.pairing", "operator.read"])


async def test_events_come_before_the_answer_on_the_same_socket() -> None:
    async with gateway() as running:
        admin = await running.admin()
        first, second = await ask(running, 1), await ask(running, 2)
        assert (await admin.call("device.pair.approve", requestId=first))["requestId"] == first
        assert (await admin.call("device.pair.reject", requestId=second)) == {
            "requestId": second,
            "deviceId": identity(2).device_id,
        }
        told = [
            frame.get("event") or ("answer" if frame["id"] != "connect" else "hello")
            for frame in admin.frames
            if frame.get("event", "device").startswith("device")
        ]
        requested, resolved = "device.pair.requested", "device.pair.resolved"
        assert told == ["hello", requested, requested, resolved, "answer", resolved, "answer"]


async def test_G5_what_was_seen_under_an_id_is_approved_or_nothing() -> None:
    """The device asks for more meanwhile: the old id is void, and there is no way to approve the latest."""
    async with gateway() as running:
        admin = await running.admin()
        seen = await ask(running, scopes=READ)
        await ask(running, scopes=["operator.admin"])
        assert (await admin.refused("device.pair.approve", requestId=seen))["message"] == "unknown requestId"
        assert (await admin.refused("device.pair.approve"))["message"].endswith("required property 'requestId'")
        assert (await admin.call("device.pair.list"))["paired"][0]["deviceId"] != ONE


async def test_G6_without_admin_a_session_manages_only_itself() -> None:
    """It sees its own device alone, and cannot approve, reject, rotate, revoke, rename or remove another's."""
    async with gateway() as running:
        admin, pairing = await both(running)
        request = await ask(running, 2, scopes=READ)
        listing = await pairing.call("device.pair.list")
        assert [device["deviceId"] for device in listing["paired"]] == [ONE]
        assert listing["pending"] == []
        other = identity(900).device_id
        tries: dict[str, dict[str, str]] = {
            "device.pair.approve": {"requestId": request},
            "device.pair.reject": {"requestId": request},
            "device.pair.remove": {"deviceId": other},
            "device.rename": {"deviceId": other, "displayName": "mine"},
            "device.token.rotate": {"deviceId": other, "role": "operator"},
            "device.token.revoke": {"deviceId": other, "role": "operator"},
        }
        for method, params in tries.items():
            refused = await pairing.refused(method, **params)
            unknown = await pairing.refused(method, **{name: "nope" if "Id" in name else "operator" for name in params})
            assert refused == unknown, "from outside they look alike"
        assert await admin.call("device.pair.approve", requestId=request)
        assert (await pairing.call("device.rename", deviceId=ONE, displayName=" Mine "))["displayName"] == "Mine"


async def test_G6_a_caller_grants_only_what_it_holds() -> None:
    """Not to itself either: asked for more, its own request is beyond it; rotating for more, too."""
    async with gateway() as running:
        admin, pairing = await both(running)
        client = await running.open()
        wish = (await client.connect(identity(1), client=TEST, scopes=["operator.admin"]))["error"]["details"]
        assert (await pairing.refused("device.pair.approve", **wish))["message"] == "unknown requestId"
        more = {"deviceId": ONE, "role": "operator", "scopes": ["operator.admin"]}
        assert (await pairing.refused("device.token.rotate", **more))["message"] == "unknown deviceId/role"
        await admin.call("device.pair.reject", **wish)
        node = await running.open(afar=True)
        as_node = (await node.connect(identity(1), client=NODE_HOST, role="node"))["error"]["details"]
        assert (await pairing.refused("device.pair.approve", **as_node))["message"] == "unknown requestId"
        assert await admin.call("device.pair.approve", **as_node)


async def test_G7_a_token_is_told_to_its_device_and_nobody_else() -> None:
    """Rotated by itself: in the answer. By another, in lists, approvals and events: nowhere."""
    async with gateway() as running:
        admin, pairing = await both(running)
        old = pairing.hello["auth"]["deviceToken"]
        by_other = await admin.call("device.token.rotate", deviceId=ONE, role="operator")
        assert set(by_other) == {"deviceId", "role", "scopes", "rotatedAtMs"}
        assert (await pairing.closed())[0] == 1008
        again = await running.connect(identity(1), client=TEST, scopes=["operator.pairing", "operator.read"])
        new = again.hello["auth"]["deviceToken"]
        assert new != old
        rotated = await again.call("device.token.rotate", deviceId=ONE, role="operator")
        assert len(rotated["token"]) == 32
        request = await ask(running, 2)
        await admin.call("device.pair.approve", requestId=request)
        await admin.call("device.pair.list")
        heard = json.dumps([frame for frame in admin.frames if frame.get("id") != "connect"])
        assert not [token for token in (old, new, rotated["token"]) if token in heard]


async def test_G7_a_token_is_good_for_its_device_and_role_and_what_was_approved() -> None:
    async with gateway() as running:
        admin = await running.admin()
        await running.pair(admin, identity(1), client=TEST, scopes=READ)
        owner = await running.connect(identity(1), afar=True, client=TEST, scopes=READ)
        token = owner.hello["auth"]["deviceToken"]
        wrong: list[tuple[int, dict[str, Any]]] = [
            (2, {"client": TEST, "scopes": READ}),
            (1, {"client": NODE_HOST, "role": "node"}),
            (1, {"client": TEST, "scopes": ["operator.write"]}),
        ]
        for number, said in wrong:
            client = await running.open(afar=True)
            assert "mismatch" in (await client.connect(identity(number), token=token, **said))["error"]["message"]
        again = await running.connect(identity(1), afar=True, client=TEST, scopes=READ, token=token)
        assert again.hello["auth"]["deviceToken"] == token


@pytest.mark.parametrize("id", ["__proto__", "constructor", "../x", "\0", "\u202ex", "toString", " "])
async def test_G17_unknown_ids_are_unknown(id: str) -> None:
    """Whatever they spell: data, and not found."""
    async with gateway() as running:
        admin = await running.admin()
        for method, params, message in [
            ("device.pair.approve", {"requestId": id}, "unknown requestId"),
            ("device.pair.reject", {"requestId": id}, "unknown requestId"),
            ("device.pair.remove", {"deviceId": id}, "unknown deviceId"),
            ("device.rename", {"deviceId": id, "displayName": "x"}, "unknown deviceId"),
            ("device.token.rotate", {"deviceId": id, "role": "node"}, "unknown deviceId/role"),
            ("device.token.revoke", {"deviceId": identity(900).device_id, "role": id}, "unknown deviceId/role"),
        ]:
            assert (await admin.refused(method, **params))["message"] == message
        assert await admin.call("health")


async def test_a_removed_device_is_a_stranger_again() -> None:
    async with gateway() as running:
        admin = await running.admin()
        await running.pair(admin, identity(1), scopes=ADMIN)
        assert await admin.call("device.pair.remove", deviceId=ONE) == {"deviceId": ONE}
        assert await ask(running, scopes=ADMIN)


async def test_who_is_removed_from_this_machine_pairs_again_and_who_is_revoked_does_not() -> None:
    """The answer says so, unless programs of this machine have to ask; dashboards here have to anyway."""
    async with gateway() as running:
        admin = await running.admin()

        async def comes(number: int = 1, **said: Any) -> bool:
            client = await running.open()
            return bool((await client.connect(identity(number), role="node", client=NODE_HOST, **said))["ok"])

        assert await comes()
        assert await admin.call("device.pair.remove", deviceId=ONE) == {"deviceId": ONE, "pairsAgain": ["node"]}
        assert await comes()
        await admin.call("device.token.revoke", deviceId=ONE, role="node")
        assert not await comes()
        running.gateway.reconfigure(replace(SETTINGS, silent_local=False))
        assert await admin.call("device.pair.remove", deviceId=ONE) == {"deviceId": ONE}
        assert not await comes()


async def test_a_blank_name_is_none() -> None:
    async with gateway() as running:
        admin = await running.admin()
        refused = await admin.refused("device.rename", deviceId=identity(900).device_id, displayName="  ")
        assert refused["message"] == "displayName required"
