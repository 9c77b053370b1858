"""``/readyz``: each thing that keeps a visitor from being served, and that nothing else is told (threats.md G16)."""

import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from clawdbot.errors import ConfigError, StoreCorrupt, StoreUnavailable
from clawdbot.gateway.readiness import ALL_REFUSED, BROKEN, NOT_LISTENING, OK, UNUSABLE, Readiness, use
from clawdbot.gateway.reports import AccountReport, ChannelReport
from clawdbot.gateway.supervisor import GIVEN_UP, State
from clawdbot.store.files import FileStore

ALL_OK = {"store": OK, "listening": OK, "configuration": OK, "channels": OK}


async def fine() -> None:
    pass


async def unusable() -> None:
    raise StoreUnavailable("cannot read /home/ada/.clawdbot/devices/paired.json")


def broken() -> None:
    raise ConfigError("clawdbot.json:1: token 123:abc is none")


def channels(*states: State) -> dict[str, ChannelReport]:
    accounts = {str(n): AccountReport(state=state, running=state not in GIVEN_UP) for n, state in enumerate(states)}
    return {"telegram": ChannelReport("Telegram", accounts)} if accounts else {}


async def asked(ready: Readiness) -> tuple[int, dict[str, object]]:
    answer = await ready.page(make_mocked_request("GET", "/readyz"))
    assert isinstance(answer, web.Response)
    return answer.status, json.loads(answer.text or "")


async def test_ready_when_everything_is() -> None:
    ready = Readiness(fine, dict, channels=channels, listens=lambda: True)
    assert await asked(ready) == (200, {"ready": True, "checks": ALL_OK})


@pytest.mark.parametrize(
    ("ready", "wrong"),
    [
        (Readiness(unusable, dict, channels=channels, listens=lambda: True), {"store": UNUSABLE}),
        (Readiness(fine, broken, channels=channels, listens=lambda: True), {"configuration": BROKEN}),
        (Readiness(fine, dict, channels=channels, listens=lambda: False), {"listening": NOT_LISTENING}),
        (
            Readiness(fine, dict, channels=lambda: channels(State.TOKEN_REFUSED, State.BANNED), listens=lambda: True),
            {"channels": ALL_REFUSED},
        ),
    ],
    ids=["store", "configuration", "listening", "channels"],
)
async def test_G16_what_is_wrong_is_said_without_names_and_paths(ready: Readiness, wrong: dict[str, str]) -> None:
    assert await asked(ready) == (503, {"ready": False, "checks": {**ALL_OK, **wrong}})


@pytest.mark.parametrize(
    "states", [(), (State.READY,), (State.TOKEN_REFUSED, State.CONNECTING), (State.RETRYING,), (State.RATE_LIMITED,)]
)
async def test_a_channel_that_may_work_in_a_moment_does_not_keep_it_from_being_ready(states: tuple[State, ...]) -> None:
    ready = Readiness(fine, dict, channels=lambda: channels(*states), listens=lambda: True)
    assert (await ready.look())["channels"] == OK


async def test_S4_the_state_is_used_by_reading_all_of_it(tmp_path: Path) -> None:
    """Nothing there yet is fine; a file that is not what it must be is not."""
    state = tmp_path / "state"
    store = FileStore(state)
    await use(store, state)
    (state / "devices").mkdir(parents=True, mode=0o700)
    await use(store, state)
    (state / "devices" / "paired.json").write_text("[")
    with pytest.raises(StoreCorrupt, match=r"paired\.json"):
        await use(store, state)
