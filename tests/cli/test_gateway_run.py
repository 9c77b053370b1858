"""``clawdbot gateway run`` with options, as a process: they count before the configuration."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from clawdbot.cli.gateway_run import BINDS
from clawdbot.config import Bind
from tests.support.gateways import connect_params, identity

TOKEN = "0f3c9b1e5a7d42186ce0f3a9"
ACCEPTED = ("--allow-unconfigured", "--compact", "--claude-cli-logs", "--ws-log", "full", "--tailscale", "off")
"""Options of the reference that have no effect."""


@dataclass
class Running:
    process: asyncio.subprocess.Process
    url: str
    fingerprint: str


@asynccontextmanager
async def gateway(state: Path, *options: str) -> AsyncIterator[Running]:
    """A gateway that has said where it listens."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAWDBOT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clawdbot", "gateway", "run", *options,
        env={**kept, "CLAWDBOT_STATE_DIR": str(state), "HOME": str(state.parent)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = ""
        async with asyncio.timeout(60):
            while "certificate" not in said:
                line = (await process.stdout.readline()).decode()
                assert line, said
                said += line
        (url,) = re.findall(r"listening +(wss://127\.\S+)", said)
        yield Running(process, url, said.split()[-1])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_the_option_takes_what_the_configuration_takes() -> None:
    """``--bind`` names every bind that there is, and no other."""
    assert list(BINDS) == [bind.value for bind in Bind]


async def test_options_count_before_the_configuration(tmp_path: Path) -> None:
    """TLS of its own making, a port that the system chose, and the token of the command line."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    config = state / "clawdbot.json"
    config.write_text("{gateway: {port: 1, bind: 'lan', auth: {password: 'c0nfigured'}, tls: {enabled: false}}}")
    config.chmod(0o600)
    options = ("--port", "0", "--bind", "loopback", "--tls", "--token", TOKEN, *ACCEPTED)
    async with gateway(state, *options) as running, aiohttp.ClientSession() as http:
        expected = aiohttp.Fingerprint(bytes.fromhex(running.fingerprint))
        async with http.ws_connect(running.url, ssl=expected) as ws:
            nonce = (await ws.receive_json())["payload"]["nonce"]
            params = connect_params(identity(1), nonce, token=TOKEN)
            await ws.send_json({"type": "req", "id": "1", "method": "connect", "params": params})
            assert (await ws.receive_json())["ok"]
        with pytest.raises(aiohttp.ServerFingerprintMismatch):
            await http.ws_connect(running.url, ssl=aiohttp.Fingerprint(bytes(32)))
        running.process.terminate()
        async with asyncio.timeout(30):
            assert await running.process.wait() == 0
    assert (state / "gateway" / "tls" / "gateway-cert.pem").is_file()
