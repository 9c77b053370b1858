"""What is done for a gateway, with real programs: as far as the policy allows, and not a step further."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clawdbot.node import notices, programs
from clawdbot.node.commands import Commands
from clawdbot.node.policy import Mode, Rule
from clawdbot.node.policy_file import NAME, PolicyFile
from clawdbot.node.requests import Invocation

UNAME = programs.resolve("uname") or ""
ECHO = programs.resolve("echo") or ""
SH = programs.resolve("sh") or ""
SECRETS = {"CLAWDBOT_GATEWAY_TOKEN": "sekrit", "AWS_SECRET_ACCESS_KEY": "sekrit", "HOME": "/", "PATH": "/evil"}


@dataclass
class Person:
    """Whoever is asked, and what he was shown."""

    answer: bool | None
    shown: list[tuple[str, str, str]] = field(default_factory=list)

    async def ask(self, command: str, folder: str, variables: str) -> bool | None:
        self.shown.append((command, folder, variables))
        return self.answer


@pytest.fixture
def policy(state: Path) -> PolicyFile:
    return PolicyFile(state)


@pytest.fixture
def commands(policy: PolicyFile, tmp_path: Path) -> Commands:
    return Commands(policy, environ=SECRETS, home=tmp_path)


async def perform(commands: Commands, asked: str, /, **params: Any) -> list[tuple[str, Any]]:
    """What the gateway is told: methods, and what is in them."""
    invocation = Invocation("i1", "n1", asked, json.dumps(params), 30_000)
    messages = await commands.perform(invocation, limit=512 * 1024)
    return [(message.method, _told(message.params)) for message in messages]


def _told(params: dict[str, Any]) -> Any:
    payload = json.loads(params["payloadJSON"]) if "payloadJSON" in params else params["error"]["message"]
    return (params["event"], payload) if "event" in params else payload


async def run(commands: Commands, *argv: str, **more: Any) -> Any:
    """The result of a run: what came of it, or why it was not run."""
    *_, (method, result) = await perform(commands, "system.run", command=list(argv), **more)
    assert method == "node.invoke.result"
    return result


async def test_G14_nothing_is_run_by_default(commands: Commands, state: Path) -> None:
    """The gateway is told why, first as an event and then as the result."""
    (event, (name, about)), (result, refusal) = await perform(commands, "system.run", command=["uname"], runId="r1")
    assert (event, name) == ("node.event", "exec.denied")
    assert about == {
        "sessionKey": "node", "runId": "r1", "host": "node", "command": "uname", "reason": "security=deny",
    }  # fmt: skip
    assert (result, refusal) == ("node.invoke.result", "SYSTEM_RUN_DISABLED: security=deny")
    assert not state.exists()


async def test_what_is_listed_is_run(commands: Commands, policy: PolicyFile) -> None:
    """And told of as the reference's node does."""
    policy.allow(Rule(UNAME))
    (_, (name, about)), (_, result) = await perform(commands, "system.run", command=["uname", "-s"])
    assert (name, about["exitCode"], about["output"]) == ("exec.finished", 0, os.uname().sysname)
    assert len(about["runId"]) == 36
    assert result == {
        "exitCode": 0, "timedOut": False, "success": True, "stdout": f"{os.uname().sysname}\n", "stderr": "",
        "error": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "claims",
    [
        {"approved": True},
        {"approved": True, "approvalDecision": "allow-always"},
        {"agentId": "main", "security": "full", "ask": "off"},
        {"rawCommand": "uname", "elevated": True},
    ],
)
async def test_G14_nothing_in_a_request_approves_it(commands: Commands, policy: PolicyFile, claims: Any) -> None:
    """At the reference's node, ``approved`` from anybody who may invoke was enough."""
    policy.allow(Rule(UNAME))
    assert await run(commands, "echo", "x", **claims) == "SYSTEM_RUN_DENIED: allowlist miss"
    assert policy.read().policy.rules == (Rule(UNAME),)


async def test_G14_a_shell_is_a_program_like_others(commands: Commands, policy: PolicyFile) -> None:
    """What is given to a listed program is not looked at by any shell."""
    policy.allow(Rule(ECHO))
    assert (await run(commands, "echo", "$(id); `id` && id", "|", "id"))["stdout"] == "$(id); `id` && id | id\n"
    assert await run(commands, "/bin/sh", "-c", "echo x") == "SYSTEM_RUN_DENIED: allowlist miss"
    assert await run(commands, "echo x") == "SYSTEM_RUN_DENIED: allowlist miss"


