"""What clients ask about the gateway itself; the reference's own programs need these answers."""

from tests.support.gateways import SHARED, gateway, identity


async def test_everything_that_a_probe_of_the_reference_asks_succeeds() -> None:
    """``gateway probe`` wants four answers, the panel five more; none holds the secret."""
    async with gateway() as running:
        probe = await running.connect(identity(1), scopes=["operator.admin"])
        for method in ("health", "status", "system-presence", "config.get"):
            assert await probe.call(method)
        assert await probe.call("last-heartbeat") is None
        assert await probe.call("voicewake.get") == {"triggers": ["clawd", "claude", "computer"]}
        assert (await probe.call("agents.list"))["agents"] == [{"id": "main"}]
        identity_ = await probe.call("agent.identity.get", sessionKey="agent:main:main")
        assert identity_ == {"agentId": "main", "name": "Assistant", "avatar": "A"}
        assert (await probe.refused("agent.identity.get", agentId="other"))["message"] == "unknown agentId"
        assert (await probe.call("exec.approvals.get"))["exists"] is False
        assert (await probe.call("channels.status", probe=False, timeoutMs=8000))["channels"] == {}
        assert SHARED not in str(probe.frames)


async def test_params_that_nobody_looks_at_may_be_anything() -> None:
    async with gateway() as running:
        admin = await running.admin()
        assert await admin.call("status", whatever=1)
        assert await admin.call("health", probe=True, other=2)
