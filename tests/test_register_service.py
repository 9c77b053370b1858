"""What the services of devices and of nodes have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clawdbot.device_service import DeviceService
from clawdbot.domain.device_records import TTL_MS
from clawdbot.domain.effects import Effect
from clawdbot.errors import StoreCorrupt
from clawdbot.node_service import NodeService
from clawdbot.register_service import system_mint
from clawdbot.store import register_files
from clawdbot.store.commit import commit
from clawdbot.store.files import FileStore
from tests.support.people import Clock
from tests.support.register_files import document, put
from tests.support.register_moves import NOW, DeviceMove, NodeMove


def test_the_system_s_mint_makes_what_the_protocol_wants() -> None:
    mint = system_mint()
    assert len({mint.token() for _ in range(100)}) == 100
    assert len(mint.token().reveal()) == 32
    assert mint.request_id()[14] == "4"


@pytest.mark.parametrize(
    ("service", "move", "folder"), [(DeviceService, DeviceMove, "devices"), (NodeService, NodeMove, "nodes")]
)
async def test_a_hundred_who_gave_up_are_forgotten_with_one_commit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: Callable[..., DeviceService | NodeService],
    move: Callable[..., Any],
    folder: str,
) -> None:
    """Whoever still waits, and whoever is in, stays; nothing is announced."""
    store, clock, performed = FileStore(tmp_path / "state"), Clock(NOW + TTL_MS), list[Effect]()
    for number in range(1, 104):
        late = move("ask", number, now=NOW + TTL_MS if number == 102 else NOW, seed=number)
        await store.update(late.key, late)
    await store.update(move("ask", 103).key, move("approve", 103))
    before = document(tmp_path / "state", f"{folder}/paired")
    commits = list[object]()

    def counted(*arguments: Any) -> None:
        commits.append(arguments)
        commit(*arguments)

    monkeypatch.setattr(register_files, "commit", counted)
    await service(store, perform=performed.append, now=clock).forget_expired()
    assert len(commits) == 1
    assert len(document(tmp_path / "state", f"{folder}/pending")) == 1
    assert document(tmp_path / "state", f"{folder}/paired") == before
    assert performed == []


async def test_what_is_on_record_is_the_same_object_while_nothing_changes(tmp_path: Path) -> None:
    """Whoever asks again and again what others did pays for a look at the files."""
    store = FileStore(tmp_path / "state")
    devices = DeviceService(store, now=Clock(NOW))
    move = DeviceMove("ask")
    await store.update(move.key, move)
    known = await devices.on_record()
    assert await devices.on_record() is known
    assert await devices.all() == [*known.values()]
    put(tmp_path / "state", "devices/pending", {})
    assert await devices.on_record() == {}
    put(tmp_path / "state", "devices/pending", b"{")
    with pytest.raises(StoreCorrupt):
        await devices.forget_expired()
