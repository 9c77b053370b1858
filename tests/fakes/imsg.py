"""The program ``imsg`` as the gateway starts it: a pipe between its standard streams and a test in another process.

    imsg.py PORT ARGUMENT…

It tells the test its arguments, and is told how to begin: with some words and an exit code, or as a pipe until either
end closes. At the end of its input it ends well, as the real one; when the test hangs up, it has crashed.
"""

import contextlib
import json
import os
import socket
import sys
import threading


def pump(test: socket.socket) -> None:
    """Pass what we are asked to the test; the end of it is our end."""
    with contextlib.suppress(OSError):
        while data := os.read(0, 65536):
            test.sendall(data)
    os._exit(0)


def main() -> None:
    test = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    test.sendall(json.dumps({"argv": sys.argv[2:], "pid": os.getpid()}).encode() + b"\n")
    said = test.makefile("rb")
    beginning = json.loads(said.readline() or b'{"exit": 1}')
    os.write(1, beginning.get("stdout", "").encode())
    os.write(2, beginning.get("stderr", "").encode())
    if "exit" in beginning:
        os._exit(beginning["exit"])
    threading.Thread(target=pump, args=(test,), daemon=True).start()
    with contextlib.suppress(OSError):
        while data := said.read1(65536):
            while data:
                data = data[os.write(1, data) :]
    os._exit(134)


if __name__ == "__main__":
    main()