async def test_G14_a_link_to_another_program_is_another_program(
    commands: Commands, policy: PolicyFile, tmp_path: Path
) -> None:
    """Under whatever name: what counts is where the path leads to now."""
    link = tmp_path / "uname"
    link.symlink_to(UNAME)
    policy.allow(Rule(UNAME))
    policy.allow(Rule(str(link)))
    assert (await run(commands, str(link)))["success"]
    link.unlink()
    link.symlink_to(SH)
    assert await run(commands, str(link), "-c", "id") == "SYSTEM_RUN_DENIED: allowlist miss"


async def test_a_program_is_run_under_its_real_name(commands: Commands, policy: PolicyFile, tmp_path: Path) -> None:
    """A program that does what it is called cannot be made to do another thing by a link."""
    link = tmp_path / "other-name"
    link.symlink_to(SH)
    policy.allow(Rule(SH))
    assert (await run(commands, str(link), "-c", "echo $0"))["stdout"] == f"{SH}\n"


async def test_arguments_are_judged(commands: Commands, policy: PolicyFile) -> None:
    """Where the owner said which."""
    policy.allow(Rule(ECHO, ("hello", "*")))
    assert (await run(commands, "echo", "hello", "you"))["stdout"] == "hello you\n"
    assert await run(commands, "echo", "-n", "you") == "SYSTEM_RUN_DENIED: allowlist miss"


async def test_G14_variables_are_judged(commands: Commands, policy: PolicyFile) -> None:
    """A program sees those that are harmless or listed, and none of our own secrets (threats.md S7)."""
    policy.allow(Rule(SH))
    seen = (await run(commands, "sh", "-c", "export", env={"TZ": "CET"}))["stdout"]
    assert "TZ='CET'" in seen.replace('"', "'")
    assert programs.SEARCH_PATH in seen
    assert "sekrit" not in seen
    for name in ("LD_PRELOAD", "PATH", "PYTHONPATH", "NODE_OPTIONS", "BASH_ENV", "STAGE"):
        refusal = f"SYSTEM_RUN_DENIED: the variable {name} may not be set on this node"
        assert await run(commands, "sh", "-c", "export", env={name: "x"}) == refusal


async def test_a_change_of_the_policy_counts_at_once(commands: Commands, policy: PolicyFile) -> None:
    """In the running node host."""
    policy.allow(Rule(UNAME))
    assert (await run(commands, "uname"))["success"]
    policy.disallow(UNAME)
    assert await run(commands, "uname") == "SYSTEM_RUN_DENIED: allowlist miss"
    policy.set_mode(Mode.DENY)
    assert await run(commands, "uname") == "SYSTEM_RUN_DISABLED: security=deny"


async def test_S4_a_policy_that_cannot_be_read_allows_nothing(
    commands: Commands, policy: PolicyFile, state: Path
) -> None:
    """Also not what it allowed before."""
    policy.allow(Rule(UNAME))
    (state / NAME).write_text('{"version": 1, "mode": "allowlist", "allow": [{"program": "/usr/bin/uname"')
    assert await run(commands, "uname") == "SYSTEM_RUN_DENIED: the node cannot read its exec policy"
    assert await perform(commands, "system.execApprovals.get") == [
        ("node.invoke.result", "SYSTEM_RUN_DENIED: the node cannot read its exec policy")
    ]


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "result"),
    [(None, "SYSTEM_RUN_DENIED: approval required"), (False, "SYSTEM_RUN_DENIED: user denied")],
)
async def test_asking_without_a_yes_is_no(
    commands: Commands, policy: PolicyFile, answer: bool | None, result: str, tmp_path: Path
) -> None:
    """Without a terminal, or with a no."""
    policy.set_mode(Mode.ASK)
    person = Person(answer)
    commands = Commands(policy, person, SECRETS, tmp_path)
    assert await run(commands, "echo", "a b", approved=True) == result
    assert person.shown == [(f"{ECHO} 'a b'", str(tmp_path), "")]


