"""systemd is told when the gateway is ready, on the socket that it names."""

import socket
from pathlib import Path

from clawdbot.gateway.notify import READY, VARIABLE, ServiceManager


def test_the_service_manager_is_told(tmp_path: Path) -> None:
    """And programs that the gateway starts do not inherit the way to it."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(10)
        environ = {VARIABLE: path}
        ServiceManager(environ).tell(READY)
        assert systemd.recv(64) == b"READY=1"
        assert environ == {}


def test_an_abstract_socket_is_one_too(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{tmp_path}")
        systemd.settimeout(10)
        ServiceManager({VARIABLE: f"@{tmp_path}"}).tell(READY)
        assert systemd.recv(64) == b"READY=1"


def test_without_one_or_with_one_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    for environ in ({}, {VARIABLE: str(tmp_path / "gone")}, {VARIABLE: "vsock:2:1"}):
        ServiceManager(environ).tell(READY)
