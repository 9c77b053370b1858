"""``node.pair.*`` over a real socket, beyond the recorded scene: who may, and what is shown (threats.md G6, G7)."""

from dataclasses import replace

from clawdbot.domain.bounds import QueueLimits
from tests.support.gateways import SETTINGS, TEST, gateway, identity


async def test_G6_G7_without_admin_nothing_of_others_is_seen_or_decided() -> None:
    async with gateway() as running:
        admin = await running.admin()
        pairing = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
        asked = await admin.call("node.pair.request", nodeId="n1", displayName="One")
        request = {"requestId": asked["request"]["requestId"]}
        assert await pairing.call("node.pair.list") == {"pending": [], "paired": []}
        assert (await pairing.refused("node.pair.approve", **request))["message"] == "unknown requestId"
        assert (await pairing.refused("node.pair.reject", **request))["message"] == "unknown requestId"
        approved = await admin.call("node.pair.approve", **request)
        assert "token" not in approved["node"]
        assert "token" not in (await admin.call("node.pair.list"))["paired"][0]
        assert (await pairing.refused("node.rename", nodeId="n1", displayName="x"))["message"] == "unknown nodeId"
        assert await pairing.call("node.pair.verify", nodeId="n1", token="x") == {"ok": False}


async def test_G13_only_so_many_wait() -> None:
    async with gateway(settings=replace(SETTINGS, queue=QueueLimits(total=1))) as running:
        admin = await running.admin()
        await admin.call("node.pair.request", nodeId="n1")
        refused = await admin.refused("node.pair.request", nodeId="n2")
        assert refused == {"code": "UNAVAILABLE", "message": "too many nodes wait", "retryable": True}
