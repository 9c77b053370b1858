"""The first owner is made once, and everything else stays as it is (threats.md D15)."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from clawdbot.config import load
from clawdbot.config.first_owner import make_owner
from clawdbot.domain.owners import read_owner
from clawdbot.errors import ConfigError
from tests.support.configs import Desk

ADA, BOB = read_owner("telegram:1"), read_owner("signal:+15550001111")

MAKE = """
import pathlib, sys
from clawdbot.config.first_owner import make_owner
from clawdbot.domain.owners import read_owner
print("ready", flush=True)
sys.stdin.readline()
print(make_owner(pathlib.Path(sys.argv[1]), read_owner(sys.argv[2]), {}))
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "owner": ["telegram:1"]\n}\n'),
        (
            "{ // mine\n  channels: {}, // none\n}\n",
            '{ // mine\n  channels: {}, // none\n  owner: ["telegram:1"],\n}\n',
        ),
        ("{owner: [/* nobody */]}", '{owner: ["telegram:1"]}'),
        (
            "{\n  owner: {\n    quiet: '22:00-07:00', // asleep\n  },\n}\n",
            "{\n  owner: {\n    quiet: '22:00-07:00', // asleep\n    who: [\"telegram:1\"],\n  },\n}\n",
        ),
    ],
)
def test_D15_the_first_owner_is_written_beside_what_is_there(desk: Desk, before: str, after: str) -> None:
    """Comments stay; an object with quiet hours stays an object."""
    if before:
        desk.write(before)
    assert make_owner(desk.path, ADA, {})
    assert desk.path.read_text("utf-8") == after
    assert load(desk.path, {}).owners.who == (ADA,)


@pytest.mark.parametrize("text", ['{owner: ["telegram:9"]}', '{owner: {who: ["telegram:9"]}} // his'])
def test_D15_a_second_owner_is_not_made(desk: Desk, text: str) -> None:
    """Nor the same one twice; the file is not touched."""
    desk.write(text)
    assert not make_owner(desk.path, ADA, {})
    assert not make_owner(desk.path, BOB, {})
    assert desk.path.read_text("utf-8") == text


def test_S4_a_broken_configuration_gets_no_owner(desk: Desk) -> None:
    """Nobody can know whether there is one: nothing is written."""
    desk.write('{owner: ["telegram:@ada"]}')
    with pytest.raises(ConfigError):
        make_owner(desk.path, ADA, {})
    assert desk.path.read_text("utf-8") == '{owner: ["telegram:@ada"]}'


async def test_D15_two_at_once_yield_one(tmp_path: Path) -> None:
    """Six processes, each with another owner: one is made, and the file is whole."""
    path = tmp_path / "clawdbot.json"
    makers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MAKE, str(path), f"telegram:{number}",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=dict(os.environ),
        )
        for number in range(1, 7)
    ]  # fmt: skip
    for maker in makers:
        assert maker.stdout
        assert await maker.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(maker.communicate(b"\n") for maker in makers))
    answers = [said.strip() for said, _ in told]
    assert sorted(answers) == [b"False"] * 5 + [b"True"]
    (owner,) = load(path, {}).owners.who
    assert str(owner) == f"telegram:{answers.index(b'True') + 1}"