async def test_a_yes_counts_once(policy: PolicyFile, tmp_path: Path) -> None:
    """The real program, the folder and the variables are shown; the next time it is asked again."""
    policy.set_mode(Mode.ASK)
    person = Person(True)
    commands = Commands(policy, person, SECRETS, tmp_path)
    assert (await run(commands, "echo", "x", cwd="/", env={"TZ": "CET"}))["stdout"] == "x\n"
    assert (await run(commands, "echo", "x"))["success"]
    assert person.shown == [(f"{ECHO} x", "/", "TZ=CET"), (f"{ECHO} x", str(tmp_path), "")]
    assert policy.read().policy.rules == ()


async def test_what_is_listed_is_not_asked_about(policy: PolicyFile, tmp_path: Path) -> None:
    """Nor what does not exist, or sets what it may not."""
    policy.allow(Rule(UNAME))
    policy.set_mode(Mode.ASK)
    person = Person(True)
    commands = Commands(policy, person, SECRETS, tmp_path)
    assert (await run(commands, "uname"))["success"]
    assert await run(commands, "nosuchprogram") == "SYSTEM_RUN_DENIED: allowlist miss"
    assert "LD_PRELOAD" in await run(commands, "echo", env={"LD_PRELOAD": "x"})
    assert person.shown == []


# --- folders, time, other commands -----------------------------------------------------------------------------------


async def test_the_folder(commands: Commands, policy: PolicyFile, tmp_path: Path) -> None:
    """The one that is named, else the owner's own; one that is not there is an outcome."""
    pwd = programs.resolve("pwd") or ""
    policy.allow(Rule(pwd))
    assert (await run(commands, "pwd", cwd="/"))["stdout"] == "/\n"
    assert (await run(commands, "pwd"))["stdout"] == f"{tmp_path}\n"
    for folder in ("/no/such", ".", "/etc/passwd"):
        assert (await run(commands, "pwd", cwd=folder))["error"] == "no such folder"


@pytest.mark.usefixtures("nothing_left")
async def test_time_is_up(commands: Commands, policy: PolicyFile) -> None:
    """The time that the request gives is all that the program has."""
    policy.allow(Rule(programs.resolve("sleep") or ""))
    result = await run(commands, "sleep", "600", timeoutMs=1)
    assert result == {"timedOut": True, "success": False, "stdout": "", "stderr": "", "error": None}


async def test_which(commands: Commands) -> None:
    """Programs by name, on the path that counts here; others are left out, and paths are no names."""
    result = await perform(commands, "system.which", bins=["sh", "nosuchprogram", "/bin/sh", "../sh", ""])
    assert result == [("node.invoke.result", {"bins": {"sh": programs.find("sh")}})]


async def test_the_policy_is_shown_and_not_changed(commands: Commands, policy: PolicyFile) -> None:
    """Remote changes are refused, with the way to go."""
    policy.allow(Rule(UNAME))
    ((_, shown),) = await perform(commands, "system.execApprovals.get")
    assert shown["file"]["agents"] == {"*": {"allowlist": [{"pattern": UNAME}]}}
    ((_, refusal),) = await perform(
        commands,
        "system.execApprovals.set",
        file={"version": 1, "defaults": {"security": "full", "ask": "off"}},
        baseHash=shown["hash"],
    )
    assert "clawdbot node allow" in refusal
    assert policy.read().policy.rules == (Rule(UNAME),)


async def test_other_commands_are_refused(commands: Commands) -> None:
    """Unknown ones, and params that are none."""
    assert await perform(commands, "browser.proxy") == [("node.invoke.result", "command not supported")]
    assert await perform(commands, "system.run") == [
        ("node.invoke.result", "invalid system.run params: Object missing required field `command`")
    ]


async def test_notices(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declared and shown where something shows them."""
    monkeypatch.setattr(programs, "SEARCH", (str(tmp_path),))
    assert notices.find() is None
    assert commands.declared() == ("system.run", "system.which", "system.execApprovals.get")
    assert await perform(commands, "system.notify", title="T") == [
        ("node.invoke.result", "nothing shows notices on this node")
    ]
    program = tmp_path / "notify-send"
    program.write_text('#!/bin/sh\n[ "$4" = B ]\n')
    program.chmod(0o755)
    monkeypatch.setattr("clawdbot.node.notices.find", lambda: str(program))
    assert commands.declared()[-1] == "system.notify"
    assert await perform(commands, "system.notify", title="T", body="B") == [("node.invoke.result", {"ok": True})]
    assert await perform(commands, "system.notify", title="T", body="C") == [
        ("node.invoke.result", "the notice could not be shown")
    ]
