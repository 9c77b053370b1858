"""``clawdbot owner test``: whether the owner is told outside the chats, tried with the real library."""

import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from clawdbot.gateway import push
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")  # Apprise loads it


@dataclass
class Hook:
    """Takes down what it is told."""

    port: int
    heard: list[str] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append((await request.json())["message"])
        return web.Response()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    listening = socket.create_server(("127.0.0.1", 0))
    hook = Hook(listening.getsockname()[1])
    app = web.Application()
    app.router.add_post("/{path:.*}", hook.hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    yield hook
    await runner.cleanup()


def configure(cli: CommandLine, *urls: str) -> None:
    cli.configure()
    (cli.state / "clawdbot.json").write_text(json.dumps({"owner": {"notify": urls}}))


async def test_each_place_is_tried_and_said(cli: CommandLine, hook: Hook) -> None:
    """By its number and kind alone (threats.md S7); what fails is the exit code."""
    configure(cli, f"json://127.0.0.1:{hook.port}/k3y")
    said = await cli.done("owner", "test")
    assert said.out == "no. 1 (json): told\n"
    assert hook.heard == ["This is a test: here you are told who waits for you."]
    configure(cli, "json://127.0.0.1:1/k3y", f"json://127.0.0.1:{hook.port}/k3y", "unheardof://k3y")
    said = await cli("owner", "test")
    assert said.code == 1
    assert said.out.splitlines() == [
        "no. 1 (json): it was not taken",
        "no. 2 (json): told",
        "no. 3 (unheardof): Apprise does not know this kind of URL, or something is missing in it",
    ]
    assert "k3y" not in said.out + said.err


async def test_without_the_library_it_says_how_to_get_it(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so does the doctor."""
    monkeypatch.setattr(push, "is_installed", lambda: False)
    configure(cli, "ntfy://ntfy.sh/k3y")
    said = await cli("owner", "test")
    assert (said.code, said.out) == (1, "no. 1 (ntfy): apprise is not installed\n")
    assert said.err == 'clawdbot: hint: install it: pip install "apprise>=1.9.4,<2"\n'
    said = await cli("doctor")
    assert "warning: owner.notify names 1 to tell, and Apprise, which tells them, is not installed\n" in said.out
    assert '  install it: pip install "apprise>=1.9.4,<2"\n' in said.out


async def test_the_doctor_knows_what_apprise_cannot_use(cli: CommandLine) -> None:
    """By number and kind; what it can use is not tried."""
    configure(cli, "ntfy://127.0.0.1:1/k3y", "unheardof://k3y")
    said = await cli("doctor")
    assert "warning: owner.notify: Apprise cannot use no. 2 (unheardof)\n" in said.out
    assert "no. 1" not in said.out
    assert "k3y" not in said.out


async def test_without_places_there_is_nothing_to_try(cli: CommandLine) -> None:
    configure(cli)
    said = await cli("owner", "test")
    assert said.code == 1
    assert said.err.startswith("clawdbot: error: owner.notify names no place to tell you at\n")
