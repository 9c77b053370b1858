"""A login that the configuration does not show."""

from pathlib import Path

import pytest

from clawdbot.channels.logins import last_login, note_login
from clawdbot.domain.names import AccountId, Channel, ChannelAccount
from clawdbot.errors import StoreUnavailable

WORK = ChannelAccount(Channel.WHATSAPP, AccountId("work"))


def test_each_login_is_told_from_the_last_and_from_other_accounts(tmp_path: Path) -> None:
    seen = {last_login(tmp_path, WORK)}
    for _ in range(3):
        note_login(tmp_path, WORK)
        seen.add(last_login(tmp_path, WORK))
    assert len(seen) == 4
    assert last_login(tmp_path, ChannelAccount(Channel.WHATSAPP)) == 0


def test_S1_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    note_login(tmp_path, WORK)
    (path,) = (tmp_path / "whatsapp").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "whatsapp").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot write"):
        note_login(tmp_path, WORK)
