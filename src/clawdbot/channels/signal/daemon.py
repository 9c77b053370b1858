"""signal-cli's daemon as a program of ours: started, listened to, ended, and what its end means.

A daemon does not end with its input, and one that outlived us would keep the account locked. So a shell stands between
us, which ends the daemon when its own input ends, as it does when we stop it, and also when we are killed.

``--receive-mode on-connection`` leaves messages at Signal until somebody listens for them; by default the daemon
fetches and drops them. ``--ignore-attachments`` downloads nothing that strangers send (threats.md D9).
"""

import asyncio
import logging
import re
import shutil
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NoReturn

import httpx

from clawdbot.channels import program
from clawdbot.channels.settings import SignalSettings
from clawdbot.domain.texts import visible
from clawdbot.errors import ChannelFailed, ChannelRefused, LoggedOut, NeedsLogin
from clawdbot.processes import at_most

_log = logging.getLogger(__name__)

_GUARD = """
exec 3<&0
"$@" </dev/null 2>&1 &
daemon=$!
{ cat <&3 >/dev/null; kill "$daemon"; } 2>/dev/null &
exec 3<&-
wait "$daemon"
"""
"""Runs a command, its errors among its output, until it ends or our input does. For a POSIX shell."""

_LINE_LIMIT = 64 * 1024
_LINES_KEPT = 40
_LEVELS = {"WARN": logging.WARNING, "ERROR": logging.ERROR}
_LEVEL = re.compile(r"(TRACE|DEBUG|INFO|WARN|ERROR)\s+(.*)")
_PRIVATE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\+?[0-9]{5,}", re.I | re.A)
"""Numbers and uuids of people."""

_INSTALL = "install signal-cli (docs/channels/signal.md), or set channels.signal.cliPath"


def login_hint(account: str) -> str:
    """What the owner types when signal-cli has no account to work with."""
    shown = account or "+15550001111"
    return (
        f'link it to the Signal app on a phone with "signal-cli link -n clawdbot", or register the number with '
        f'"signal-cli -a {shown} register" (docs/channels/signal.md)'
    )


def command(settings: SignalSettings) -> list[str]:
    """How signal-cli is started. Raises ChannelRefused if that address cannot be listened on."""
    url = httpx.URL(settings.http_url)
    if url.scheme != "http" or not url.host:
        raise ChannelRefused(
            "signal-cli can only be started for a plain http address",
            hint="set channels.signal.httpPort, or channels.signal.autoStart to false",
        )
    host = f"[{url.host}]" if ":" in url.host else url.host
    return [
        settings.cli_path,
        "--scrub-log",
        *(["-a", settings.account] if settings.account else []),
        "daemon",
        *("--http", f"{host}:{url.port or 80}"),
        "--no-receive-stdout",
        *("--receive-mode", "on-connection"),
        "--ignore-attachments",
        "--ignore-stories",
    ]


@dataclass(slots=True)
class Daemon:
    """A running one."""

    settings: SignalSettings
    process: program.Program
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))

    async def listen(self) -> NoReturn:
        """Surface what it complains of until it ends. Always raises: what its end means."""
        while (line := await self.process.line()) is not None:
            self._surface(line.decode("utf-8", "replace").rstrip())
        await at_most(program.GRACE, self.process.exited)
        raise meaning(list(self.lines), self.process.returncode, self.settings)

    def _surface(self, line: str) -> None:
        self.lines.append(line)
        if (said := _LEVEL.match(line)) and said[1] in _LEVELS:
            _log.log(_LEVELS[said[1]], "signal-cli: %s", discreet(said[2]))


@asynccontextmanager
async def running(
    settings: SignalSettings,
    is_up: Callable[[], Awaitable[bool]],
    *,
    environ: Mapping[str, str] | None = None,
    look_s: float = 0.1,
) -> AsyncIterator["asyncio.Task[NoReturn]"]:
    """Start it, wait until it listens, and end it with the context.

    Args:
        is_up: does it listen?
        environ: its environment; ours without secrets, if not said.
        look_s: how often to ask.

    Yields:
        what ends when the daemon ends, with the error that says why.

    Raises:
        ChannelRefused: it cannot work, as its class says.
        ChannelFailed: it ended, or does not listen in time.
    """
    process = await _started(command(settings), environ)
    ended = asyncio.create_task(Daemon(settings, process).listen())
    try:
        await _wait_until_up(settings, is_up, ended, look_s)
        yield ended
    finally:
        try:
            await process.end()
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)


async def _started(argv: list[str], environ: Mapping[str, str] | None) -> program.Program:
    path = shutil.which(argv[0])
    if path is None:
        raise ChannelRefused(f"there is no program {argv[0]}", hint=_INSTALL)
    try:
        guarded = ["/bin/sh", "-c", _GUARD, "signal-cli", path, *argv[1:]]
        return await program.start(guarded, environ, None, _LINE_LIMIT)
    except OSError as error:
        failure = ChannelFailed(f"signal-cli cannot be started: {error.strerror}")
    raise failure


async def _wait_until_up(
    settings: SignalSettings, is_up: Callable[[], Awaitable[bool]], ended: "asyncio.Task[NoReturn]", look_s: float
) -> None:
    try:
        async with asyncio.timeout(settings.startup_timeout):
            while not await is_up():
                await asyncio.wait([ended], timeout=look_s)
                if ended.done():
                    ended.result()
    except TimeoutError:
        failure = ChannelFailed(
            f"signal-cli does not listen on {settings.http_url} after {settings.startup_timeout:.0f} s",
            hint="run it by hand to see why, or set channels.signal.startupTimeoutMs",
        )
    else:
        return
    raise failure


def discreet(text: str) -> str:
    """A line of signal-cli's, for a log: without people's numbers and uuids, inert, and not too long."""
    return visible(_PRIVATE.sub("…", text), 200)


def meaning(lines: list[str], code: int | None, settings: SignalSettings) -> ChannelFailed:
    """What it means that signal-cli ended after these lines."""
    said = "\n".join(lines)
    if "is not registered" in said:
        return NeedsLogin(f"signal-cli has no account {settings.account}", hint=login_hint(settings.account))
    if "authorization failed" in said.lower():
        return logged_out(settings.account)
    if "UnsupportedClassVersionError" in said or "JAVA_HOME" in said:
        return ChannelRefused(
            "signal-cli finds no Java that is new enough",
            hint="install Java 21 (25 for signal-cli 0.14), or set JAVA_HOME for the gateway",
        )
    if "Failed to initialize HTTP Server" in said:
        return ChannelFailed(
            f"signal-cli cannot listen on {settings.http_url}",
            hint="another program does; stop it, or set channels.signal.httpPort",
        )
    last = next((line for line in reversed(lines) if line.strip() and not line.startswith("\t")), "")
    how = f"ended with exit code {code}" if code is not None else "ended"
    return ChannelFailed(f"signal-cli {how}{': ' + discreet(last) if last else ''}", hint="run it by hand to see why")


def logged_out(account: str) -> LoggedOut:
    """Signal does not know this device, or this registration, any more."""
    return LoggedOut("signal has logged this account out of signal-cli", hint=login_hint(account))
