"""``/readyz``: could somebody who writes or connects now be served? (``/healthz`` says only that the process answers.)

What is wrong is said in fixed words: no name, no path, no text of an error, for anybody may ask (threats.md G16).
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from clawdbot.errors import ConfigError, StoreError, StoreUnavailable
from clawdbot.gateway.reports import Channels
from clawdbot.gateway.watch import KINDS
from clawdbot.store.base import Store

PATH: Final = "/readyz"

OK: Final = "ok"
NOT_LISTENING: Final = "not listening"
UNUSABLE: Final = "the state cannot be used"
BROKEN: Final = "the configuration is broken"
ALL_REFUSED: Final = "no channel can run until its configuration changes"


async def use(store: Store, state_dir: Path) -> None:
    """Read all that a visitor's fate depends on, and see whether anything could be saved.

    Raises:
        StoreError: one of them is not so.
    """
    for kind in KINDS:
        await store.read_all(kind)
    try:
        free = os.statvfs(state_dir).f_bavail
    except FileNotFoundError:  # nothing is kept yet
        return
    except OSError as error:
        raise StoreUnavailable(f"cannot look at {state_dir}: {error.strerror}") from error
    if not free or not os.access(state_dir, os.W_OK | os.X_OK):
        raise StoreUnavailable(f"nothing can be saved in {state_dir}")


class Readiness:
    """Answers who asks.

    Args:
        use_store: does what shows that the state can be used. Raises StoreError.
        use_config: the same for the configuration. Raises ConfigError.
        channels: how the chat platforms do. One that is trying again may work in a moment; one that was given up not.
        listens: does the gateway take connections?
    """

    def __init__(
        self,
        use_store: Callable[[], Awaitable[object]],
        use_config: Callable[[], object],
        *,
        channels: Channels,
        listens: Callable[[], bool],
    ) -> None:
        self._use_store = use_store
        self._use_config = use_config
        self._channels = channels
        self._listens = listens

    async def page(self, _: web.Request) -> web.StreamResponse:
        """200 or 503, and what is wrong."""
        checks = await self.look()
        ready = all(said == OK for said in checks.values())
        return web.json_response(
            {"ready": ready, "checks": checks}, status=200 if ready else 503, headers={"Cache-Control": "no-store"}
        )

    async def look(self) -> dict[str, str]:
        """Each check and how it is."""
        return {
            "store": await self._store(),
            "listening": OK if self._listens() else NOT_LISTENING,
            "configuration": self._config(),
            "channels": ALL_REFUSED if self._all_refused() else OK,
        }

    async def _store(self) -> str:
        try:
            await self._use_store()
        except StoreError:
            return UNUSABLE
        return OK

    def _config(self) -> str:
        try:
            self._use_config()
        except ConfigError:
            return BROKEN
        return OK

    def _all_refused(self) -> bool:
        accounts = [one for report in self._channels().values() for one in report.accounts.values()]
        return bool(accounts) and not any(one.running for one in accounts)
