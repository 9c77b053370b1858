"""Notices to whoever sits at this machine, by the desktop's own program where there is one."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from clawdbot.domain.texts import visible
from clawdbot.node import programs, runs
from clawdbot.node.requests import LONGEST_NOTICE, Notify
from clawdbot.node.runs import Ended

SECONDS: Final = 10.0

_DESKTOP: Final = ("HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR")
_SCRIPT: Final = (
    *("-e", "on run argv"),
    *("-e", "display notification (item 2 of argv) with title (item 1 of argv)"),
    *("-e", "end run"),
)


def command(notice: Notify, program: str) -> list[str]:
    """The program and its arguments. The texts are arguments of their own and never part of a script."""
    options = _SCRIPT if Path(program).name == "osascript" else ("--app-name=clawdbot",)
    return [program, *options, "--", _inert(notice.title) or "clawdbot", _inert(notice.body)]


def find() -> str | None:
    """The program that shows notices here, if there is one."""
    return programs.find("osascript" if sys.platform == "darwin" else "notify-send")


async def show(notice: Notify, program: str, environ: Mapping[str, str] = os.environ) -> Ended:
    """Show a notice."""
    env = {name: environ[name] for name in _DESKTOP if name in environ}
    return await runs.run(
        command(notice, program), env={**env, "PATH": programs.SEARCH_PATH}, cwd=Path("/"), seconds=SECONDS
    )


def _inert(text: str) -> str:
    """Without anything that a desktop takes for markup, or that moves or hides what stands beside it."""
    lines = (visible(line, LONGEST_NOTICE) for line in text.splitlines())
    return "\n".join(lines).replace("<", "‹").replace("&", "＆")
