"""``clawdbot security audit`` on real files and at a real gateway's door; what it prints is in the transcript."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from clawdbot.gateway import instance
from tests.support.gateways import gateway
from tests.support.transcript import clawdbot

TOKEN = "3f9c0b1e5a7d42186ce0f3a9b5d7e4c1"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def audit(state: Path, *options: str) -> Any:
    done = clawdbot(["security", "audit", "--json", *options], state)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert bool(report["summary"]["critical"]) == (done.returncode == 1)
    return report


def test_S1_fix_closes_what_is_open_and_changes_nothing_else(state: Path) -> None:
    config = state / "clawdbot.json"
    config.write_text(f"{{gateway: {{auth: {{token: '{TOKEN}'}}}}}}")
    credentials = state / "credentials"
    credentials.mkdir()
    store = credentials / "telegram-allowFrom.json"
    store.write_text('{"version": 1, "allowFrom": ["7"]}')
    for path, mode in ((config, 0o666), (credentials, 0o755), (store, 0o644), (state, 0o755)):
        path.chmod(mode)
    before = {path: path.read_text() for path in (config, store)}

    open_before = {finding["checkId"] for finding in audit(state)["findings"]}
    assert {"fs.config.perms_writable", "fs.state_dir.perms_readable", "fs.state"} <= open_before

    report = audit(state, "--fix")
    assert report["findings"] == []
    assert report["fixed"] == [str(path) for path in (state, config, credentials, store)]
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in (config, credentials, store, state)} == {
        config: 0o600,
        credentials: 0o700,
        store: 0o600,
        state: 0o700,
    }
    assert {path: path.read_text() for path in before} == before


async def test_deep_finds_nothing_at_a_gateway_that_does_what_it_should(state: Path) -> None:
    async with gateway() as running:
        port = running.gateway.port
        (state / "clawdbot.json").write_text(f"{{gateway: {{port: {port}, auth: {{token: '{TOKEN}'}}}}}}")
        (state / "clawdbot.json").chmod(0o600)
        assert (await asyncio.to_thread(audit, state, "--deep"))["findings"] == []


@pytest.mark.parametrize("tls", [False, True])
async def test_deep_knocks_where_the_gateway_of_the_state_says_that_it_listens(state: Path, tls: bool) -> None:
    """Started on another port, and without the TLS that is configured now: it is found, and asked."""
    async with gateway() as running:
        (state / "clawdbot.json").write_text(
            json.dumps({"gateway": {"port": 1, "auth": {"token": TOKEN}, "tls": {"enabled": tls}}})
        )
        (state / "clawdbot.json").chmod(0o600)
        with instance.hold(state) as place:
            place.listens(running.url.replace("http:", "ws:"))
            assert (await asyncio.to_thread(audit, state, "--deep"))["findings"] == []
            place.listens_nowhere()
            (silent,) = (await asyncio.to_thread(audit, state, "--deep"))["findings"]
    assert silent["checkId"] == "gateway.probe_failed"


def test_a_configuration_that_cannot_be_used_is_told_and_nothing_is_knocked_at(state: Path) -> None:
    (state / "clawdbot.json").write_text("{")
    (state / "clawdbot.json").chmod(0o600)
    (finding,) = audit(state, "--deep")["findings"]
    assert (finding["checkId"], finding["severity"]) == ("config.invalid", "critical")
