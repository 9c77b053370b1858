"""Hands out the dashboard's files, which hold nothing that is anybody's.

No other site may frame, read or run them, and they may load and reach nothing but this gateway: whatever a name from
outside brought onto the page, there is no script that it could start and nowhere that it could send anything.
"""

import gzip
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final

from aiohttp import web

from clawdbot.domain.word_list import WORDS

Page = Callable[[web.Request], Awaitable[web.StreamResponse]]

INDEX: Final = "index.html"

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file of the page, as it is sent.

    Attributes:
        tag: its cache validator.
    """

    type: str
    body: bytes
    packed: bytes
    tag: str

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The file, or that it has not changed."""
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"}, text="method not allowed\n")
        headers = {**HEADERS, "ETag": f'"{self.tag}"'}
        if any(self.tag == known.value for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = self.type
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.packed, headers={**headers, "Content-Encoding": "gzip"})
        return web.Response(body=self.body, headers=headers)


def pages(shown: Callable[[], bool] = lambda: True) -> Mapping[str, Page]:
    """Everything that the dashboard consists of, by path; read once.

    Args:
        shown: does the owner want it served now?
    """
    found = {f"/{name}": _unless_hidden(file, shown) for name, file in files().items()}
    return {"/": found[f"/{INDEX}"], **found}


def _unless_hidden(file: File, shown: Callable[[], bool]) -> Page:
    async def page(request: web.Request) -> web.StreamResponse:
        return await file.answer(request) if shown() else web.Response(status=404, text="not found\n")

    return page


def files() -> Mapping[str, File]:
    """The same by name."""
    here = resources.files("clawdbot.gateway.dashboard")
    words = {"words.txt": _file("\n".join(WORDS).encode("ascii"), "text/plain; charset=utf-8")}
    return words | {
        one.name: _file(one.read_bytes(), type)
        for one in here.iterdir()
        for suffix, type in TYPES.items()
        if one.name.endswith(suffix)
    }


def _file(body: bytes, type: str) -> File:
    return File(type, body, gzip.compress(body, mtime=0), hashlib.sha256(body).hexdigest()[:32])
