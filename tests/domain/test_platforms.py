"""Platform families, the commands of each, and the owner's word on them."""

from pathlib import Path

import pytest

from clawdbot.domain.platforms import (
    COMMANDS,
    CommandPolicy,
    Family,
    MayNotRun,
    MayRun,
    WhyNot,
    allowed_commands,
    decide,
    family,
    usable,
)
from tests.support.recorded import TRANSCRIPTS, scene

NO_POLICY = CommandPolicy()
LINUX = allowed_commands(Family.LINUX, NO_POLICY)


@pytest.mark.parametrize(
    ("platform", "device_family", "expected"),
    [
        ("iOS 18.2", None, Family.IOS),
        ("ios 18.0", "Mac", Family.IOS),
        ("iPhone", None, Family.IOS),
        ("android 15", None, Family.ANDROID),
        ("darwin", None, Family.MACOS),
        ("macos 15.1", None, Family.MACOS),
        ("MacIntel", None, Family.MACOS),
        ("win32", None, Family.WINDOWS),
        ("Linux x86_64", None, Family.LINUX),
        ("linux 6.18.44-fc-v657", None, Family.LINUX),
        (" linux", None, Family.LINUX),
        ("", "iPad", Family.IOS),
        ("plan9", "Linux", Family.LINUX),
        ("plan9", None, Family.UNKNOWN),
        ("arch linux", None, Family.UNKNOWN),
        (None, None, Family.UNKNOWN),
    ],
)
def test_the_family_is_read_off_the_platform_first(
    platform: str | None, device_family: str | None, expected: Family
) -> None:
    assert family(platform, device_family) is expected


def test_each_family_has_its_commands() -> None:
    """The protocol's lists, by what tells them apart."""
    assert {name for name, commands in COMMANDS.items() if "system.run" in commands} == {
        Family.MACOS,
        Family.WINDOWS,
        Family.LINUX,
        Family.UNKNOWN,
    }
    assert {name for name, commands in COMMANDS.items() if "camera.snap" in commands} == {
        Family.IOS,
        Family.ANDROID,
        Family.MACOS,
        Family.UNKNOWN,
    }
    assert {name for name, commands in COMMANDS.items() if "sms.send" in commands} == {Family.ANDROID, Family.UNKNOWN}
    assert {name: len(commands) for name, commands in COMMANDS.items()} == {
        Family.IOS: 13,
        Family.ANDROID: 14,
        Family.MACOS: 19,
        Family.WINDOWS: 6,
        Family.LINUX: 6,
        Family.UNKNOWN: 20,
    }


def test_G14_the_owner_adds_and_removes_and_removing_wins() -> None:
    policy = CommandPolicy(allow=frozenset({"camera.snap", "my.own"}), deny=frozenset({"system.run", "my.own"}))
    allowed = allowed_commands(Family.LINUX, policy)
    assert "camera.snap" in allowed
    assert "system.which" in allowed
    assert "system.run" not in allowed
    assert "my.own" not in allowed


def test_a_node_is_listed_with_what_it_declared_and_may_run() -> None:
    assert usable([" system.which ", "system.run", "system.run", "sms.send", ""], LINUX) == (
        "system.run",
        "system.which",
    )


@pytest.mark.parametrize(
    ("command", "declared", "expected"),
    [
        ("system.run", ["system.run"], MayRun()),
        ("system.run", [" system.run "], MayRun()),
        ("sms.send", ["sms.send"], MayNotRun(WhyNot.NOT_ALLOWLISTED)),
        ("system.run", ["system.which"], MayNotRun(WhyNot.NOT_DECLARED)),
        ("system.run", [], MayNotRun(WhyNot.NOTHING_DECLARED)),
        (" system.run", ["system.run"], MayNotRun(WhyNot.NOT_ALLOWLISTED)),
        ("", [""], MayNotRun(WhyNot.NOT_ALLOWLISTED)),
    ],
)
def test_G14_a_command_runs_only_if_declared_and_allowed(
    command: str, declared: list[str], expected: MayRun | MayNotRun
) -> None:
    assert decide(command, declared, LINUX) == expected


NODE_SCENES = [path for path in TRANSCRIPTS if path.stem in ("70-node-invoke", "71-node-platform-allowlist")]


@pytest.mark.parametrize("path", NODE_SCENES, ids=lambda path: path.stem)
def test_recorded_nodes_are_listed_with_the_same_commands(path: Path) -> None:
    """What the reference listed a connected node with, of what that node declared."""
    frames = [event["frame"] for event in scene(path) if event.get("frame")]
    connects = [frame["params"] for frame in frames if frame.get("method") == "connect"]
    declared = {params["device"]["id"]: params for params in connects if params.get("role") == "node"}
    described = [frame["payload"] for frame in frames if "commands" in (frame.get("payload") or {})]
    nodes = [node for node in described if node.get("nodeId") in declared]
    assert nodes
    for node in nodes:
        params = declared[node["nodeId"]]
        client = params["client"]
        allowed = allowed_commands(family(client["platform"], client.get("deviceFamily")), NO_POLICY)
        assert list(usable(params["commands"], allowed)) == node["commands"]
