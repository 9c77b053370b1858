"""Decisions by other processes on the state of a gateway that runs, as its operators see them over WebSockets."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clawdbot.domain.gate import DmPolicy, DmRules
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.service import Door, wall_clock
from clawdbot.store.files import FileStore
from tests.fakes.telegram import FakeTelegram
from tests.support.gateway import Home
from tests.support.gateways import ADMIN, NODE_HOST, TEST, Client, Running, gateway, identity
from tests.support.peer import find
from tests.support.people import Platform

DECIDE = """
import asyncio, sys
from pathlib import Path
from clawdbot.device_service import DeviceService
from clawdbot.domain.names import Role
from clawdbot.domain.scopes import OWNER
from clawdbot.node_service import NodeService
from clawdbot.store.files import FileStore

async def main(state_dir, verb, name):
    store = FileStore(Path(state_dir))
    devices, nodes = DeviceService(store), NodeService(store)
    match verb:
        case "approve": answer = await devices.approve(name, caller=OWNER)
        case "reject": answer = await devices.reject(name, caller=OWNER)
        case "remove": answer = await devices.remove(name, caller=OWNER)
        case "revoke": answer = await devices.revoke(name, Role.NODE, caller=OWNER)
        case "approve node": answer = await nodes.approve(await nodes.who_waits(name), name, caller=OWNER)
    print(type(answer).__name__)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def python(*arguments: str, state_dir: Path) -> str:
    """Run Python to its end, in a process of its own; what it printed."""
    environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(state_dir), "CLAWDBOT_CONFIG_PATH": str(state_dir / "none.json")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode().strip()


async def decide(state_dir: Path, verb: str, name: str) -> str:
    """Have another process decide about a device or a node."""
    return await python("-c", DECIDE, str(state_dir), verb, name, state_dir=state_dir)


async def wait(running: Running, number: int, **said: Any) -> str:
    """A device from afar asks; the id of its request."""
    client = await running.open(afar=True)
    answer = await client.connect(identity(number), **said)
    await client.close()
    request: str = answer["error"]["details"]["requestId"]
    return request


def events(client: Client, prefix: str) -> list[str]:
    """What a client heard: each event's name and decision."""
    heard = [event for event in client.events if event["event"].startswith(prefix)]
    return [f"{event['event']} {event['payload'].get('decision', '')}".strip() for event in heard]


async def test_G8_a_device_that_another_process_removes_is_out(tmp_path: Path) -> None:
    """Removed, or its role revoked: its sockets are closed, its calls fail, and it comes in no more."""
    state_dir = tmp_path / "state"
    async with gateway(FileStore(state_dir)) as running:
        admin = await running.admin()
        said: dict[str, Any] = {"client": NODE_HOST, "role": "node", "commands": ["system.run"]}
        for number, verb in ((1, "remove"), (2, "revoke")):
            await running.pair(admin, identity(number), **said)
            node = await running.connect(identity(number), afar=True, **said)
            device = identity(number).device_id
            call = await admin.ask("node.invoke", nodeId=device, command="system.run", idempotencyKey="k")
            await node.event("node.invoke.request")
            assert await decide(state_dir, verb, device) in ("Removed", "Revoked")
            assert await node.closed() == (1008, "device access changed")
            assert (await admin.answer(call))["error"]["message"] == "Error: node disconnected (system.run)"
            again = await running.open(afar=True)
            assert (await again.connect(identity(number), **said))["error"]["message"] == "pairing required"


async def test_operators_hear_of_decisions_that_other_processes_made(tmp_path: Path) -> None:
    """One event each, beside those for what is decided over the gateway; nobody without the scope hears any."""
    state_dir = tmp_path / "state"
    async with gateway(FileStore(state_dir)) as running:
        reader = await running.connect(identity(901), client=TEST, scopes=["operator.read"])
        admin = await running.admin()
        first, second, third = [await wait(running, number) for number in (1, 2, 3)]
        assert await decide(state_dir, "approve", first) == "Approved"
        resolved = await admin.event("device.pair.resolved")
        assert (resolved["requestId"], resolved["deviceId"]) == (first, identity(1).device_id)
        await admin.call("device.pair.approve", requestId=second)
        await decide(state_dir, "reject", third)
        node = (await admin.call("node.pair.request", nodeId="attic"))["request"]["requestId"]
        await decide(state_dir, "approve node", node)
        assert (await admin.event("node.pair.resolved"))["requestId"] == node
        await wait(running, 4)
        await admin.event("device.pair.requested")
        assert events(admin, "device.pair") == [
            *["device.pair.requested"] * 3,
            *["device.pair.resolved approved"] * 2,
            "device.pair.resolved rejected",
            "device.pair.requested",
        ]
        assert events(admin, "node.pair") == ["node.pair.requested", "node.pair.resolved approved"]
        assert events(reader, "device.") == events(reader, "node.") == []


