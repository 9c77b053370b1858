"""A login that the configuration does not show."""

import os
import time
from pathlib import Path

import pytest

from clawdbot.channels.logins import last_login, note_login
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import StoreUnavailable

WORK = ChannelAccount(Channel.WHATSAPP, AccountId("work"))


def test_each_login_is_told_from_the_last_and_from_other_accounts(tmp_path: Path) -> None:
    """A file's time may stand still for some milliseconds, so the first one is moved back an hour."""
    assert last_login(tmp_path, WORK) == 0
    note_login(tmp_path, WORK)
    an_hour_ago = time.time() - 3600
    os.utime(tmp_path / "whatsapp" / "login-work.json", (an_hour_ago, an_hour_ago))
    first = last_login(tmp_path, WORK)
    assert first != 0
    note_login(tmp_path, WORK)
    assert last_login(tmp_path, WORK) not in (0, first)
    assert last_login(tmp_path, ChannelAccount(Channel.WHATSAPP)) == 0


def test_S1_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    note_login(tmp_path, WORK)
    (path,) = (tmp_path / "whatsapp").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "whatsapp").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot write"):
        note_login(tmp_path, WORK)
