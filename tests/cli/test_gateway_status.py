"""``clawdbot gateway status``: does it run, where, and does it answer."""

from clawdbot.gateway import instance
from tests.support.command_line import CommandLine
from tests.support.gateways import SHARED, gateway


async def test_a_gateway_that_answers(cli: CommandLine) -> None:
    """Exit code 0, and where it was asked."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        with instance.hold(cli.state):
            told = (await cli.done("gateway", "status")).out
    assert told.splitlines()[0].startswith("gateway  running (process ")
    assert f"asked    ws://127.0.0.1:{running.gateway.port} (local loopback): something listens\n" in told
    assert told.endswith("answer   ok\n")


async def test_a_gateway_that_is_not_there(cli: CommandLine) -> None:
    """Exit code 3, and how to start one; without asking it is exit code 0."""
    cli.configure(port=1)
    said = await cli("gateway", "status")
    assert said.code == 3
    assert said.out.startswith("gateway  not running\n")
    assert "nothing listens" in said.out
    assert 'start it with "clawdbot gateway"' in said.out
    report = (await cli("gateway", "status", "--json")).json
    assert (report["rpc"]["ok"], report["port"]["status"]) == (False, "free")
    assert report["service"]["runtime"] == {"status": "stopped"}
    unasked = await cli.done("gateway", "status", "--no-probe", "--json")
    assert "rpc" not in unasked.json


async def test_a_gateway_that_does_not_let_us_in(cli: CommandLine) -> None:
    """Exit code 1: it is there, and says no."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": "wrong-one"})
        said = await cli("gateway", "status")
    assert (said.code, "answer   gateway connect failed: unauthorized" in said.out) == (1, True)


async def test_a_broken_configuration_is_said_and_not_in_the_way(cli: CommandLine) -> None:
    """The file is named, and the gateway looked for where it is by default."""
    cli.configure()
    (cli.state / "clawdbot.json").write_text("{gateway: {port: 'x'}}")
    said = await cli("gateway", "status", "--url", "ws://127.0.0.1:1")
    assert (said.code, "gateway.port: must be a whole number" in said.out) == (3, True)
    assert (await cli("gateway", "status", "--url", "ws://127.0.0.1:1", "--json")).json["config"]["cli"][
        "valid"
    ] is False


async def test_nothing_is_known_and_nothing_made(cli: CommandLine) -> None:
    """On a fresh machine looking with --no-probe leaves no trace."""
    said = await cli.done("gateway", "status", "--no-probe")
    assert "(not there: all defaults)" in said.out
    assert not cli.state.exists()
