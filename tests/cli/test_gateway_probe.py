"""``clawdbot gateway probe``: which of the gateways that could be meant are there."""

import asyncio

from tests.fakes.gateway import Line, fake_gateway
from tests.support.command_line import CommandLine
from tests.support.gateways import SHARED, gateway


async def test_the_own_gateway_is_found(cli: CommandLine) -> None:
    """With how long it took, and what it says about itself."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli.done("gateway", "probe")
        report = (await cli.done("gateway", "probe", "--json")).json
    assert said.out.startswith(
        f"Reachable: yes\n\nws://127.0.0.1:{running.gateway.port} (local loopback)\n  connected in "
    )
    assert (report["ok"], report["primaryTargetId"]) == (True, "localLoopback")
    (target,) = report["targets"]
    assert target["connect"]["ok"] is True
    assert target["self"]["host"]
    assert target["health"]["ok"] is True


async def test_every_gateway_that_could_be_meant_is_tried(cli: CommandLine) -> None:
    """The named one, the configured one and this machine's; one that works is enough."""
    async with gateway() as running:
        cli.configure(
            mode="remote",
            port=1,
            remote={"url": f"ws://127.0.0.1:{running.gateway.port}", "token": SHARED},
        )
        report = (await cli.done("gateway", "probe", "--url", "ws://127.0.0.1:2", "--json")).json
        told = (await cli.done("gateway", "probe", "--url", "ws://127.0.0.1:2")).out
    assert [(one["id"], one["active"], one["connect"]["ok"]) for one in report["targets"]] == [
        ("explicit", True, False),
        ("configRemote", True, True),
        ("localLoopback", False, False),
    ]
    assert report["primaryTargetId"] == "configRemote"
    assert report["targets"][0]["connect"]["error"] == "no gateway listens at ws://127.0.0.1:2"
    assert report["targets"][0]["self"] is None
    assert "  no gateway listens at ws://127.0.0.1:2\n" in told


async def test_none_is_there(cli: CommandLine) -> None:
    """Exit code 3."""
    cli.configure(port=1)
    said = await cli("gateway", "probe", "--json")
    assert (said.code, said.json["ok"], said.json["primaryTargetId"]) == (3, False, None)


async def test_one_is_there_and_does_not_let_us_in(cli: CommandLine) -> None:
    """Exit code 1, its reason and the close."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": "wrong-one"})
        said = await cli("gateway", "probe", "--json")
        told = await cli("gateway", "probe")
    assert (said.code, told.code) == (1, 1)
    connect = said.json["targets"][0]["connect"]
    assert connect["error"].startswith("connect failed: unauthorized: gateway token mismatch")
    assert connect["close"]["code"] == 1008
    assert told.out.startswith("Reachable: no\n")


async def test_all_must_be_answered(cli: CommandLine) -> None:
    """A gateway that lets us in and does not answer counts as unreachable, within the budget."""
    asked: list[str] = []

    async def talk(line: Line) -> None:
        await line.let_in()
        for _ in range(4):
            request = await line.request()
            asked.append(request["method"])
            if request["method"] != "status":
                await line.answer(request, {})
        await line.closed()

    async with fake_gateway(talk) as fake:
        cli.configure(port=fake.port)
        said = await asyncio.wait_for(cli("gateway", "probe", "--timeout", "500", "--json"), 20)
    assert sorted(asked) == ["config.get", "health", "status", "system-presence"]
    assert (said.code, said.json["targets"][0]["connect"]["error"]) == (3, "gateway timeout after 500ms")
