"""How things are at this moment, for whoever watches: queues, locks, channels, connections, the process itself."""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from clawdbot.domain.names import Instant
from clawdbot.errors import StoreError
from clawdbot.gateway.desk import Desk, monotonic
from clawdbot.gateway.metrics import Family, Gauge
from clawdbot.gateway.reports import ChannelReport, Channels

PROC: Final = Path("/proc/self")

Place = tuple[str, str, str]
"""Kind, channel and account of a queue; the latter two are empty for devices and nodes."""


async def gauges(desk: Desk, channels: Channels) -> list[Family]:
    """Look at everything once. What cannot be read now is left out, and the first gauge says so."""
    found: list[Family] = []
    try:
        found += _queues(await _waiting(desk), desk.house.now())
        usable = 1
    except StoreError:
        usable = 0
    found.insert(0, Gauge("clawdbot_store_usable", "Whether the state can be read", (), [((), usable)]))
    return [*found, *_locks(desk), *_channels(channels().items()), _connected(desk), *process()]


async def _waiting(desk: Desk) -> dict[Place, list[Instant]]:
    """Since when somebody waits, in each queue."""
    house, now = desk.house, desk.house.now()
    found: dict[Place, list[Instant]] = {}
    for account in await house.senders.accounts():
        place = ("sender", account.channel.value, account.account)
        found[place] = [request.created_at for request in await house.senders.waiting(account)]
    devices = [known.waiting(now) for known in await house.devices.all()]
    found["device", "", ""] = [request.asked_at for request in devices if request is not None]
    nodes = [known.waiting(now) for known in await house.node_pairing.all()]
    found["node", "", ""] = [request.asked_at for request in nodes if request is not None]
    return found


def _queues(waiting: dict[Place, list[Instant]], now: Instant) -> Iterator[Family]:
    labels = ("kind", "channel", "account")
    sizes = {place: len(since) for place, since in waiting.items()}
    ages = {place: max(0, now - min(since, default=now)) / 1000 for place, since in waiting.items()}
    yield Gauge("clawdbot_pairing_waiting", "Pairing requests that wait", labels, sizes.items())
    yield Gauge("clawdbot_pairing_oldest_seconds", "Age of the request that waits longest", labels, ages.items())


def _locks(desk: Desk) -> Iterator[Family]:
    locked = {
        ("credentials",): desk.failed.locked(monotonic()),
        ("codes",): desk.house.wrong_codes.locked(desk.house.now()),
    }
    yield Gauge("clawdbot_locked_out", "Addresses and devices that may not try now", ("of",), locked.items())


def _channels(reports: Iterable[tuple[str, ChannelReport]]) -> Iterator[Family]:
    accounts = [(channel, account, one) for channel, report in reports for account, one in report.accounts.items()]
    states = {(channel, account, one.state): 1 for channel, account, one in accounts}
    ready = {(channel, account): int(one.connected) for channel, account, one in accounts}
    yield Gauge(
        "clawdbot_channel_state", "The state that an account is in", ("channel", "account", "state"), states.items()
    )
    yield Gauge("clawdbot_channel_ready", "Whether an account works", ("channel", "account"), ready.items())


def _connected(desk: Desk) -> Family:
    counts = {("operator",): 0, ("node",): 0} | Counter((session.role.value,) for session in desk.hub)
    return Gauge("clawdbot_connected", "Connections that are in, by role", ("role",), counts.items())


def process() -> Iterator[Family]:
    """The process, in the words that Prometheus' own libraries use; what this system does not tell is left out."""
    times = os.times()
    yield Gauge(
        "process_cpu_seconds_total", "User and system time spent", (), [((), times.user + times.system)], kind="counter"
    )
    try:
        pages = int((PROC / "statm").read_text("ascii").split()[1])
        ticks = int((PROC / "stat").read_text("ascii").rpartition(")")[2].split()[19])
        booted = time.time() - float(Path("/proc/uptime").read_text("ascii").split()[0])
        descriptors = len(os.listdir(PROC / "fd"))
    except (OSError, ValueError, IndexError):
        return
    memory = pages * os.sysconf("SC_PAGE_SIZE")
    started = booted + ticks / os.sysconf("SC_CLK_TCK")
    yield Gauge("process_resident_memory_bytes", "Resident memory", (), [((), memory)])
    yield Gauge("process_start_time_seconds", "Start of the process since the epoch", (), [((), round(started, 2))])
    yield Gauge("process_open_fds", "Open file descriptors", (), [((), descriptors)])
