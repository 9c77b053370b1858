"""The reference's gateway as a process, on a state directory, with everything off that would look outside."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.support.own import SHARED, stop, until
from tests.support.peer import Peer

PATIENCE_S = 120.0
"""It starts in four seconds where nothing else runs."""

CONFIG = {
    "gateway": {"mode": "local"},
    "update": {"checkOnStart": False},
    "browser": {"enabled": False},
    "discovery": {"wideArea": {"enabled": False}},
}
QUIET = {"CLAWDBOT_SKIP_CHANNELS": "1", "CLAWDBOT_DISABLE_BONJOUR": "1", "CLAWDBOT_SKIP_CANVAS_HOST": "1"}


@contextmanager
def peer_gateway(peer: Peer) -> Iterator[int]:
    """Run it on the peer's state directory; its port. It has stopped at the end."""
    peer.state_dir.mkdir(mode=0o700, exist_ok=True)
    config = peer.home / "gateway.json"
    config.write_text(json.dumps(CONFIG), "utf-8")
    port = free_port()
    quiet = replace(peer, environ={**QUIET, "CLAWDBOT_CONFIG_PATH": str(config)})
    process = quiet.start("gateway", "--port", str(port), "--token", SHARED)
    try:
        until(lambda: process.poll() is not None or listens(port), "the reference's gateway listens", PATIENCE_S)
        assert process.poll() is None, "".join(process.communicate())
        yield port
    finally:
        stop(process)
        process.communicate()


def free_port() -> int:
    """A port that the system has to give; the reference wants to be told one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
