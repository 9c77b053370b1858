"""``node.list``, ``node.describe``, ``node.invoke``, what nodes call: beyond the recorded scenes (threats.md G14)."""

from dataclasses import replace

from tests.support.gateways import NODE_HOST, SETTINGS, Client, Running, gateway, identity

ONE = identity(1).device_id


async def node(running: Running, number: int = 1, *commands: str, name: str = "vector-node") -> Client:
    return await running.connect(
        identity(number),
        client=replace(NODE_HOST, display_name=name),
        role="node",
        commands=commands or ("system.run",),
    )


async def test_G14_before_its_pairing_is_approved_a_node_is_nobody() -> None:
    """It is not listed, cannot be asked, and can call nothing."""
    async with gateway() as running:
        admin = await running.admin()
        client = await running.open(afar=True)
        await client.connect(identity(1), client=NODE_HOST, role="node", commands=["system.run"])
        await client.closed()
        assert (await admin.call("node.list"))["nodes"] == []
        invoke = {"nodeId": ONE, "command": "system.run", "idempotencyKey": "k"}
        assert (await admin.refused("node.invoke", **invoke))["details"] == {"code": "NOT_CONNECTED"}


async def test_G14_a_node_cannot_speak_for_another() -> None:
    """Under another's id it is refused; under its own, for what another was asked, it is ignored."""
    async with gateway() as running:
        admin = await running.admin()
        asked_one, other = await node(running), await node(running, 2)
        call = await admin.ask("node.invoke", nodeId=ONE, command="system.run", idempotencyKey="k")
        asked = await asked_one.event("node.invoke.request")
        said = {"id": asked["id"], "ok": True, "payload": "forged"}
        assert (await other.refused("node.invoke.result", nodeId=ONE, **said))["message"] == "nodeId mismatch"
        ignored = await other.call("node.invoke.result", nodeId=identity(2).device_id, **said)
        assert ignored == {"ok": True, "ignored": True}
        await asked_one.call("node.invoke.result", nodeId=ONE, **(said | {"payload": "true"}))
        assert (await admin.answer(call))["payload"]["payload"] == "true"


async def test_G14_the_owner_s_policy_is_that_of_the_moment() -> None:
    """Denied while the node is connected: from then on it is not asked, and not listed with it."""
    async with gateway() as running:
        admin = await running.admin()
        await node(running, 1, "system.run", "own.thing")
        invoke = {"nodeId": ONE, "command": "own.thing", "idempotencyKey": "k"}
        assert (await admin.refused("node.invoke", **invoke))["details"]["reason"] == "command not allowlisted"
        running.gateway.reconfigure(
            replace(SETTINGS, allow_commands=frozenset({"own.thing"}), deny_commands=frozenset({"system.run"}))
        )
        assert (await admin.call("node.describe", nodeId=ONE))["commands"] == ["own.thing"]
        denied = await admin.refused("node.invoke", **(invoke | {"command": "system.run"}))
        assert denied["details"] == {"reason": "command not allowlisted", "command": "system.run"}


async def test_the_list_is_connected_first_then_by_name() -> None:
    async with gateway() as running:
        admin = await running.admin()
        for number, name in [(1, "beta"), (2, "Alpha"), (3, "gamma")]:
            await (await node(running, number, name=name)).close()
        await node(running, 3, name="gamma")
        await node(running, 4, name="Delta")
        listing = await admin.call("node.list")
        assert [(one["displayName"], one["connected"]) for one in listing["nodes"]] == [
            ("Delta", True),
            ("gamma", True),
            ("Alpha", False),
            ("beta", False),
        ]
        await admin.call("device.rename", deviceId=identity(4).device_id, displayName="Kitchen")
        assert (await admin.call("node.describe", nodeId=identity(4).device_id))["displayName"] == "Kitchen"


async def test_what_a_node_answers_is_handed_on_as_it_is() -> None:
    """JSON in text is read strictly; what others could read differently stays text."""
    async with gateway() as running:
        admin = await running.admin()
        box = await node(running)
        for text, payload in [
            ('{"a":1}', {"a": 1}),
            ('{"a":1,"a":2}', {"payloadJSON": '{"a":1,"a":2}'}),
            ("NaN", {"payloadJSON": "NaN"}),
            ("[" * 100 + "]" * 100, {"payloadJSON": "[" * 100 + "]" * 100}),
        ]:
            call = await admin.ask("node.invoke", nodeId=ONE, command="system.run", idempotencyKey="k")
            asked = await box.event("node.invoke.request")
            await box.call("node.invoke.result", id=asked["id"], nodeId=ONE, ok=True, payloadJSON=text)
            answer = (await admin.answer(call))["payload"]
            assert (answer["payload"], answer["payloadJSON"]) == (payload, text)


async def test_a_failure_without_words() -> None:
    async with gateway() as running:
        admin = await running.admin()
        box = await node(running)
        call = await admin.ask("node.invoke", nodeId=ONE, command="system.run", idempotencyKey="k")
        asked = await box.event("node.invoke.request")
        await box.call("node.invoke.result", id=asked["id"], nodeId=ONE, ok=False)
        error = (await admin.answer(call))["error"]
        assert error == {"code": "UNAVAILABLE", "message": "node invoke failed", "details": {"nodeError": None}}
