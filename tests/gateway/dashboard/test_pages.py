"""What the gateway hands out at ``/``: the dashboard's files, to be kept, run and framed by nobody else."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from clawdbot.domain.facts import Kind
from clawdbot.gateway.dashboard.pages import POLICY, files, pages
from clawdbot.gateway.settings import GatewaySettings
from tests.support.gateways import SETTINGS, Running, gateway

HEAVIEST = 26_000
"""Bytes over the network for all of the dashboard."""

WAITS = {"words.js", "words.txt"}
"""What a page loads that waits for approval, and no other."""


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Running, aiohttp.ClientSession]]:
    async with gateway(pages=pages()) as running, aiohttp.ClientSession(running.url, auto_decompress=False) as http:
        yield running, http


async def test_every_file_is_guarded() -> None:
    """The policy, no sniffing, no referrer, no use by other origins, no version of ours."""
    async with served() as (_, http):
        for path in pages():
            async with http.get(path) as answer:
                assert answer.status == 200, path
                assert answer.headers["Content-Security-Policy"] == POLICY
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert "Access-Control-Allow-Origin" not in answer.headers
                assert "Server" not in answer.headers


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in POLICY


async def test_what_has_not_changed_is_not_sent_again() -> None:
    """By its validator, also among others; any other validator gets the file."""
    async with served() as (_, http):
        for path in pages():
            async with http.get(path) as answer:
                tag = answer.headers["ETag"]
                assert answer.headers["Cache-Control"] == "no-cache"
            for known, status in ((tag, 304), (f'"x", {tag}', 304), (f"W/{tag}", 304), ('"x"', 200), ("*", 200)):
                async with http.get(path, headers={"If-None-Match": known}) as answer:
                    assert answer.status == status, known
                    assert bool(await answer.read()) is (status == 200)


async def test_an_owner_who_wants_no_page_has_none() -> None:
    """At once, under every path and also for whoever has it kept; programs connect as before, and no link is made."""
    shown = GatewaySettings(port=0, auth=SETTINGS.auth)
    async with AsyncExitStack() as house:
        running = await house.enter_async_context(
            gateway(settings=shown, pages=pages(lambda: running.gateway.house.settings().dashboard))
        )
        http = await house.enter_async_context(aiohttp.ClientSession(running.url))
        async with http.get("/") as answer:
            tag = answer.headers["ETag"]
        admin = await running.admin()
        running.gateway.reconfigure(replace(shown, dashboard=False))
        for path in pages():
            async with http.get(path, headers={"If-None-Match": tag}) as answer:
                assert (answer.status, await answer.text()) == (404, "not found\n")
        assert (await admin.refused("dashboard.link", scopes=[]))["message"] == "the dashboard is switched off"
        assert (await running.admin(901)).is_open
        running.gateway.reconfigure(shown)
        async with http.get("/") as answer:
            assert answer.status == 200


async def test_files_are_packed_for_whoever_can_unpack_them() -> None:
    async with served() as (_, http):
        async with http.get("/app.js", headers={"Accept-Encoding": "gzip, br"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert await answer.read() == files()["app.js"].packed
        async with http.get("/app.js", headers={"Accept-Encoding": "identity"}) as answer:
            assert "Content-Encoding" not in answer.headers
            assert await answer.read() == files()["app.js"].body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_there_is_nothing_to_do_to_a_file(method: str) -> None:
    async with served() as (_, http), http.request(method, "/") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", ["/pages.py", "/__init__.py", "/../server.py", "/%2e%2e/server.py", "/app.js/", "//"])
async def test_nothing_else_is_handed_out(path: str) -> None:
    """Only the page's own kinds of files, by their exact names."""
    import yarl

    async with served() as (running, http), http.get(yarl.URL(running.url[:-1] + path, encoded=True)) as answer:
        assert answer.status == 404


def test_every_kind_of_the_history_can_be_chosen() -> None:
    """What happens to the history itself is shown with everything alone."""
    script = files()["history.js"].body.decode()
    own = {Kind.GAP, Kind.TORN, Kind.BROKEN, Kind.PRUNED}
    assert [kind.value for kind in Kind if kind not in own and f'"{kind}"' not in script] == []


def test_the_page_is_light() -> None:
    """What only a waiting browser needs is no part of it, nor loaded ahead."""
    assert sum(len(file.packed) for name, file in files().items() if name not in WAITS) < HEAVIEST
    assert sum(len(files()[name].packed) for name in WAITS) < 8_000
    index = files()["index.html"].body.decode()
    assert [name for name in WAITS if name in index] == []


def test_the_page_is_all_there_and_asks_for_nothing_elsewhere() -> None:
    """Every module, sheet and picture that a file names is served; no file names another host."""
    found = files()
    for name, file in found.items():
        text = file.body.decode()
        for reference in re.findall(r"""(?:src|href|from|import)[=\s("]+["'](?:\./)?([\w.-]+\.\w+)["']""", text):
            assert reference in found, f"{name} → {reference}"
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}, name


def test_no_file_makes_markup_of_text() -> None:
    """What names from outside could be made into by mistake."""
    for name, file in files().items():
        made = re.findall(
            rb"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style=|\son\w+=\"", file.body
        )
        assert made == [], name
