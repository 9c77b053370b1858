"""The road of the reference's node host at our gateway: it asks, is let in, serves, and is out again."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.own import OwnGateway, OwnMachine, ended, stop, until
from tests.support.peer import Peer

NAME = "box"


@dataclass(frozen=True)
class NodeRoad:
    """Who takes part.

    Attributes:
        owner: our command line, which decides.
        peer: the reference on the node's machine.
        host: the gateway's address, as the node knows it.
        address: the node's address, as the gateway sees it.
        invoke: asks the node for a command, as an operator.
    """

    owner: OwnMachine
    gateway: OwnGateway
    peer: Peer
    host: str
    address: str
    invoke: Callable[..., Any]

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[str]"]:
        """The node host, for as long as the context lasts."""
        process = self.peer.start(
            "node", "run", "--host", self.host, "--port", str(self.gateway.port), "--display-name", NAME
        )
        try:
            yield process
        finally:
            stop(process)
            process.communicate()

    def asks(self) -> dict[str, Any]:
        """The node host is turned away, and ends, as the reference's does; the one request that waits now."""
        with self.running() as process:
            assert "pairing required" in last_words(process)
        (request,) = self.owner.requests(self.gateway)
        assert (request["role"], request["displayName"], request["remoteIp"]) == ("node", NAME, self.address)
        return request

    def is_out(self) -> None:
        """The token that the node host has kept opens nothing any more; it forgets it, and ends."""
        with self.running() as process:
            assert "unauthorized" in last_words(process)
        assert not self.is_connected()
        assert self.owner.requests(self.gateway) == []

    def approve(self, request: dict[str, Any]) -> None:
        self.owner.run(self.gateway, "devices", "approve", request["requestId"])

    def serves(self) -> None:
        """The node is connected, and answers."""
        until(self.is_connected, "the node is connected")
        found = self.invoke("--node", NAME, "--command", "system.which", "--params", json.dumps({"bins": ["sh"]}))
        assert found["payload"]["bins"]["sh"].endswith("/sh")

    def is_connected(self) -> bool:
        nodes = self.owner.json(self.gateway, "nodes", "status")["nodes"]
        return any(node["displayName"] == NAME and node["connected"] for node in nodes)


def last_words(process: "subprocess.Popen[str]") -> str:
    """Wait for the end of a node host; what it said."""
    ended(process)
    output, errors = process.communicate()
    return output + errors
