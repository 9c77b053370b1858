"""Our commands where the reference's own were recorded: the same requests, and for ``--json`` the same answers.

``tests/vectors/clients`` holds what the reference's programs sent and got, and what they printed. Here a gateway gives
the recorded answers to our commands.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.gateway import Line, fake_gateway
from tests.support.command_line import CommandLine

RECORDED = Path(__file__).parents[1] / "vectors" / "clients"
WITH_OUR_ANSWERS = ["devices-list", "nodes-status", "nodes-describe", "nodes-pending", "nodes-list"]
CALLS = ["gateway-call-health", "gateway-call-node-list", "gateway-health"]
REFUSED = ["nodes-invoke-disconnected", "nodes-rename", "devices-list-wrong-token", "devices-list-remote-unpaired"]


def recording(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


class Replay:
    """A gateway that answers as one did when the reference asked, by method."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        frames = [(event.get("conn"), event["frame"]) for event in recorded["transcript"] if "frame" in event]
        methods = {(conn, one["id"]): one["method"] for conn, one in frames if one["type"] == "req"}
        self.answers = {methods[conn, one["id"]]: one for conn, one in frames if one["type"] == "res"}
        self.recorded = Counter(method for method in methods.values() if method != "connect")
        self.params = {one["method"]: one.get("params") for _, one in frames if one["type"] == "req"}
        self.asked: list[tuple[str, Any]] = []

    async def __call__(self, line: Line) -> None:
        request = await line.greet()
        connected = self.answers["connect"]
        await line.send({**connected, "id": request["id"]})
        if not connected["ok"]:
            await line.ws.close(code=1008, message=connected["error"]["message"].encode()[:120])
            return
        while not (message := await line.ws.receive()).type.name.startswith("CLOS"):
            asked = json.loads(message.data)
            self.asked.append((asked["method"], asked.get("params")))
            await line.send({**self.answers[asked["method"]], "id": asked["id"]})


def printed(recorded: dict[str, Any]) -> Any:
    """The JSON that the reference printed, behind the line for people that it puts before some of it."""
    text: str = recorded["stdout"]
    return json.loads(text[min(text.find(bracket) for bracket in "{[" if bracket in text) :])


def words(recorded: dict[str, Any], url: str) -> list[str]:
    """The recorded command, at another gateway."""
    said = recorded["command"][1:]
    if "--url" in said:
        said = said[: said.index("--url")]
    return [*said, "--url", url, "--token", "sekrit"]


@pytest.mark.parametrize("name", WITH_OUR_ANSWERS + CALLS)
async def test_the_same_question_gets_the_same_answer_printed(cli: CommandLine, name: str) -> None:
    """Each property and each value; only line breaks within lists may differ."""
    recorded = recording(name)
    replay = Replay(recorded)
    async with fake_gateway(replay) as gateway:
        said = await cli.done(*words(recorded, gateway.url))
    assert said.json == printed(recorded)
    assert json.dumps(said.json) == json.dumps(printed(recorded)), "in the same order too"
    assert Counter(method for method, _ in replay.asked) == replay.recorded


@pytest.mark.parametrize("name", REFUSED)
async def test_the_same_question_gets_the_same_refusal(cli: CommandLine, name: str) -> None:
    """Exit code 1 and the gateway's message on standard error, as there."""
    recorded = recording(name)
    replay = Replay(recorded)
    async with fake_gateway(replay) as gateway:
        if name == "nodes-rename":  # our gateways can do better than the reference's; this one cannot
            replay.answers["device.rename"] = {
                "type": "res",
                "ok": False,
                "error": {"code": "INVALID_REQUEST", "message": "unknown method: device.rename"},
            }
        said = await cli(*words(recorded, gateway.url))
    message = next(one["error"]["message"] for one in replay.answers.values() if not one["ok"])
    assert (said.code, said.out) == (1, "")
    assert message in said.err.splitlines()[0]
    assert message in recorded["stderr"]


async def test_invoke_is_asked_as_the_reference_asks(cli: CommandLine) -> None:
    """The same params, but for the key, which is made up each time."""
    recorded = recording("nodes-invoke-disconnected")
    replay = Replay(recorded)
    async with fake_gateway(replay) as gateway:
        await cli(*words(recorded, gateway.url))
    ours = next(params for method, params in replay.asked if method == "node.invoke")
    theirs = replay.params["node.invoke"]
    assert {**ours, "idempotencyKey": ""} == {**theirs, "idempotencyKey": ""}
    assert len(ours["idempotencyKey"]) == len(theirs["idempotencyKey"])


async def test_a_probe_reports_as_the_reference_reports(cli: CommandLine) -> None:
    """The same properties everywhere, and the same values but for times, what was not looked for, and the URL."""
    recorded = recording("gateway-probe")
    replay = Replay(recorded)
    async with fake_gateway(replay) as gateway:
        cli.configure(port=gateway.port, auth={"token": "sekrit"})
        ours, theirs = (await cli.done("gateway", "probe", "--json")).json, printed(recorded)
    assert Counter(method for method, _ in replay.asked) == replay.recorded
    assert list(ours) == list(theirs)
    mine, other = ours["targets"][0], theirs["targets"][0]
    assert list(mine) == list(other)
    for name in ("id", "kind", "active", "tunnel", "self", "config", "health", "summary", "presence"):
        assert mine[name] == other[name], name
    assert {**mine["connect"], "latencyMs": 0} == {**other["connect"], "latencyMs": 0}
    for name in ("ok", "primaryTargetId", "warnings", "timeoutMs"):
        assert ours[name] == theirs[name], name
    assert ours["network"].keys() == theirs["network"].keys()
    assert ours["discovery"].keys() == theirs["discovery"].keys()


async def test_a_status_has_the_references_shape(cli: CommandLine) -> None:
    """Every property that does not speak of a service manager, which is not ours to know."""
    recorded = recording("gateway-status")
    async with fake_gateway(Replay(recorded)) as gateway:
        cli.configure(port=gateway.port, auth={"token": "sekrit"})
        ours, theirs = (await cli.done("gateway", "status", "--json")).json, printed(recorded)
    assert list(ours) == list(theirs)
    assert ours["config"]["cli"].keys() == theirs["config"]["cli"].keys()
    assert set(theirs["gateway"]) - set(ours["gateway"]) == {"probeNote"}
    assert ours["port"].keys() == theirs["port"].keys()
    assert ours["service"].keys() == theirs["service"].keys() - {"configAudit"}
    assert (ours["rpc"]["ok"], ours["port"]["status"]) == (theirs["rpc"]["ok"], theirs["port"]["status"])
