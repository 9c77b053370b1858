"""What a code costs whoever types it."""

import asyncio
from pathlib import Path

import pytest

from clawdbot.cli.app import run
from clawdbot.cli.pairing_codes import WRONG_CODE_PAUSE_S
from clawdbot.domain.instants import iso
from clawdbot.service import wall_clock

CODE = "ABCDEFGH"


@pytest.fixture
def slept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A state in which one sender waits, and how long the commands on it slept instead of doing so."""
    now = iso(wall_clock())
    folder = tmp_path / "state" / "credentials"
    folder.mkdir(mode=0o700, parents=True)
    (folder / "telegram-pairing.json").write_text(
        f'{{"version": 1, "requests": [{{"id": "7", "code": "{CODE}", "createdAt": "{now}", "lastSeenAt": "{now}"}}]}}'
    )
    monkeypatch.setenv("CLAWDBOT_STATE_DIR", str(folder.parent))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return slept


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_D13_a_wrong_code_is_slowed_down_and_the_right_one_works_at_once(verb: str, slept: list[float]) -> None:
    """Each wrong try costs its pause, and however many there were, the right code still works, without one."""
    for tries in range(1, 4):
        assert run(["pairing", verb, "telegram", "HGFEDCBA"]) == 1
        assert slept == [WRONG_CODE_PAUSE_S] * tries
    assert run(["pairing", verb, "telegram", CODE]) == 0
    assert len(slept) == 3
    assert WRONG_CODE_PAUSE_S >= 1
