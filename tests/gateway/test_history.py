"""A gateway takes down who asked, who decided, who came and who was refused, whoever did it and by what way."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from clawdbot.domain.facts import Fact, Kind, Of, Subject, Surface
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.history.log import Log
from clawdbot.history.scribe import Scribe
from clawdbot.service import wall_clock
from clawdbot.store.files import FileStore
from tests.support.gateways import ADMIN, SHARED, gateway, identity
from tests.support.waiting import eventually

ONE = identity(1)


async def test_a_device_is_told_of_from_its_request_to_its_end() -> None:
    """Asked from afar, approved by the admin, came, revoked; each with who did it, and where from."""
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        admin = await running.admin()
        await running.pair(admin, ONE, scopes=["operator.read"])
        device = await running.connect(ONE, afar=True, scopes=["operator.read"])
        await device.close()
        await admin.call("device.token.rotate", deviceId=ONE.device_id, role="operator")
        await admin.call("device.token.revoke", deviceId=ONE.device_id, role="operator")
        await admin.call("device.pair.remove", deviceId=ONE.device_id)
    about = [one for one in told if one.about.id == ONE.device_id]
    kinds = [Kind.REQUESTED, Kind.APPROVED, Kind.CONNECTED, Kind.ROTATED, Kind.REVOKED, Kind.REMOVED]
    assert [one.kind for one in about] == kinds
    by = f"device {identity(900).device_id[:12]}"
    assert [one.by for one in about] == ["", by, "", by, by, by]
    assert {one.address for one in about if not one.by} == {"10.231.77.2"}
    assert {one.surface for one in about} == {Surface.GATEWAY}


async def test_G11_who_is_refused_at_the_door_is_told_of_with_the_reason() -> None:
    """A wrong secret, a signature over another nonce; who only has to wait is not refused."""
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        for said in ({"token": "wrong"}, {"nonce": "another"}, {}):
            client = await running.open(afar=True)
            assert not (await client.connect(ONE, **said))["ok"]
    refused = [one for one in told if one.kind is Kind.REFUSED]
    assert [one.address for one in refused] == ["10.231.77.2"] * 2
    assert "mismatch" in refused[0].why
    assert "nonce" in refused[1].why
    assert [one.kind for one in told] == [Kind.REFUSED, Kind.REFUSED, Kind.REQUESTED]
    assert "wrong" not in repr(told)
    assert SHARED not in repr(told)


async def test_G6_an_operator_who_may_not_is_told_of() -> None:
    """One that would approve another device, and holds no admin."""
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        admin = await running.admin()
        await running.pair(admin, ONE, scopes=["operator.pairing"])
        weak = await running.connect(ONE, scopes=["operator.pairing"])
        await weak.refused("device.pair.remove", deviceId=identity(900).device_id)
    refused = [one for one in told if one.kind is Kind.REFUSED]
    assert [(one.about.id, one.by) for one in refused] == [(identity(900).device_id, f"device {ONE.device_id[:12]}")]
    assert refused[0].why.startswith("removed: ")


async def _run(*words: str, state_dir: Path) -> None:
    environ = {**os.environ, "CLAWDBOT_STATE_DIR": str(state_dir)}
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environ)
    assert await process.wait() == 0


FOREIGN = """
import json, os, sys
from pathlib import Path
folder = Path(os.environ["CLAWDBOT_STATE_DIR"]) / "credentials"
folder.mkdir(mode=0o700, exist_ok=True)
(folder / "telegram-allowFrom.json").write_text(json.dumps({"version": 1, "allowFrom": ["8"]}))
"""


async def test_what_a_command_does_is_told_once_and_what_another_program_does_too(tmp_path: Path) -> None:
    """The command tells its own; the gateway, which sees both in the files, tells what nobody told."""
    seen: list[Fact] = []
    history = Log(tmp_path, now=wall_clock)
    scribe = Scribe(history)

    def record(fact: Fact) -> None:
        seen.append(fact)
        scribe.record(fact)

    def of(kind: Kind, sender: str) -> Callable[[], bool]:
        return lambda: any(one.kind is kind and one.about.id == sender for one in seen)

    async with gateway(FileStore(tmp_path), record=record):
        await _run("-m", "clawdbot", "pairing", "block", "telegram", "7", state_dir=tmp_path)
        await eventually(of(Kind.BLOCKED, "7"))
        await _run("-c", FOREIGN, state_dir=tmp_path)
        await eventually(of(Kind.APPROVED, "8"))
    scribe.close()
    telegram = ChannelAccount(Channel.TELEGRAM)
    told = [(one.fact.kind, one.fact.surface, one.fact.about) for one in history.entries()]
    assert told == [
        (Kind.BLOCKED, Surface.TERMINAL, Subject(Of.SENDER, "7", telegram)),
        (Kind.APPROVED, Surface.FILES, Subject(Of.SENDER, "8", telegram)),
    ]
    assert history.verify().broken is None


async def test_an_operator_decides_about_senders_under_its_own_name() -> None:
    """Blocked and revoked by a device, not by the terminal."""
    told: list[Fact] = []
    async with gateway(record=told.append) as running:
        admin = await running.connect(identity(900), scopes=ADMIN)
        await admin.call("dm.pair.block", channel="telegram", sender="7")
    (block,) = [one for one in told if one.kind is Kind.BLOCKED]
    assert (block.surface, block.by) == (Surface.GATEWAY, f"device {identity(900).device_id[:12]}")
