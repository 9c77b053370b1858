"""Looking at the files that matter, without changing any."""

import os
from pathlib import Path

import pytest

from clawdbot.audit import look
from clawdbot.client import identity_file, token_file
from clawdbot.config import load
from clawdbot.gateway import held_files, tls
from clawdbot.history import files as history
from clawdbot.node import policy_file, record
from clawdbot.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    return Paths(state, state / "clawdbot.json")


def put(path: Path, text: str = "", mode: int = 0o600) -> Path:
    for folder in reversed(path.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700)
    path.write_text(text)
    path.chmod(mode)
    return path


def parts(paths: Paths) -> list[tuple[str, str, bool]]:
    config = load(paths.config_path, {})
    return [
        (fact.part, os.path.relpath(fact.path, paths.state_dir.parent), fact.is_loose)
        for fact in look.files(paths, config)
    ]


def test_what_is_not_there_is_no_fact(tmp_path: Path) -> None:
    nowhere = Paths(tmp_path / "none", tmp_path / "none" / "clawdbot.json")
    assert look.files(nowhere, None) == []


def test_what_is_looked_at_is_called_as_its_programs_call_it() -> None:
    assert {
        *(record.NAME, policy_file.NAME, history.FOLDER),
        *(f"identity/{name}" for name in (identity_file.NAME, token_file.NAME)),
        "/".join((*tls.FOLDER, tls.KEY)),
        held_files.FOLDER,
        f"{held_files.KEY_FOLDER}/{held_files.KEY}",
    } < {name for name, _, _ in look.OWN}


def test_everything_that_holds_secrets_is_looked_at(paths: Paths) -> None:
    telegram, tls = "tokenFile: '../token'", "certPath: 'c', keyPath: 'k'"
    put(paths.config_path, f"{{channels: {{telegram: {{{telegram}}}}}, gateway: {{tls: {{{tls}}}}}}}")
    put(paths.config_path.with_name("clawdbot.json.bak"), mode=0o644)
    put(paths.state_dir / "identity" / "device.json")
    put(paths.state_dir / "gateway" / "tls" / "gateway-key.pem", mode=0o640)
    put(paths.state_dir / "k")
    put(paths.state_dir.parent / "token", "1:a", mode=0o644)
    assert parts(paths) == [
        ("state_dir", "state", False),
        ("identity_dir", "state/identity", False),
        ("identity", "state/identity/device.json", False),
        ("gateway_dir", "state/gateway", False),
        ("tls_dir", "state/gateway/tls", False),
        ("tls_key", "state/gateway/tls/gateway-key.pem", True),
        ("config", "state/clawdbot.json", False),
        ("config", "state/clawdbot.json.bak", True),
        ("token", "token", True),
        ("tls_key", "state/k", False),
    ]


def test_the_file_of_places_where_owners_are_told_is_looked_at(paths: Paths) -> None:
    """Its URLs hold passwords."""
    put(paths.config_path, "{owner: {notifyFile: '../places'}}")
    put(paths.state_dir.parent / "places", "ntfy://ntfy.sh/topic\n", mode=0o644)
    assert ("notify", "places", True) in parts(paths)


def test_a_closed_folder_shields_what_is_in_it(paths: Paths) -> None:
    put(paths.config_path, "{channels: {telegram: {tokenFile: '../token'}}}", mode=0o644)
    put(paths.state_dir.parent / "token", "1:a", mode=0o644)
    config = load(paths.config_path, {})

    def shielded() -> dict[str, bool]:
        return {fact.part: fact.is_shielded for fact in look.files(paths, config)}

    assert shielded() == {"state_dir": False, "config": True, "token": False}
    paths.state_dir.chmod(0o755)
    assert not shielded()["config"]


def test_links_are_the_owner_s_business_where_he_named_them(paths: Paths, tmp_path: Path) -> None:
    """The configuration may be one, what we keep may not."""
    put(tmp_path / "dotfiles" / "clawdbot.json", "{}", mode=0o644)
    paths.config_path.symlink_to(tmp_path / "dotfiles" / "clawdbot.json")
    put(tmp_path / "elsewhere" / "device.json", mode=0o644)
    (paths.state_dir / "identity").symlink_to(tmp_path / "elsewhere")
    facts = {fact.part: fact for fact in look.files(paths, None)}
    assert (facts["config"].is_link, facts["config"].is_loose) == (False, True)
    assert (facts["identity_dir"].is_link, facts["identity_dir"].is_loose) == (True, False)


def test_what_belongs_to_others_is_told(paths: Paths) -> None:
    """Root may look after anybody's files, and root's own are nobody's trouble."""
    put(paths.config_path, "{}")
    if os.geteuid() == 0:
        os.chown(paths.config_path, 4242, -1)
    somebody = paths.config_path.stat().st_uid + 1

    def foreign(user: int) -> bool:
        return any(fact.is_foreign for fact in look.files(paths, None, user=user) if fact.part == "config")

    assert [foreign(user) for user in (somebody, paths.config_path.stat().st_uid, 0)] == [True, False, False]


def test_folders_that_are_copied_elsewhere(tmp_path: Path) -> None:
    """By name or by what a program left there, and where they really are."""
    assert look.copied_by(tmp_path / "state") == ""
    (tmp_path / "Dropbox" / "bot").mkdir(parents=True)
    (tmp_path / "state").symlink_to(tmp_path / "Dropbox" / "bot")
    assert look.copied_by(tmp_path / "state") == "Dropbox"
    (tmp_path / "plain" / "bot").mkdir(parents=True)
    (tmp_path / "plain" / ".stfolder").mkdir()
    assert look.copied_by(tmp_path / "plain" / "bot") == "Syncthing"
