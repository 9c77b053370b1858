"""A gateway as a process, as its surroundings see it: readiness, health, its log, and systemd's socket."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from clawdbot.gateway import instance
from clawdbot.gateway.healthcheck import is_healthy

PATIENCE_S = 60


def configure(state: Path, text: str = "{}") -> None:
    state.mkdir(mode=0o700, exist_ok=True)
    aside = state / "new"
    aside.write_text(text)
    aside.chmod(0o600)
    aside.replace(state / "clawdbot.json")


@asynccontextmanager
async def gateway(state: Path, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, socket.socket]]:
    """One that has told systemd that it is ready: its process, its address, and systemd's socket."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLAWDBOT_")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(state.parent / "notify"))
        systemd.setblocking(False)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "clawdbot", "gateway", "run", "--port", "0", *options,
            env={**kept, "CLAWDBOT_STATE_DIR": str(state), "NOTIFY_SOCKET": str(state.parent / "notify")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert await told(systemd) == b"READY=1"
            found = instance.find(state)
            assert found is not None
            yield process, found.url.replace("ws", "http", 1), systemd
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def told(systemd: socket.socket) -> bytes:
    async with asyncio.timeout(PATIENCE_S):
        return await asyncio.get_running_loop().sock_recv(systemd, 64)


async def ready(url: str, wanted: int) -> dict[str, object]:
    """Ask until it answers so; a changed configuration is seen with the next look at it."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_S):
        while True:
            async with http.get(f"{url}/readyz") as answer:
                said: dict[str, object] = await answer.json()
                if answer.status == wanted:
                    return said
            await asyncio.sleep(0.01)


async def test_ready_broken_mended_stopped(tmp_path: Path) -> None:
    """Every line of the log is JSON, systemd hears of the beginning and the end, and a broken file of 503."""
    state = tmp_path / "state"
    configure(state)
    async with gateway(state, "--log-format", "json") as (process, url, systemd):
        assert await ready(url, 200)
        configure(state, "{ channels: ")
        said = await ready(url, 503)
        assert said == {
            "ready": False,
            "checks": {
                "store": "ok",
                "listening": "ok",
                "configuration": "the configuration is broken",
                "channels": "ok",
            },
        }
        configure(state)
        assert await ready(url, 200)
        assert await asyncio.to_thread(is_healthy, state)
        process.send_signal(signal.SIGTERM)
        output, log = await process.communicate()
        assert (process.returncode, output) == (0, b"")
        assert await told(systemd) == b"STOPPING=1"
    said_lines = [json.loads(line) for line in log.splitlines()]
    assert all({"ts", "level", "logger", "msg"} <= line.keys() for line in said_lines)
    assert any(line["msg"].startswith("listening") for line in said_lines)
    assert not is_healthy(state)


async def test_the_check_works_with_tls_and_whatever_proxy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as the program that a container runs."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    state = tmp_path / "state"
    configure(state)
    async with gateway(state, "--tls"):
        for where, code in ((state, 0), (tmp_path / "none", 1)):
            assert await run("-m", "clawdbot.gateway.healthcheck", state=where) == code


async def test_no_gateway_is_not_healthy(tmp_path: Path) -> None:
    """Nothing there; or one that does not say where it listens."""
    assert not is_healthy(tmp_path / "none")
    with instance.hold(tmp_path):
        assert not is_healthy(tmp_path)


async def run(*words: str, state: Path) -> int:
    environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(state)}
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environ)
    return await process.wait()


async def test_the_log_s_format_may_come_from_the_environment(tmp_path: Path) -> None:
    """What is none of the two is refused before anything is started."""
    assert await code_with("CLAWDBOT_LOG_FORMAT", "pretty", tmp_path / "state") == 2
    assert not (tmp_path / "state").exists()


async def code_with(variable: str, value: str, state: Path, words: Sequence[str] = ("gateway", "run")) -> int:
    environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(state), variable: value}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clawdbot", *words, env=environ, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()
