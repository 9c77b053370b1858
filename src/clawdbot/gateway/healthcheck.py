"""``python -m clawdbot.gateway.healthcheck``: does the gateway of this state directory answer ``/healthz``?

For containers and service managers: exit code 0 or 1, and nothing to configure. Where it listens, and whether by TLS,
is what the gateway itself says (:mod:`.instance`); the certificate is its own, and who asks is on the same machine.
"""

import os
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Final

from clawdbot.gateway import instance
from clawdbot.paths import home_of, locate

WITHIN_S: Final = 4.0

OPENER: Final = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=ssl._create_unverified_context()),  # noqa: S323 - nothing is told to it
)
"""No proxy of the environment stands between a machine and itself."""


def is_healthy(state_dir: Path) -> bool:
    """Does a gateway run here, and answer?"""
    running = instance.find(state_dir)
    if running is None or not running.url.startswith(("ws://", "wss://")):
        return False
    url = f"http{running.url.removeprefix('ws').rstrip('/')}/healthz"
    try:
        with OPENER.open(url, timeout=WITHIN_S) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def main() -> int:
    """The exit code."""
    return 0 if is_healthy(locate(os.environ, home_of(os.environ)).state_dir) else 1


if __name__ == "__main__":
    sys.exit(main())
