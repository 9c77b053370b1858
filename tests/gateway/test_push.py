"""Owners are told through Apprise, the real library: by services that answer, refuse, hang or are not there."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from clawdbot.domain.secret import Secret
from clawdbot.errors import ConfigError
from clawdbot.gateway import push
from clawdbot.gateway.push import TITLE, TRIES, Failure, Push
from tests.support.waiting import eventually

pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # Apprise loads it

TEXT = 'telegram: 7 ("<b>Eve</b> & \\u202e") wants to write to the bot\nsince 12:00 UTC'


@dataclass
class Service:
    """An HTTP service that takes down what it is told; ``status`` is its answer, given once ``answers`` is set."""

    port: int = 0
    status: int = 200
    heard: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((str(request.url), await request.json()))
        await self.answers.wait()
        return web.json_response({}, status=self.status)

    def url(self, form: str) -> Secret:
        """A URL that leads here; Apprise is to be patient, however busy the machine is."""
        return Secret(f"{form.format(port=self.port)}?cto=60&rto=60")


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    service.answers.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", service.hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    service.port = listening.getsockname()[1]
    await web.SockSite(runner, listening).start()
    yield service
    service.answers.set()
    await runner.cleanup()


class Rests:
    """The pauses that were asked for; none is made."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


def pusher(*urls: Secret, rests: Rests | None = None, tell_s: float = 30) -> Push:
    return Push(lambda: urls, sleep=rests or Rests(), tell_s=tell_s)


async def test_every_place_is_told(service: Service) -> None:
    """Each by its own kind of URL; the text arrives as it is, not as markup."""
    urls = service.url("json://127.0.0.1:{port}/hook"), service.url("ntfy://:tk_secret@127.0.0.1:{port}/owners")
    assert await pusher(*urls).tell(TEXT)
    told = {body.get("topic", "json"): body for _, body in service.heard}
    assert set(told) == {"json", "owners"}
    assert {body["message"] for body in told.values()} == {TEXT}
    assert {body["title"] for body in told.values()} == {TITLE}


async def test_nobody_to_tell() -> None:
    """Without a URL nothing is told, and the library is not asked for."""
    assert not pusher().has_places
    assert not await pusher().tell(TEXT)


async def test_what_is_refused_is_tried_again_a_few_times(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """With longer and longer pauses; the other place is told at once, and the log says what became of it."""
    service.status = 500
    rests = Rests()
    assert not await pusher(service.url("json://127.0.0.1:{port}/hook"), rests=rests).tell(TEXT)
    assert len(service.heard) == TRIES
    assert rests.asked == [30.0, 60.0]
    assert "owner.notify: no. 1 (json) could not be told: it was not taken" in caplog.text


async def test_a_service_that_is_not_there() -> None:
    """A refused connection is a failure like any other."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert await pusher().try_to_tell(Secret(f"json://127.0.0.1:{port}/"), TEXT) is Failure.REFUSED


async def test_a_place_that_fails_leaves_the_others_told(service: Service) -> None:
    urls = Secret("unheard-of://x"), service.url("json://127.0.0.1:{port}/hook")
    assert await pusher(*urls).tell(TEXT)
    assert len(service.heard) == 1


async def test_a_service_that_hangs_is_left_alone_until_it_answers(service: Service) -> None:
    """One thread a place at most, nothing waits behind it, and it is not told the same twice."""
    service.answers.clear()
    rests = Rests()
    url = service.url("json://127.0.0.1:{port}/hook")
    impatient = pusher(url, rests=rests, tell_s=0.2)
    assert not await impatient.tell(TEXT)
    assert await impatient.try_to_tell(url, TEXT) is Failure.BUSY
    assert rests.asked == []
    await eventually(lambda: len(service.heard) == 1)
    service.answers.set()
    async with asyncio.timeout(60):
        while await impatient.try_to_tell(url, TEXT) is Failure.BUSY:
            await asyncio.sleep(0.01)
    await eventually(lambda: len(service.heard) == 2)


async def test_what_is_cancelled_ends_at_once(service: Service) -> None:
    """The gateway stops while a service hangs: nobody waits for that."""
    service.answers.clear()
    telling = asyncio.create_task(pusher(service.url("json://127.0.0.1:{port}/hook")).tell(TEXT))
    await eventually(lambda: bool(service.heard))
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling


@pytest.mark.parametrize("url", ["unheard-of://x", "mailto://nobody", "http://[::1"])
async def test_urls_that_apprise_does_not_know(url: str) -> None:
    assert await pusher().try_to_tell(Secret(url), TEXT) is Failure.UNKNOWN


async def test_without_the_library_the_log_says_how_to_get_it(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for each notice, and without another try."""
    monkeypatch.setattr(push, "is_installed", lambda: False)
    rests = Rests()
    assert not await pusher(service.url("json://127.0.0.1:{port}/hook"), rests=rests).tell(TEXT)
    assert 'apprise is not installed; install it: pip install "apprise>=1.9.4,<2"' in caplog.text
    assert rests.asked == [] == service.heard


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_S7_no_log_shows_a_url_or_a_text(service: Service, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """Whatever becomes of it, at any level, of ours or of the libraries."""
    caplog.set_level(logging.DEBUG)
    service.status = status
    urls = (
        service.url("json://ada:hunter2@127.0.0.1:{port}/hook-k3y"),
        service.url("ntfy://:tk_s3cret@127.0.0.1:{port}/t0pic"),
        Secret("mailto://ada:hunter2"),
    )
    await pusher(*urls).tell(TEXT)
    assert service.heard
    said = caplog.text + repr(urls) + str(urls)
    for secret in ("hunter2", "hook-k3y", "s3cret", "t0pic", "Eve", str(service.port)):
        assert secret not in said


async def test_a_proxy_in_the_environment_is_used(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the library does."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{service.port}")
    assert await pusher(Secret("json://push.example/hook")).tell(TEXT)
    ((url, _),) = service.heard
    assert url.startswith("http://push.example")


async def test_D5_a_broken_configuration_tells_nobody() -> None:
    def broken() -> tuple[Secret, ...]:
        raise ConfigError("broken")

    with pytest.raises(ConfigError):
        await Push(broken).tell(TEXT)
