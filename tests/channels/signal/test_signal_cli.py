"""The contract with the real signal-cli: what our client and our fake take it for, it is.

Without an account it can neither send nor receive; everything up to there is asked of it. Installed by
``make signal-cli``; skipped loudly where it is not.
"""

import asyncio
import os
import shlex
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from clawdbot.channels.settings import SignalSettings
from clawdbot.channels.signal.adapter import SignalAdapter, Timing
from clawdbot.channels.signal.api import INVALID_PARAMS, NO_SUCH_METHOD, UNKNOWN_ACCOUNT, Rejected, SignalCli
from clawdbot.errors import NeedsLogin
from tests.channels.signal.conftest import ACCOUNT
from tests.support import install_signal
from tests.support.channels import Reports
from tests.support.desk import Desk

pytestmark = pytest.mark.signal_cli

NUMBER = "+15550009999"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def settings(tmp_path: Path) -> SignalSettings:
    """The real signal-cli, on a folder of its own, as a program to start; or a skip."""
    folder = install_signal.home()
    if not install_signal.is_installed(folder):
        pytest.skip(f"NOT TESTED: the real signal-cli: it is not installed in {folder}")
    cli = tmp_path / "signal-cli"
    program = shlex.quote(str(install_signal.program(folder)))
    java = shlex.quote(str(install_signal.java_home(folder)))
    cli.write_text(
        f"#!/bin/sh\nexport JAVA_HOME={java} SIGNAL_CLI_OPTS=-Xmx256m\n"
        f'exec {program} --config {shlex.quote(str(tmp_path / "data"))} "$@"\n'
    )
    cli.chmod(0o755)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    return SignalSettings(http_url=f"http://127.0.0.1:{port}", cli_path=str(cli), startup_timeout=60)


@pytest.fixture
async def adapter(settings: SignalSettings, tmp_path: Path) -> AsyncIterator[SignalAdapter]:
    made = SignalAdapter(ACCOUNT, settings, state_dir=tmp_path / "state")
    yield made
    await made.close()


@pytest.fixture
async def api(settings: SignalSettings, adapter: SignalAdapter) -> AsyncIterator[SignalCli]:
    """A client of a daemon that runs, started as the adapter starts it."""
    async with adapter._daemon():
        client = SignalCli(settings.http_url)
        yield client
        await client.close()


async def test_the_protocol_is_as_we_take_it(api: SignalCli, settings: SignalSettings) -> None:
    await api.check()
    assert await api.version() == install_signal.VERSION
    assert await api.accounts() == []
    for account in ("", NUMBER):
        with pytest.raises(Rejected) as refused:
            await api.send(account, NUMBER, "hello")
        assert refused.value.code == INVALID_PARAMS
    with pytest.raises(Rejected) as refused:
        await api._call("noSuchMethod", {})
    assert refused.value.code == NO_SUCH_METHOD
    with pytest.raises(Rejected) as refused:
        async with api.events(NUMBER):
            pass
    assert refused.value.code == UNKNOWN_ACCOUNT


async def test_it_is_strict_where_our_fake_is(api: SignalCli, settings: SignalSettings) -> None:
    async with httpx.AsyncClient(base_url=settings.http_url, trust_env=False) as client:

        async def post(content: str, **headers: str) -> httpx.Response:
            return await client.post("/api/v1/rpc", content=content, headers={**JSON, **headers})

        assert (await client.get("/api/v1/rpc")).status_code == 405
        assert (await post("{}", **{"Content-Type": "text/plain"})).status_code == 415
        assert (await post('{"jsonrpc":"2.0","method":"version"}')).status_code == 201
        broken = await post('{"jsonrpc":"2.0","meth')
        assert (broken.status_code, broken.json()["error"]["code"]) == (200, -32700)
        assert (await post('{"id":1,"method":"version"}')).json()["error"]["code"] == -32600
        assert len((await post('[{"jsonrpc":"2.0","id":1,"method":"version"}]')).json()) == 1


async def test_the_stream_opens_however_late_its_headers_come(api: SignalCli) -> None:
    """After 15 s, with the first keep-alive; a read timeout of less would reconnect for ever."""
    async with asyncio.timeout(40), api.events(""):
        pass


async def test_a_daemon_without_an_account_needs_a_login(adapter: SignalAdapter, settings: SignalSettings) -> None:
    with pytest.raises(NeedsLogin, match="signal-cli has no account") as caught:
        await adapter.run(Desk(), Reports())

    assert "signal-cli link" in caught.value.hint
    assert settings.http_url.encode().removeprefix(b"http://") not in _command_lines()


async def test_an_account_that_is_not_registered_needs_a_login(settings: SignalSettings, tmp_path: Path) -> None:
    """The daemon ends by itself, with the words that we know it by."""
    named = SignalSettings(NUMBER, settings.http_url, cli_path=settings.cli_path, startup_timeout=60)
    adapter = SignalAdapter(ACCOUNT, named, state_dir=tmp_path, timing=Timing())
    with pytest.raises(NeedsLogin, match=r"\+15550009999"):
        await adapter.probe()
    await adapter.close()


def _command_lines() -> list[bytes]:
    """The words of all commands that run."""
    found: list[bytes] = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            found += Path("/proc", name, "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
    return found