async def knock(running: Running, sender: str) -> str:
    """A stranger writes to the bot; his code."""
    platform = Platform(ChannelAccount(Channel.TELEGRAM))

    async def send(_: ChannelAccount, conversation: str, text: str) -> None:
        await platform.send(conversation, text)

    door = Door(
        running.gateway.store,
        rules=lambda _: DmRules(DmPolicy.PAIRING),
        send=send,
        announce=running.gateway.sender_waits,
    )
    await door.knock(platform.message(sender))
    ((_, text),) = platform.sent
    return text.split("Pairing code: ")[1].split()[0]


async def test_operators_hear_of_senders_that_the_command_line_decides_about(tmp_path: Path) -> None:
    """``clawdbot pairing approve`` and ``revoke`` on the files: told once each, without a code (threats.md S7)."""
    state_dir = tmp_path / "state"
    async with gateway(FileStore(state_dir)) as running:
        pairing = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
        code = await knock(running, "42")
        await python("-m", "clawdbot", "pairing", "approve", "telegram", code, state_dir=state_dir)
        assert (await pairing.event("dm.pair.resolved"))["id"] == "42"
        await python("-m", "clawdbot", "pairing", "revoke", "telegram", "42", state_dir=state_dir)
        await pairing.event("dm.pair.resolved")
        await knock(running, "43")
        await pairing.event("dm.pair.requested")
        assert events(pairing, "dm.pair") == [
            "dm.pair.requested",
            "dm.pair.resolved approved",
            "dm.pair.resolved revoked",
            "dm.pair.requested",
        ]
        assert code not in json.dumps(pairing.events)


class Now:
    """The time by which a client of another process signs."""

    now = staticmethod(wall_clock)


async def test_a_whole_gateway_tells_of_each_decision_once(tmp_path: Path) -> None:
    """Its own door and the command line beside it, each in its process."""
    async with FakeTelegram() as telegram, aiohttp.ClientSession() as http:
        home = Home(tmp_path / "state", telegram)
        home.configure()
        async with home.gateway() as process:
            await process.says("ready as")
            (url,) = re.findall(r"listening +(ws://127\.\S+)", process.log())
            client = Client(Now(), await http.ws_connect(url))
            client.nonce = (await client.event("connect.challenge"))["nonce"]
            client.payload(await client.connect(identity(1), scopes=ADMIN, token=None))
            alice, bob = telegram.user(7, "Alice"), telegram.user(8, "Bob")
            alice.write("hello")
            code = (await alice.next_message()).partition("Pairing code: ")[2].partition("\n")[0]
            assert (await home.owner("pairing", "approve", "telegram", code))[0] == 0
            assert (await client.event("dm.pair.resolved"))["id"] == "7"
            bob.write("hello")
            while (await client.event("dm.pair.requested"))["id"] != "8":
                pass
            assert await process.stop() == 0
            await client.close()
    assert events(client, "dm.pair") == ["dm.pair.requested", "dm.pair.resolved approved", "dm.pair.requested"]


@pytest.mark.peer
async def test_operators_hear_of_senders_that_the_reference_approves(tmp_path: Path) -> None:
    """It takes the request away before it lets the sender in; told is the approval, and nothing else."""
    state_dir = tmp_path / "state"
    peer = find(tmp_path / "home", state_dir)
    async with gateway(FileStore(state_dir)) as running:
        pairing = await running.connect(identity(1), client=TEST, scopes=["operator.pairing"])
        code = await knock(running, "42")
        assert "42" in await asyncio.to_thread(peer.run, "pairing", "approve", "telegram", code)
        assert (await pairing.event("dm.pair.resolved"))["decision"] == "approved"
        await knock(running, "43")
        await pairing.event("dm.pair.requested")
        assert events(pairing, "dm.pair") == ["dm.pair.requested", "dm.pair.resolved approved", "dm.pair.requested"]


async def test_a_request_that_another_process_wrote_is_announced(tmp_path: Path) -> None:
    """By whatever program: what stands in the file waits, and the log says what to type."""
    state_dir = tmp_path / "state"
    async with gateway(FileStore(state_dir)) as running, gateway(FileStore(state_dir)) as other:
        admin = await running.admin()
        request = await wait(other, 1, scopes=["operator.read"])
        announced = await admin.event("device.pair.requested")
        assert (announced["requestId"], announced["scopes"]) == (request, ["operator.read"])
