"""The program that a gateway starts as its WhatsApp bridge in tests: it passes on what is said, to a test and back.

    python whatsapp_bridge.py <port>

It imports nothing of ours, and knows nothing of the protocol; the WhatsApp of our own at the other end does.
"""

import os
import select
import socket
import sys


def main() -> None:
    platform = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    while True:
        ready, _, _ = select.select([0, platform.fileno()], [], [])
        if 0 in ready:
            if not (commands := os.read(0, 65536)):
                return
            platform.sendall(commands)
        if platform.fileno() in ready:
            if not (events := platform.recv(65536)):
                return
            _write(events)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    try:
        main()
    except OSError:
        sys.exit(1)
