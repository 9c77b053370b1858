"""Tells owners through Apprise: by ntfy, e-mail, Pushover and many more (``owner.notify``, ``docs/owner.md``).

The library is optional, it blocks, and it logs what it sends and where to, which nobody is to read (threats.md S7). So
it is loaded when there is something to tell, works in threads that nothing waits for in the end, and is not heard.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from clawdbot.domain.secret import Secret
from clawdbot.gateway.logs import UNHEARD

if TYPE_CHECKING:
    import apprise

log = logging.getLogger("clawdbot")

LIBRARY: Final = "apprise"
INSTALL: Final = 'pip install "apprise>=1.9.4,<2"'

TITLE: Final = "Clawdbot"

TELL_S = 30.0
"""A service that takes longer leaves an owner untold; until it has answered it is told nothing else."""

TRIES = 3
PAUSE_S = 30.0
"""Before the second try; twice as long before the third."""

_SILENT: Final = (LIBRARY, "requests", "urllib3")
"""Loggers that quote URLs and texts wherever they are used; all others are not heard from our threads."""


class Failure(StrEnum):
    """Why somebody was not told."""

    MISSING = "apprise is not installed"
    UNKNOWN = "Apprise does not know this kind of URL, or something is missing in it"
    REFUSED = "it was not taken"
    SLOW = "no answer in time"
    BUSY = "the message before has no answer yet"
    DEFECT = "Apprise failed"


LASTING: Final = frozenset({Failure.MISSING, Failure.UNKNOWN, Failure.SLOW, Failure.BUSY})
"""What another try would not change, or would perhaps say twice."""


def is_installed() -> bool:
    """Whether the library is there; without loading it."""
    return find_spec(LIBRARY) is not None


def kind(url: Secret) -> str:
    """What kind of URL it is, ``ntfy``, which is all of it that may be shown."""
    return url.reveal().partition(":")[0].lower()


class Push:
    """Sends a text to every place there is.

    Args:
        urls: the places as they are configured now. Raises ConfigError.
        tell_s: the patience with one service, in seconds.
    """

    def __init__(
        self,
        urls: Callable[[], Sequence[Secret]],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        tell_s: float = TELL_S,
    ) -> None:
        self._urls = urls
        self._sleep = sleep
        self._tell_s = tell_s
        self._busy: set[Secret] = set()

    @property
    def has_places(self) -> bool:
        """Whether there is anybody to tell. Raises ConfigError."""
        return bool(self._urls())

    async def tell(self, text: str) -> bool:
        """Send a text to each place, a few times if need be; whether any took it. Raises ConfigError."""
        urls = self._urls()
        return any(await asyncio.gather(*(self._tell_one(url, number, text) for number, url in enumerate(urls, 1))))

    async def _tell_one(self, url: Secret, number: int, text: str) -> bool:
        for tried in range(TRIES):
            failure = await self.try_to_tell(url, text)
            if failure is None:
                return True
            hint = f"; install it: {INSTALL}" if failure is Failure.MISSING else ""
            log.warning("owner.notify: no. %d (%s) could not be told: %s%s", number, kind(url), failure, hint)
            if failure in LASTING:
                return False
            if tried < TRIES - 1:
                await self._sleep(PAUSE_S * 2**tried)
        return False

    async def try_to_tell(self, url: Secret, text: str) -> Failure | None:
        """Send a text to one place, once; why it did not arrive."""
        if url in self._busy:
            return Failure.BUSY
        self._busy.add(url)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Failure | None] = loop.create_future()

        def settle(failure: Failure | None) -> None:
            self._busy.discard(url)
            if not done.done():
                done.set_result(failure)

        def work() -> None:
            failure = send(url, text)
            with suppress(RuntimeError):  # the gateway has ended meanwhile
                loop.call_soon_threadsafe(settle, failure)

        threading.Thread(target=work, name=UNHEARD, daemon=True).start()
        try:
            async with asyncio.timeout(self._tell_s):
                return await done
        except TimeoutError:
            return Failure.SLOW


def send(url: Secret, text: str) -> Failure | None:
    """Send a text to one place, and wait for its answer; why it did not arrive. Never raises."""
    if not is_installed():
        return Failure.MISSING
    try:
        place = _place(url)
        if place is None:
            return Failure.UNKNOWN
        taken = place.notify(text, title=TITLE, body_format="text")
    except Exception:  # of the library; what it says may quote the URL
        return Failure.DEFECT
    return None if taken else Failure.REFUSED


def is_known(url: Secret) -> bool:
    """Whether Apprise, which is installed, can use a URL. It is loaded for it, which takes a while."""
    try:
        return _place(url) is not None
    except Exception:  # of the library; what it says may quote the URL
        return False


def _place(url: Secret) -> "apprise.Apprise | None":
    """What sends to one place; ``None`` for a URL that names none, or several."""
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    import apprise

    asset = apprise.AppriseAsset(app_id=TITLE, storage_mode="memory", async_mode=False)
    place = apprise.Apprise(asset=asset)
    return place if place.add(url.reveal()) and len(place) == 1 else None
