"""How things are at this moment, as numbers; the rest is shown by ``test_scrape.py``."""

import os
import time

from clawdbot.errors import StoreUnavailable
from clawdbot.gateway.desk import furnish
from clawdbot.gateway.gauges import gauges, process
from clawdbot.gateway.metrics import exposition
from clawdbot.store.memory import MemoryStore
from tests.support.gateways import SETTINGS
from tests.support.people import Clock


async def test_a_store_that_cannot_be_read_is_a_number_itself() -> None:
    """The queues are left out, the rest is told all the same."""

    class Broken(MemoryStore):
        async def keys(self, kind):  # type: ignore[no-untyped-def]
            raise StoreUnavailable("cannot read /secret/place")

    desk = furnish(Broken(), lambda: SETTINGS, host="vm", channels=dict, now=Clock())
    text = exposition(await gauges(desk, dict))
    assert "clawdbot_store_usable 0\n" in text
    assert "clawdbot_pairing_waiting" not in text
    assert 'clawdbot_connected{role="node"} 0\n' in text
    assert "secret" not in text


async def test_empty_queues_are_zero() -> None:
    desk = furnish(MemoryStore(), lambda: SETTINGS, host="vm", channels=dict, now=Clock())
    text = exposition(await gauges(desk, dict))
    assert 'clawdbot_pairing_waiting{kind="device",channel="",account=""} 0\n' in text
    assert 'clawdbot_pairing_oldest_seconds{kind="node",channel="",account=""} 0.0\n' in text


def test_the_process_tells_of_itself() -> None:
    """In Prometheus' own names: memory, time, descriptors, and a start that lies in the past."""
    said = dict(line.split() for line in exposition(process()).splitlines() if not line.startswith("#"))
    assert int(said["process_resident_memory_bytes"]) > 1_000_000
    assert 0 < int(said["process_open_fds"]) < os.sysconf("SC_OPEN_MAX")
    assert float(said["process_cpu_seconds_total"]) > 0
    assert time.time() - 86_400 * 365 < float(said["process_start_time_seconds"]) <= time.time() + 1
