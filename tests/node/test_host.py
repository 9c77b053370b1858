"""A node host and a gateway of ours, on real sockets: from the first knock to the end."""

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from clawdbot.channels.backoff import Backoff
from clawdbot.client import identity_file
from clawdbot.client.refusals import NO_WORDS
from clawdbot.client.token_file import TokenFile
from clawdbot.domain.names import Role
from clawdbot.errors import Refused
from clawdbot.node import commands as node_commands
from clawdbot.node import host as node_host
from clawdbot.node import programs, requests
from clawdbot.node.policy import Rule
from clawdbot.node.policy_file import PolicyFile
from clawdbot.node.record import RecordFile
from tests.support.gateways import SETTINGS, SHARED, Refusal
from tests.support.node_hosts import HostTask, Owner, host_of, owner_of
from tests.support.programs import Script, Signal, wait_until_gone
from tests.support.waiting import eventually


def device_of(state: Path) -> str:
    identity = identity_file.load(state)
    assert identity is not None
    return identity.device_id


async def let_in(owner: Owner, host: HostTask, state: Path) -> str:
    """Approve a node host and wait until it is there; its name."""
    await owner.approve()
    await host.says("connected")
    node = device_of(state)
    await owner.connected(node)
    return node


async def test_a_node_waits_is_approved_and_works(owner: Owner, state: Path) -> None:
    """The mission of a headless box: it says what to type, completes by itself, and does what it is allowed to."""
    PolicyFile(state).allow(Rule(programs.resolve("echo") or ""))
    async with host_of(state, owner.at) as host:
        command = await host.says("devices approve")
        (request,) = await owner.waiting()
        assert command.endswith(f"clawdbot devices approve {request['requestId']}")
        assert request["role"] == "node"
        await owner.program.call("device.pair.approve", requestId=request["requestId"])
        await host.says("connected")
        node = device_of(state)
        await owner.connected(node)
        assert (await owner.invoke(node, "system.which", bins=["sh"]))["bins"] == {"sh": programs.find("sh")}
        assert (await owner.invoke(node, "system.run", command=["echo", "hi"]))["stdout"] == "hi\n"
        assert await owner.refused(node, "system.run", command=["id"]) == "SYSTEM_RUN_DENIED: allowlist miss"
        (listed,) = (await owner.program.call("node.list"))["nodes"]
        assert (listed["displayName"], listed["caps"]) == ("box", ["system"])
        assert {"system.run", "system.which"} <= set(listed["commands"])
        assert "system.execApprovals.set" not in listed["commands"]


async def test_G14_a_node_can_do_nothing_before_it_is_approved(owner: Owner, state: Path) -> None:
    """It is not there."""
    async with host_of(state, owner.at) as host:
        await host.says("devices approve")
        with pytest.raises(Refusal, match="node not connected"):
            await owner.invoke(device_of(state), "system.which", bins=["sh"])


async def test_G5_a_waiting_node_is_one_request_and_one_announcement(owner: Owner, state: Path) -> None:
    """However often it tries."""
    knocks = 0

    def count() -> float:
        nonlocal knocks
        knocks += 1
        return 0.0

    async with host_of(state, owner.at, backoff=Backoff(first=0.001, most=0.002, chance=count)) as host:
        await eventually(lambda: knocks >= 50)
        assert len(await owner.waiting()) == 1
        assert host.lines[-3:] == ["waiting for approval", NO_WORDS, await host.says("devices approve")]
    announced = [event for event in owner.program.events if event["event"] == "device.pair.requested"]
    assert len(announced) == 1


async def test_a_token_is_kept_and_used_the_next_time(owner: Owner, state: Path) -> None:
    """Without the shared secret, and without a new approval."""
    async with host_of(state, owner.at) as host:
        await let_in(owner, host, state)
    async with host_of(state, owner.at, token=None) as host:
        await host.says("connected")
        await owner.connected(device_of(state))
    assert await owner.waiting() == []


async def test_a_rejected_node_stops_asking(owner: Owner, state: Path) -> None:
    """And says so."""
    async with host_of(state, owner.at) as host:
        request = await owner.program.event("device.pair.requested")
        await owner.program.call("device.pair.reject", requestId=request["requestId"])
        with pytest.raises(Refused, match="rejected"):
            await host.task


@pytest.mark.parametrize("token", [SHARED, None])
@pytest.mark.parametrize(
    ("method", "more"),
    [("device.token.revoke", {"role": "node"}), ("device.pair.remove", {})],
    ids=["revoke", "remove"],
)
async def test_G8_a_revoked_node_stops(
    owner: Owner, state: Path, token: str | None, method: str, more: dict[str, str]
) -> None:
    """With or without the shared secret: it says why, and does not come back by itself."""
    async with host_of(state, owner.at) as host:
        await let_in(owner, host, state)
    async with host_of(state, owner.at, token=token) as host:
        await host.says("connected")
        node = device_of(state)
        await owner.connected(node)
        await owner.program.call(method, deviceId=node, **more)
        with pytest.raises(Refused, match="took this node's access away"):
            await host.task
        assert (await owner.program.refused("node.invoke", **INVOKE, nodeId=node))["message"] == "node not connected"


INVOKE = {"command": "system.which", "params": {"bins": []}, "idempotencyKey": "k"}


