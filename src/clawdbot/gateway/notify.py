"""Tells systemd that the gateway is ready, or about to end: ``systemctl start`` returns once it listens.

The service manager names a socket in the environment (sd_notify(3)); without one nobody is told. Programs that the
gateway starts do not inherit the name: whoever has it could speak for the gateway.
"""

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Final

VARIABLE: Final = "NOTIFY_SOCKET"

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


class ServiceManager:
    """Whoever started this process as a service, if that is so.

    Args:
        environ: what programs that are started later inherit; the name is taken out of it.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        self._address = environ.pop(VARIABLE, "")

    def tell(self, state: str) -> None:
        """Say something, without waiting; a manager that does not listen changes nothing."""
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
            manager.sendto(os.fsencode(state), os.fsencode(address))
