"""Where the state and the configuration are: the expectations come from running the reference with these settings."""

import os
from pathlib import Path

import pytest

from clawdbot.errors import UsageError
from clawdbot.paths import expand, home_of, locate

HOME = Path("/home/ada")


@pytest.mark.parametrize(
    ("environ", "profile", "state_dir", "config_path"),
    [
        ({}, "", "/home/ada/.clawdbot", "/home/ada/.clawdbot/clawdbot.json"),
        ({}, "work", "/home/ada/.clawdbot-work", "/home/ada/.clawdbot-work/clawdbot.json"),
        ({}, "dev", "/home/ada/.clawdbot-dev", "/home/ada/.clawdbot-dev/clawdbot.json"),
        ({}, "default", "/home/ada/.clawdbot", "/home/ada/.clawdbot/clawdbot.json"),
        ({"CLAWDBOT_PROFILE": "work"}, "", "/home/ada/.clawdbot", "/home/ada/.clawdbot/clawdbot.json"),
        ({"CLAWDBOT_STATE_DIR": "/srv/bot"}, "", "/srv/bot", "/srv/bot/clawdbot.json"),
        ({"CLAWDBOT_STATE_DIR": "~/bot"}, "", "/home/ada/bot", "/home/ada/bot/clawdbot.json"),
        ({"CLAWDBOT_STATE_DIR": "/srv/bot"}, "work", "/srv/bot", "/srv/bot/clawdbot.json"),
        ({"CLAWDBOT_CONFIG_PATH": "/etc/bot.json"}, "", "/home/ada/.clawdbot", "/etc/bot.json"),
        ({"CLAWDBOT_CONFIG_PATH": "~/my.json5"}, "work", "/home/ada/.clawdbot-work", "/home/ada/my.json5"),
        (
            {"CLAWDBOT_STATE_DIR": " ", "CLAWDBOT_CONFIG_PATH": ""},
            " ",
            "/home/ada/.clawdbot",
            "/home/ada/.clawdbot/clawdbot.json",
        ),
    ],
)
def test_the_places_are_the_reference_s(
    environ: dict[str, str], profile: str, state_dir: str, config_path: str
) -> None:
    found = locate(environ, HOME, profile)
    assert (str(found.state_dir), str(found.config_path)) == (state_dir, config_path)


def test_a_relative_directory_is_taken_from_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate({"CLAWDBOT_STATE_DIR": "bot"}, HOME).config_path == tmp_path / "bot" / "clawdbot.json"


@pytest.mark.parametrize("profile", ["../x", "a b", "a/b", ".", "-x", "é", "x" * 65, "a\0b"])
def test_S5_a_profile_cannot_lead_elsewhere(profile: str) -> None:
    with pytest.raises(UsageError, match="the profile's name has other characters than letters, digits, _ and -"):
        locate({}, HOME, profile)


def test_only_the_own_home_is_expanded() -> None:
    assert expand("~", HOME) == HOME
    assert expand("~/a/~", HOME) == HOME / "a" / "~"
    assert expand("~root/a", HOME) == Path("~root/a")


def test_the_home_is_the_environment_s_or_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    assert home_of({"HOME": "/home/ada"}) == HOME
    monkeypatch.delenv("HOME", raising=False)
    assert home_of({"HOME": " "}) == home_of({}) == Path.home()
    monkeypatch.setenv("HOME", "")
    assert home_of(os.environ) == home_of({})
