"""The invariants of threats.md M about devices once more, with every state written to files and read back from them."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from clawdbot.domain.device_records import Device
from clawdbot.domain.effects import Change
from clawdbot.store.base import DeviceKey
from clawdbot.store.files import FileStore
from tests.support.devices_machine import DevicesMachine
from tests.support.devices_model import ID


class DevicesOnFiles(DevicesMachine):
    """What the rules decide is saved by the store; the next decision is about what it reads, sometimes elsewhere."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(prefix="clawdbot-store-")
        self.store = FileStore(Path(self.folder.name) / "state")
        super().__init__()

    def teardown(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.loop.close()
        self.folder.cleanup()

    @property
    def stored(self) -> Device:
        return self.loop.run_until_complete(self.store.read(DeviceKey(ID)))

    @stored.setter
    def stored(self, new: Device) -> None:
        assert new == self.stored == Device(ID), "a new machine begins with nothing"

    def save(self, change: Change[Device, Any]) -> None:
        before = self.stored

        def decide(device: Device) -> Change[Device, Any]:
            assert device == before
            return change if change.state != before else Change(device, change.answer, change.effects)

        saved = self.loop.run_until_complete(self.store.update(DeviceKey(ID), decide))
        assert saved.state == change.state
        self.perform(change)

    @rule()
    def another_process_goes_on(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.store = FileStore(Path(self.folder.name) / "state")


def test_M_the_invariants_hold_on_files() -> None:
    """Nothing is granted, lost or brought back by being written down."""
    run_state_machine_as_test(
        DevicesOnFiles,
        settings=settings(derandomize=True, database=None, deadline=None, stateful_step_count=40, max_examples=40),
    )
