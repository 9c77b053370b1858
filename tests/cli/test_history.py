"""``history`` while things happen, and what it says of a log that was damaged; the rest in ``tests/transcripts``."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.domain.facts import Kind, Surface
from tests.support.command_line import CommandLine
from tests.support.histories import NOW, fact, lines, log


def test_follow_shows_what_was_and_then_what_happens(tmp_path: Path) -> None:
    """The last ones first, then each as it comes, a line or a JSON object each; until it is interrupted."""
    history = log(tmp_path / "state", segment=700)
    for number in range(5):
        history.append([fact(str(number))])
    environ = {"CLAWDBOT_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    words = [sys.executable, "-m", "clawdbot", "history", "--follow", "--json", "--limit", "2"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        seen = [json.loads(process.stdout.readline())["id"] for _ in range(2)]
        for number in range(5, 8):
            history.append([fact(str(number))])
            seen.append(json.loads(process.stdout.readline())["id"])
        process.terminate()
    assert seen == ["3", "4", "5", "6", "7"]


async def test_S7_what_names_hold_is_shown_inert(cli: CommandLine) -> None:
    """An id with escape sequences and bidi characters moves no cursor."""
    log(cli.state).append([fact("\x1b[2J\u202e7", Kind.REFUSED, surface=Surface.CHAT, by="", why="\r\nroot")])
    said = await cli.done("history")
    assert "\\x1b[2J\\u202e7" in said.out
    assert "\\r\\nroot" in said.out
    assert not {"\x1b", "\u202e", "\r"} & set(said.out)


async def test_what_was_counted_and_whom_nobody_knows_is_shown(cli: CommandLine) -> None:
    """How often, the others, and another program."""
    log(cli.state).append(
        [
            fact("7", Kind.REFUSED, surface=Surface.CHAT, by="", times=12),
            fact("", Kind.REFUSED, surface=Surface.CHAT, by="", times=99, why="and others"),
            fact("8", surface=Surface.FILES, by=""),
        ]
    )
    rows = (await cli.done("history")).out.splitlines()
    assert "refused (12 times)" in rows[1]
    assert "telegram others" in rows[2]
    assert rows[3].endswith("another program")


async def test_verify_tells_of_a_torn_line_and_of_what_is_beyond_the_anchor(cli: CommandLine) -> None:
    """Neither is a break."""
    history = log(cli.state)
    history.append([fact("1")])
    anchor = cli.state / "history" / "anchor.json"
    before = anchor.read_bytes()
    history.append([fact("2"), fact("3")])
    path, content = lines(cli.state)[0]
    path.write_bytes(b"".join(content)[:-5])
    anchor.write_bytes(before)
    said = await cli.done("history", "--verify")
    assert said.out.splitlines()[0] == "Whole: 2 entries."
    assert "is torn" in said.out
    assert "The last 1 are beyond the anchor" in said.out


async def test_a_head_that_was_noted_is_found_or_was_removed(cli: CommandLine) -> None:
    """What ``--verify`` printed once; after pruning it says that it cannot be looked for any more."""
    history = log(cli.state, segment=600, segments=2)
    history.append([fact("1")])
    noted = (await cli.done("history", "--verify")).out.split("Head: ")[1].strip()
    history.append([fact("2")])
    assert (await cli("history", "--verify", "--expect", noted)).code == 0
    for number in range(20):
        history.append([fact(str(number))])
    said = await cli("history", "--verify", "--expect", noted)
    assert said.code == 1
    assert "was removed to keep the history small" in said.err


@pytest.mark.parametrize("words", [["--verify"], ["--verify", "--json"]])
async def test_a_broken_history_is_named_by_file_and_line_and_exits_with_1(cli: CommandLine, words: list[str]) -> None:
    """The first place."""
    history = log(cli.state)
    history.append([fact(str(number), at=NOW + number) for number in range(5)])
    path, content = lines(cli.state)[0]
    path.write_bytes(b"".join([*content[:2], *content[3:]]))
    said = await cli("history", *words)
    assert said.code == 1
    if "--json" in words:
        assert (said.json["broken"]["file"], said.json["broken"]["line"]) == ("1.jsonl", 3)
    else:
        assert "BROKEN at history/1.jsonl:3: entry 3 is missing before it" in said.out


async def test_S2_a_decision_stands_where_the_history_cannot_be_written(cli: CommandLine) -> None:
    """Something else is in the place of its folder: done, with a warning."""
    cli.state.mkdir(mode=0o700)
    (cli.state / "history").write_text("not a folder")
    await cli.done("pairing", "block", "telegram", "7")
    assert "blocked" in (await cli.done("pairing", "allowlist", "telegram")).out
