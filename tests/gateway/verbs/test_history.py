"""``history.list``: operators see what happened, as far as they may know it (threats.md G6, G16, S7)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateways import TEST, Client, Running, gateway, identity
from tests.support.histories import kept

OWN = identity(1)


@asynccontextmanager
async def at_work(state_dir: Path) -> AsyncIterator[tuple[Running, Client]]:
    """A gateway that keeps a history, and its admin."""
    with kept(state_dir) as history:
        async with gateway(**history) as running:
            yield running, await running.admin()


def told(page: Any) -> list[tuple[str, str]]:
    return [(one["kind"], one.get("id", "")[:4]) for one in page["entries"]]


async def block(client: Client, *senders: str, channel: str = "telegram") -> None:
    for sender in senders:
        await client.call("dm.pair.block", channel=channel, sender=sender)


async def test_what_was_decided_is_there_at_once_newest_first(tmp_path: Path) -> None:
    """Who, what, by whom, from where; without what binds it to its neighbours."""
    async with at_work(tmp_path) as (_, admin):
        await block(admin, "7", "8")
        await admin.call("dm.pair.unblock", channel="telegram", sender="7")
        page = await admin.call("history.list", of="sender")
        assert told(page) == [("unblocked", "7"), ("blocked", "8"), ("blocked", "7")]
        newest = page["entries"][0]
        assert {"seq", "at", "kind", "surface", "of", "channel", "account", "id", "by"} == set(newest)
        assert (newest["by"], newest["surface"]) == (f"device {identity(900).device_id[:12]}", "gateway")


async def test_it_comes_in_pages(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, admin):
        await block(admin, *map(str, range(1, 6)))
        first = await admin.call("history.list", limit=2, of="sender")
        assert told(first) == [("blocked", "5"), ("blocked", "4")]
        second = await admin.call("history.list", limit=3, of="sender", before=first["older"])
        assert told(second) == [("blocked", "3"), ("blocked", "2"), ("blocked", "1")]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"channel": "signal"}, ["+155"]),
        ({"channel": "telegram", "account": "Work"}, []),
        ({"channel": "telegram", "account": "Default"}, ["7", "7"]),
        ({"kinds": ["unblocked"]}, ["7"]),
        ({"id": "7"}, ["7", "7"]),
        ({"of": "device", "id": OWN.device_id, "kinds": ["approved"]}, [OWN.device_id[:4]]),
        ({"of": "history"}, []),
    ],
    ids=str,
)
async def test_it_is_filtered(tmp_path: Path, wanted: dict[str, Any], found: list[str]) -> None:
    async with at_work(tmp_path) as (running, admin):
        await running.pair(admin, OWN, scopes=["operator.read"])
        await block(admin, "7")
        await admin.call("dm.pair.unblock", channel="telegram", sender="7")
        await block(admin, "+15550001111", channel="signal")
        assert [id for _, id in told(await admin.call("history.list", **wanted))] == found


async def test_G16_without_admin_devices_are_told_of_to_themselves_alone(tmp_path: Path) -> None:
    """People to whoever may decide about them; other devices not even to who names one; the rest to nobody."""
    async with at_work(tmp_path) as (running, admin):
        await running.pair(admin, OWN, client=TEST, scopes=["operator.pairing"])
        await running.pair(admin, identity(2), client=TEST, scopes=["operator.read"])
        await block(admin, "7")
        pairing = await running.connect(OWN, client=TEST, scopes=["operator.pairing"])
        reader = await running.connect(identity(2), client=TEST, scopes=["operator.read"])
        seen = (await pairing.call("history.list"))["entries"]
        assert {one["id"] for one in seen} == {"7", OWN.device_id}
        other = await pairing.call("history.list", id=identity(2).device_id)
        assert other["entries"] == []
        assert identity(2).device_id in {one["id"] for one in (await admin.call("history.list"))["entries"]}
        assert (await reader.refused("history.list"))["message"] == "missing scope: operator.pairing"


async def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (_, admin):
        assert (await admin.refused("history.list", channel="icq"))["message"] == "unknown channel or account"
        assert "must be equal to constant" in (await admin.refused("history.list", of="x"))["message"]


async def test_S4_a_history_that_cannot_be_read_is_said_and_not_shown_as_empty(tmp_path: Path) -> None:
    (tmp_path / "history").symlink_to(tmp_path)
    async with at_work(tmp_path) as (_, admin):
        assert (await admin.refused("history.list"))["code"] == "UNAVAILABLE"
