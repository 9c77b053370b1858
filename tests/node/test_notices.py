"""Notices: the texts are arguments, never options, markup or part of a script."""

from pathlib import Path

import pytest

from clawdbot.node import notices, programs
from clawdbot.node.requests import Notify


def test_a_notice_for_a_desktop() -> None:
    """Behind ``--``, without markup."""
    found = notices.command(Notify("--help", '<a href="x">1</a>\n\x1b[2J&amp;'), "/usr/bin/notify-send")
    assert found == [
        "/usr/bin/notify-send", "--app-name=clawdbot", "--", "--help", '‹a href="x">1‹/a>\n\\x1b[2J＆amp;',
    ]  # fmt: skip


def test_a_notice_for_a_mac() -> None:
    """The script is ours; the texts are what it is given."""
    found = notices.command(Notify("", 'x" & (do shell script "id") & "'), "/usr/bin/osascript")
    assert found[-3:] == ["--", "clawdbot", 'x" ＆ (do shell script "id") ＆ "']
    assert not any("id" in word for word in found[:-1])


@pytest.mark.usefixtures("nothing_left")
async def test_a_notice_is_shown_by_a_program(tmp_path: Path) -> None:
    """It gets the desktop's variables, and no token."""
    program = tmp_path / "notify-send"
    program.write_text('#!/bin/sh\nenv; printf "<%s>" "$@"\n')
    program.chmod(0o755)
    environ = {"DISPLAY": ":0", "CLAWDBOT_GATEWAY_TOKEN": "sekrit", "LD_PRELOAD": ""}
    ended = await notices.show(Notify("T", "B"), str(program), environ)
    assert ended.success
    assert ended.stdout.endswith("<--app-name=clawdbot><--><T><B>")
    assert "DISPLAY=:0" in ended.stdout
    assert "sekrit" not in ended.stdout


def test_where_nothing_shows_notices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box without a screen."""
    monkeypatch.setattr(programs, "SEARCH", ())
    assert notices.find() is None
