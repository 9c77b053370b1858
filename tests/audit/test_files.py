"""Files and folders: who else can read or change them, and who copies them elsewhere."""

import stat
from pathlib import Path

import pytest

from clawdbot.audit.files import FileFact, check, synced, synced_by

FILE, FOLDER, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK
PATH = Path("/state/a file")


def fact(mode: int, part: str = "config", *, foreign: bool = False, shielded: bool = False) -> FileFact:
    return FileFact(PATH, part, "the configuration", mode, foreign, shielded)


def found(one: FileFact) -> list[str]:
    return [f"{finding.severity} {finding.id} {finding.mend}" for finding in check([one])]


@pytest.mark.parametrize("mode", [FILE | 0o600, FILE | 0o400, FOLDER | 0o700])
def test_nothing_is_found_in_what_is_closed(mode: int) -> None:
    assert found(fact(mode)) == []


LOOSE = [
    (fact(FILE | 0o644), "critical fs.config.perms_readable chmod 600 '/state/a file'"),
    (fact(FILE | 0o640), "warn fs.config.perms_readable chmod 600 '/state/a file'"),
    (fact(FILE | 0o620), "critical fs.config.perms_writable chmod 600 '/state/a file'"),
    (fact(FILE | 0o666, shielded=True), "warn fs.config.perms_writable chmod 600 '/state/a file'"),
    (fact(FOLDER | 0o755, "state_dir"), "warn fs.state_dir.perms_readable chmod 700 '/state/a file'"),
    (fact(FOLDER | 0o711, "state_dir"), "warn fs.state_dir.perms_readable chmod 700 '/state/a file'"),
    (fact(FOLDER | 0o777, "state_dir"), "critical fs.state_dir.perms_writable chmod 700 '/state/a file'"),
    (fact(FOLDER | 0o770, "state_dir"), "critical fs.state_dir.perms_writable chmod 700 '/state/a file'"),
]


@pytest.mark.parametrize(("one", "finding"), LOOSE, ids=[finding for _, finding in LOOSE])
def test_S1_what_others_can_read_or_change_is_found(one: FileFact, finding: str) -> None:
    assert found(one) == [finding]


def test_S1_a_link_is_found_and_its_mode_says_nothing() -> None:
    assert found(fact(LINK | 0o777, "identity")) == ["warn fs.identity.link put the file itself there"]
    assert found(fact(LINK | 0o777, "tls_dir")) == ["warn fs.tls_dir.link put the folder itself there"]


def test_what_belongs_to_another_user_is_found() -> None:
    assert found(fact(FILE | 0o600, foreign=True)) == ["critical fs.config.owner chown \"$USER\" '/state/a file'"]


COPIED = [
    ("/home/ada/Dropbox/clawdbot", "Dropbox"),
    ("/home/ada/Dropbox (Work)/x", "Dropbox"),
    ("/Users/ada/Library/Mobile Documents/com~apple~CloudDocs/x", "iCloud"),
    ("/Users/ada/Library/CloudStorage/Box-Box/x", "a cloud"),
    ("/Users/ada/Library/CloudStorage/OneDrive-Home", "a cloud"),
    ("/mnt/c/Users/ada/OneDrive - Work/x", "OneDrive"),
    ("/home/ada/Nextcloud", "Nextcloud"),
    ("/home/ada/Google Drive/x", "Google Drive"),
    ("/home/ada/.clawdbot", ""),
    ("/home/dropboxer/.clawdbot", ""),
    ("/home/ada/my-onedriver/x", ""),
]


@pytest.mark.parametrize(("path", "program"), COPIED)
def test_folders_that_are_copied_elsewhere(path: str, program: str) -> None:
    assert synced_by(Path(path)) == program


def test_a_copied_folder_is_told_with_its_program() -> None:
    finding = synced(PATH, "The state directory", "Dropbox")
    assert finding.title == "The state directory is in a folder that Dropbox copies elsewhere"
    assert finding.file == str(PATH)