async def test_a_rotated_token_is_not_a_revocation(owner: Owner, state: Path) -> None:
    """The node comes back with the shared secret, and keeps the new token."""
    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        tokens = TokenFile(state, identity_file.load_or_create(state, now=0).device_id)
        before = tokens.get(Role.NODE)
        host.lines.clear()
        await owner.program.call("device.token.rotate", deviceId=node, role="node")
        await host.says("connected")
        assert before is not None
        assert tokens.get(Role.NODE) not in (None, before)


@pytest.mark.usefixtures("nothing_left")
async def test_G8_what_runs_is_ended_with_the_access(state: Path, python: Script, ready: Signal) -> None:
    """Whatever the gateway had started: nobody may have it any more."""
    program, *arguments = python(f"open({str(ready)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    PolicyFile(state).allow(Rule(programs.resolve(program) or ""))
    async with owner_of() as owner, host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        running = asyncio.create_task(owner.refused(node, "system.run", command=[program, *arguments]))
        pid = int(await ready.said())
        await owner.program.call("device.token.revoke", deviceId=node, role="node")
        assert "node disconnected" in await running
        with pytest.raises(Refused):
            await host.task
        wait_until_gone(pid)


async def test_a_node_survives_its_gateway(owner: Owner, state: Path) -> None:
    """A restart, and the time without one."""
    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        host.lines.clear()
        settings = replace(SETTINGS, silent_local=True, port=owner.running.gateway.port)
        await owner.running.gateway.stop()
        await host.says("connection to the gateway lost (1012: service restart)")
        await host.says("no gateway listens")
        async with owner_of(store=owner.running.store, settings=settings) as again:
            await host.says("connected")
            await again.connected(node)
    assert sum("no gateway listens" in line for line in host.lines) == 1


async def test_too_much_at_once_is_refused(
    owner: Owner, state: Path, python: Script, ready: Signal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on."""
    monkeypatch.setattr(node_host, "MOST_AT_ONCE", 1)
    program, *arguments = python(f"open({str(ready)!r}, 'w').write('x'); open({str(ready)!r}).read(); print('done')")
    PolicyFile(state).allow(Rule(programs.resolve(program) or ""))
    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        running = asyncio.create_task(owner.invoke(node, "system.run", command=[program, *arguments]))
        await ready.said()
        assert await owner.refused(node, "system.which", bins=["sh"]) == "this node does 1 things at once already"
        await asyncio.to_thread(Path(str(ready)).write_text, "go on")
        assert (await running)["stdout"] == "done\n"
        assert await owner.invoke(node, "system.which", bins=[]) == {"bins": {}}


async def test_a_long_output_reaches_the_owner(owner: Owner, state: Path) -> None:
    """As much as fits: the connection does not break on it."""
    PolicyFile(state).allow(Rule(programs.resolve("sh") or ""))
    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        result = await owner.invoke(node, "system.run", command=["sh", "-c", r"head -c 300000 /dev/zero"])
        assert result["stdout"].endswith("... (truncated)")
        assert result["exitCode"] == 0
        assert await owner.invoke(node, "system.which", bins=[]) == {"bins": {}}


async def test_a_defect_is_answered(
    owner: Owner, state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway is told that it failed, not why; the node goes on."""

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("sekrit")

    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        with monkeypatch.context() as defect:
            defect.setattr(node_commands.Commands, "perform", broken)
            assert await owner.refused(node, "system.which", bins=["sh"]) == "the node failed"
        assert await owner.invoke(node, "system.which", bins=[]) == {"bins": {}}
    assert "a defect: system.which" in caplog.text


async def test_S7_the_log_tells_no_secrets(owner: Owner, state: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not the tokens, not what is run with which arguments, not what it printed."""
    caplog.set_level(logging.DEBUG)
    PolicyFile(state).allow(Rule(programs.resolve("echo") or ""))
    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        await owner.invoke(node, "system.run", command=["echo", "my-password"])
        await owner.refused(node, "system.run", command=["id", "my-password"])
    token = json.loads((state / "identity" / "device-auth.json").read_text())["tokens"]["node"]["token"]
    said = caplog.text + "\n".join(host.lines)
    for secret in (SHARED, token, "my-password"):
        assert secret not in said
    assert "echo" in said


async def test_the_record_names_the_gateway(owner: Owner, state: Path) -> None:
    """Where the node is at home, and what it is called."""
    async with host_of(state, owner.at) as host:
        await let_in(owner, host, state)
    record = RecordFile(state).read()
    assert record is not None
    assert (record.name, record.gateway) == ("box", owner.at)


async def test_G14_what_is_meant_for_another_node_is_not_done(
    owner: Owner, state: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor what cannot be read."""
    seen = asyncio.Event()
    invocation = requests.read_invocation
    kinds = iter([None, "another"])

    def odd(payload: object) -> object:
        found = invocation(payload)
        assert found is not None
        kind = next(kinds, "ours")
        seen.set()
        return None if kind is None else replace(found, node=kind) if kind == "another" else found

    async with host_of(state, owner.at) as host:
        node = await let_in(owner, host, state)
        monkeypatch.setattr(requests, "read_invocation", odd)
        for _ in range(2):
            seen.clear()
            waiting = asyncio.create_task(owner.invoke(node, "system.which", bins=[]))
            await seen.wait()
            waiting.cancel()
        assert await owner.invoke(node, "system.which", bins=[]) == {"bins": {}}
    assert caplog.text.count("passed over") == 2
