"""The whole audit, over a state directory as it lies there."""

from pathlib import Path

import pytest

from clawdbot.audit.devices import UNUSED_MS
from clawdbot.audit.report import audit
from clawdbot.domain.effects import Change
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.paths import Paths
from clawdbot.persons_service import PersonsService
from clawdbot.store.base import DeviceKey
from clawdbot.store.files import FileStore
from tests.support.devices import NOW, paired

GOOD = "{gateway: {auth: {token: '3f9c0b1e5a7d42186ce0f3a9b5d7e4c1'}}}"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return Paths(state, state / "clawdbot.json")


def write(paths: Paths, text: str, mode: int = 0o600) -> None:
    paths.config_path.write_text(text)
    paths.config_path.chmod(mode)


async def found(paths: Paths, now: int = NOW) -> list[str]:
    return [f"{finding.severity} {finding.id}" for finding in (await audit(paths, {}, now=now)).findings]


async def test_nothing_is_found_where_nothing_is_open(paths: Paths) -> None:
    write(paths, GOOD)
    assert await found(paths) == []


async def test_G15_a_configuration_with_a_placeholder_is_the_first_finding(paths: Paths) -> None:
    """And the state is looked at all the same."""
    write(paths, "{\ngateway: {auth: {token: 'changeme'}}}", mode=0o644)
    looked = await audit(paths, {}, now=NOW)
    assert looked.config is None
    first, second = looked.findings
    assert (first.id, first.file, first.key) == ("config.invalid", f"{paths.config_path}:2", "gateway.auth.token")
    assert first.detail == "is a placeholder, not a secret"
    assert second.id == "fs.config.perms_readable"


async def test_everything_is_looked_at_and_the_worst_comes_first(paths: Paths) -> None:
    write(paths, "{channels: {telegram: {dmPolicy: 'open', allowFrom: ['*'], botToken: '1:a'}}}")
    (paths.state_dir / "credentials").mkdir(mode=0o755)
    (paths.state_dir / "credentials").chmod(0o755)
    (paths.state_dir / ".stfolder").mkdir()
    store = FileStore(paths.state_dir)
    await store.update(DeviceKey(paired("admin").id), lambda device: Change(paired("admin"), None))
    await store.close()
    assert await found(paths, now=NOW + UNUSED_MS) == [
        "critical channels.telegram.dm.open",
        "warn gateway.loopback_no_auth",
        "warn devices.admin_unused",
        "warn fs.state",
        "warn fs.synced_dir",
    ]


async def test_S1_what_a_look_at_the_store_sets_right_is_a_finding_all_the_same(paths: Paths) -> None:
    write(paths, GOOD)
    store = FileStore(paths.state_dir)
    await store.update(DeviceKey(paired("admin").id), lambda device: Change(paired("admin"), None))
    await store.close()
    (paths.state_dir / "devices" / "paired.json").chmod(0o644)
    assert await found(paths) == ["warn fs.state"]


async def test_an_invite_that_is_open_is_worth_knowing_also_beside_a_broken_account(paths: Paths) -> None:
    write(paths, GOOD)
    service = PersonsService(FileStore(paths.state_dir), now=lambda: NOW)
    await service.invite(ChannelAccount(Channel.TELEGRAM), within_ms=60_000)
    broken = paths.state_dir / "credentials" / "discord-senders.json"
    broken.write_text("{")
    broken.chmod(0o600)
    assert await found(paths) == ["warn fs.state", "info invites.open"]
    assert await found(paths, now=NOW + 60_000) == ["warn fs.state"]


async def test_S4_broken_state_is_a_finding_and_no_crash(paths: Paths) -> None:
    write(paths, GOOD)
    devices = paths.state_dir / "devices"
    devices.mkdir(mode=0o700)
    (devices / "paired.json").write_text("{")
    (devices / "paired.json").chmod(0o600)
    assert await found(paths) == ["warn fs.state"]


async def test_a_configuration_elsewhere_is_looked_at_where_it_is(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "Dropbox").mkdir()
    elsewhere = Paths(paths.state_dir, tmp_path / "Dropbox" / "clawdbot.json")
    write(elsewhere, GOOD, mode=0o640)
    assert await found(elsewhere) == ["warn fs.config.perms_readable", "warn fs.synced_dir"]
