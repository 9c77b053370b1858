"""``python -m clawdbot.gateway.healthcheck``: does the gateway of this state directory answer ``/healthz``?
And, for commands that look at it: what does it say against itself (``/readyz``)?

For containers and service managers: exit code 0 or 1, and nothing to configure. Where it listens, and whether by TLS,
is what the gateway itself says (:mod:`.instance`); the certificate is its own, and who asks is on the same machine.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Final

from clawdbot.gateway import instance
from clawdbot.paths import home_of, locate

WITHIN_S: Final = 4.0
MAX_BYTES: Final = 64 * 1024

OPENER: Final = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=ssl._create_unverified_context()),  # noqa: S323 - nothing is told to it
)
"""No proxy of the environment stands between a machine and itself."""


def is_healthy(state_dir: Path) -> bool:
    """Does a gateway run here, and answer?"""
    found = _asked(state_dir, "healthz")
    return found is not None and found[0] == HTTPStatus.OK


def complaints(state_dir: Path) -> tuple[str, ...]:
    """Why the gateway that runs here could not serve anybody now, in its own words; nothing, if it could or is silent.

    It is asked as anybody may ask: that takes no device, and no room on a disk that is full.
    """
    found = _asked(state_dir, "readyz")
    if found is None or found[0] != HTTPStatus.SERVICE_UNAVAILABLE:
        return ()
    try:
        checks = json.loads(found[1])["checks"]
        return tuple(str(said) for said in checks.values() if said != "ok")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()


def _asked(state_dir: Path, page: str) -> tuple[int, bytes] | None:
    """The status and the text of a page of the gateway that runs here; ``None`` if there is no answer."""
    running = instance.find(state_dir)
    if running is None or not running.url.startswith(("ws://", "wss://")):
        return None
    url = f"http{running.url.removeprefix('ws').rstrip('/')}/{page}"
    try:
        with OPENER.open(url, timeout=WITHIN_S) as answer:
            return answer.status, answer.read(MAX_BYTES)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(MAX_BYTES)
    except (OSError, ValueError, HTTPException):
        return None


def main() -> int:
    """The exit code."""
    return 0 if is_healthy(locate(os.environ, home_of(os.environ)).state_dir) else 1


if __name__ == "__main__":
    sys.exit(main())
