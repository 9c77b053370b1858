"""A ``signal-cli`` to start, in front of a :class:`tests.fakes.signal.FakeSignal`; strict about how it is started.

It listens where it is told and passes on what comes, as bytes. Nothing but the standard library is loaded: it is
started often.
"""

import argparse
import asyncio
import json
import signal
import socket
import sys
import urllib.request
from contextlib import suppress

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def main(core: str) -> None:
    """Run as ``signal-cli … daemon``.

    Args:
        core: where the fake listens.
    """
    argv = sys.argv[1:]
    asked = _arguments().parse_args(argv)
    request = urllib.request.Request(
        f"{core}/started",
        json.dumps({"argv": argv, "account": asked.account}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as response:
        told = json.load(response)
    if "error" in told:
        print(told["error"], file=sys.stderr)
        raise SystemExit(1)
    say("INFO  DaemonCommand - Starting daemon in " + ("single" if asked.account else "multi") + "-account mode")
    host, _, port = asked.http.rpartition(":")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), int(port)))
    except OSError:
        say("Failed to initialize HTTP Server")
        raise SystemExit(3) from None
    say("WARN  AccountHelper - No profile name is set for +15550001234, please set one")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asyncio.run(_serve(listener, told["port"]))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("signal-cli", allow_abbrev=False)
    parser.add_argument("--scrub-log", action="store_true")
    parser.add_argument("-a", "--account")
    daemon = parser.add_subparsers(required=True).add_parser("daemon", allow_abbrev=False)
    daemon.add_argument("--http", required=True)
    daemon.add_argument("--no-receive-stdout", action="store_true", required=True)
    # The real one takes others, and then loses what arrives while nobody listens.
    daemon.add_argument("--receive-mode", choices=["on-connection"], required=True)
    daemon.add_argument("--ignore-attachments", action="store_true", required=True)
    daemon.add_argument("--ignore-stories", action="store_true")
    return parser


async def _serve(listener: socket.socket, to: int) -> None:
    async def relay(*near: *Streams) -> None:
        far = await asyncio.open_connection("127.0.0.1", to)
        ways = [asyncio.create_task(_copy(near[0], far[1])), asyncio.create_task(_copy(far[0], near[1]))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for _, writer in (near, far):
            writer.close()
        await asyncio.gather(*ways)

    server = await asyncio.start_server(relay, sock=listener)
    async with server:
        await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()
