"""Puts the node host together and runs it until it is told to stop."""

import asyncio
import logging
import platform
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace

from clawdbot.client import identity_file, introduction
from clawdbot.client.connector import Connector, system_time
from clawdbot.client.introduction import Introduction
from clawdbot.client.token_file import TokenFile
from clawdbot.domain.bounds import NAME_LENGTH
from clawdbot.domain.names import Role
from clawdbot.domain.texts import visible
from clawdbot.node import policy_file, programs, record
from clawdbot.node.choice import Wanted
from clawdbot.node.commands import Commands
from clawdbot.node.host import Host
from clawdbot.node.policy import Mode
from clawdbot.node.policy_file import PolicyFile
from clawdbot.node.record import GatewayTokens, Record, RecordFile
from clawdbot.node.terminal import open_terminal
from clawdbot.paths import Paths

Say = Callable[[str], None]


def run(paths: Paths, wanted: Wanted, environ: Mapping[str, str], *, say: Say, verbose: bool = False) -> None:
    """Be a node until SIGINT or SIGTERM.

    Raises:
        UsageError: the gateway's address or fingerprint is none.
        Refused: the gateway does not want this node, or not any more.
        StoreError: the state cannot be used.
    """
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
        datefmt="%H:%M:%S",
    )
    host = assemble(paths, wanted, environ, say=say)
    asyncio.run(_until_stopped(host))


def assemble(paths: Paths, wanted: Wanted, environ: Mapping[str, str], *, say: Say) -> Host:
    """The node host of a state directory, made up the first time."""
    address = wanted.gateway.address()
    identity = identity_file.load_or_create(paths.state_dir, now=system_time())
    tokens = TokenFile(paths.state_dir, identity.device_id)
    file = RecordFile(paths.state_dir)
    mine = _record(file, wanted, settled=tokens.get(Role.NODE) is not None)
    policy = PolicyFile(paths.state_dir)
    commands = Commands(policy, open_terminal(), environ)
    for line in _greeting(mine, policy):
        say(line)
    known = Connector(
        address,
        identity,
        _introduction(mine, commands),
        wanted.credentials,
        GatewayTokens(tokens, file, wanted.gateway),
    )
    return Host(known, commands, say, redeemer=known.redeeming(wanted.word) if wanted.word else None)


def _record(file: RecordFile, wanted: Wanted, *, settled: bool) -> Record:
    """What the node keeps about itself from now on. One that has a token belongs to the gateway that gave it.

    Where a setup code leads is kept once that gateway has taken it.
    """
    old = file.read()
    mine = old or record.new_record(_machine())
    if wanted.name is not None:
        mine = replace(mine, name=visible(wanted.name, NAME_LENGTH))
    if wanted.word is None and (not settled or wanted.gateway.is_same_place(mine.gateway)):
        mine = replace(mine, gateway=wanted.gateway)
    file.keep(mine)
    return mine


def _introduction(mine: Record, commands: Commands) -> Introduction:
    client = introduction.program("node-host", "node", mine.name)
    return Introduction(
        client=replace(client, instance_id=mine.node_id),
        role=Role.NODE,
        scopes=(),
        caps=("system",),
        commands=commands.declared(),
        path_env=programs.SEARCH_PATH,
    )


def _greeting(mine: Record, file: PolicyFile) -> list[str]:
    policy = file.read().policy
    lines = [f'node "{visible(mine.name or mine.node_id)}"; exec policy: {policy.mode}']
    if policy.mode is Mode.DENY:
        lines.append("nothing is run here until you allow it: clawdbot node allow PROGRAM")
    return lines + [f"{policy_file.NAME}: {line}" for line in programs.mislisted(policy)]


def _machine() -> str:
    return visible(platform.node() or "node", NAME_LENGTH)


async def _until_stopped(host: Host) -> None:
    serving = asyncio.create_task(host.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        host.say("stopped")
