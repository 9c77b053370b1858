"""Other machines: network namespaces with an Ethernet between them, so that addresses are real.

Making them needs root and iproute2; without them the tests that need it are skipped, and say so. What a namespace
holds, its devices and addresses, goes with it, so that two test runs at the same time do not meet.
"""

import ctypes
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

HOUSE = "10.77.0.1"
"""The gateway's address, for its neighbours."""
STRANGER, NEIGHBOUR, PROXY = "10.77.0.2", "10.77.0.3", "10.77.0.4"
"""Addresses on the street."""
HOUSE_6 = "fd77::1"
STRANGER_6, SAME_NETWORK_6, NEIGHBOUR_6 = "fd77::2", "fd77::3", "fd77:0:0:1::2"
"""The first two are of one network of 64 bits; the third is not."""

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Namespace:
    """A machine, as far as its network is concerned."""

    name: str

    def command(self, *words: str) -> list[str]:
        """The command that runs another one there, in the same process."""
        return [*self.prefix, *words]

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name)

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """A socket there; it can be used from here. Nothing else happens in this thread meanwhile."""
        with inside(self.name):
            return socket.socket(family, kind)

    def ip(self, *words: str) -> None:
        """Set its network up."""
        _ip("-n", self.name, *words)


@dataclass(frozen=True)
class Street:
    """A house with a gateway in it, and everybody else."""

    house: Namespace
    others: Namespace


@contextmanager
def street() -> Iterator[Street]:
    """Two machines on one Ethernet, or a skip; they are gone at the end, whatever happens."""
    reason = _impossible()
    if reason is not None:
        pytest.skip(f"NOT TESTED: connections from other addresses: {reason}")
    with ExitStack() as stack:
        made = Street(stack.enter_context(_namespace("house")), stack.enter_context(_namespace("street")))
        made.house.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", made.others.name)
        _furnish(made.house, [f"{HOUSE}/24", f"{HOUSE_6}/64", "fd77:0:0:1::1/64"])
        on_ipv4 = [f"{address}/24" for address in (STRANGER, NEIGHBOUR, PROXY)]
        on_ipv6 = [f"{address}/64" for address in (STRANGER_6, SAME_NETWORK_6, NEIGHBOUR_6)]
        _furnish(made.others, on_ipv4 + on_ipv6)
        yield made


@contextmanager
def nowhere() -> Iterator[tuple[str, ...]]:
    """What to begin a command with so that it reaches nobody; nothing, where no namespaces can be made."""
    if _impossible() is not None:
        yield ()
        return
    with _namespace("nowhere") as made:
        made.ip("link", "set", "lo", "up")
        yield made.prefix


@contextmanager
def _namespace(what: str) -> Iterator[Namespace]:
    made = Namespace(f"clawdbot-{what}-{os.getpid()}-{secrets.token_hex(3)}")
    _ip("netns", "add", made.name)
    try:
        yield made
    finally:
        _ip("netns", "delete", made.name)


def _furnish(machine: Namespace, addresses: Sequence[str]) -> None:
    for address in addresses:
        at_once = ["nodad"] if ":" in address else []
        machine.ip("address", "add", address, "dev", "eth0", *at_once)
    machine.ip("link", "set", "lo", "up")
    machine.ip("link", "set", "eth0", "up")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"


@cache
def _impossible() -> str | None:
    """Why there can be no namespaces here; ``None`` if there can."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    try:
        with _namespace("try") as trial:
            trial.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
            with inside(trial.name):
                pass
    except (AssertionError, OSError) as error:
        return f"this machine makes no network namespaces: {error}"
    return None


@contextmanager
def inside(name: str) -> Iterator[None]:
    """This thread in another namespace. No ``await`` of a loop that others use may happen in here."""
    with Path("/proc/thread-self/ns/net").open() as home, Path("/run/netns", name).open() as there:
        _set_namespace(there.fileno())
        try:
            yield
        finally:
            _set_namespace(home.fileno())


def _set_namespace(descriptor: int) -> None:
    """What ``os.setns`` does, which Python has from 3.12 on."""
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
