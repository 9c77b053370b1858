"""``clawdbot gateway call`` and ``health``."""

from typing import Any

import pytest

from tests.fakes.gateway import Line, fake_gateway
from tests.support.command_line import CommandLine
from tests.support.gateways import SHARED, gateway


async def test_call_prints_the_answer(cli: CommandLine) -> None:
    """Any method, with params or without."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        assert (await cli.done("gateway", "call", "health")).json["ok"] is True
        assert (await cli.done("gateway", "call", "node.list", "--json")).json["nodes"] == []
        request = {"nodeId": "n", "displayName": "N"}
        said = await cli.done("gateway", "call", "node.pair.request", "--params", str(request).replace("'", '"'))
        assert said.json["request"]["displayName"] == "N"


async def test_a_refused_call_is_exit_code_1(cli: CommandLine) -> None:
    """With the gateway's message, and nothing on standard output."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        said = await cli("gateway", "call", "no.such.method")
        assert (said.code, said.out) == (1, "")
        assert said.err.splitlines()[0] == "clawdbot: error: unknown method: no.such.method"
        wrong = await cli("gateway", "call", "device.pair.approve", "--params", "{}")
        assert "invalid device.pair.approve params" in wrong.err


async def test_params_must_be_json(cli: CommandLine) -> None:
    """Nothing is asked for otherwise."""
    said = await cli("gateway", "call", "health", "--params", "{")
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "clawdbot: error: invalid value for '--params': that is no JSON",
    )


async def test_the_final_answer_can_be_waited_for(cli: CommandLine) -> None:
    """``--expect-final`` passes over the first of two."""

    async def talk(line: Line) -> None:
        await line.let_in()
        request = await line.request()
        await line.answer(request, {"status": "accepted"})
        await line.answer(request, {"status": "ok", "text": "done"})
        await line.closed()

    async with fake_gateway(talk) as fake:
        words = ("gateway", "call", "agent", "--url", fake.url)
        assert (await cli.done(*words, "--expect-final")).json == {"status": "ok", "text": "done"}
        assert (await cli.done(*words)).json == {"status": "accepted"}


async def test_health_for_people_and_for_programs(cli: CommandLine) -> None:
    """One line, or the whole answer."""
    async with gateway() as running:
        cli.configure(port=running.gateway.port, auth={"token": SHARED})
        assert (await cli.done("gateway", "health")).out.startswith("OK (")
        assert (await cli.done("gateway", "health", "--json")).json["ok"] is True


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"ok": True, "durationMs": 3}, "OK (3 ms)\n"),
        ({"ok": True, "channelOrder": ["tele\x1bgram"]}, "OK (0 ms)\nChannels: tele\\x1bgram\n"),
        ({"ok": False}, "not OK (0 ms)\n"),
        (["strange"], "not OK (0 ms)\n"),
    ],
)
async def test_health_as_other_gateways_tell_it(cli: CommandLine, answer: Any, told: str) -> None:
    """S7: inert, whatever it is."""

    async def talk(line: Line) -> None:
        await line.let_in()
        await line.answer(await line.request(), answer)
        await line.closed()

    async with fake_gateway(talk) as fake:
        assert (await cli.done("gateway", "health", "--url", fake.url)).out == told
