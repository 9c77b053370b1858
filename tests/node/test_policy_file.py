"""The owner's word on disk: read anew each time, private, and nothing is allowed by what cannot be read."""

import hashlib
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from clawdbot.errors import StoreCorrupt, StoreUnavailable
from clawdbot.node.policy import Mode, Policy, Rule
from clawdbot.node.policy_file import NAME, PolicyFile


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def file(state: Path) -> PolicyFile:
    return PolicyFile(state)


def write(state: Path, text: str) -> None:
    state.mkdir(mode=0o700, exist_ok=True)
    (state / NAME).write_text(text)
    (state / NAME).chmod(0o600)


def test_without_a_file_nothing_is_allowed(file: PolicyFile, state: Path) -> None:
    """And looking makes none."""
    assert file.read().policy == Policy(Mode.DENY)
    assert file.read().digest is None
    assert not state.exists()


def test_what_is_written_is_read(file: PolicyFile, state: Path) -> None:
    """The first program that is listed makes a policy that allows what is listed."""
    file.allow(Rule("/usr/bin/uname"))
    file.allow(Rule("/usr/bin/ls", ("-l", "*")))
    file.allow(Rule("/usr/bin/uname"))
    data = (state / NAME).read_bytes()
    assert json.loads(data) == {
        "version": 1,
        "mode": "allowlist",
        "allow": [{"program": "/usr/bin/uname"}, {"program": "/usr/bin/ls", "args": ["-l", "*"]}],
    }
    kept = PolicyFile(state).read()
    assert kept.policy == Policy(Mode.ALLOWLIST, (Rule("/usr/bin/uname"), Rule("/usr/bin/ls", ("-l", "*"))))
    assert kept.digest == hashlib.sha256(data).hexdigest()


def test_S1_the_file_is_private(file: PolicyFile, state: Path) -> None:
    """0600 in a folder of 0700, whatever the umask."""
    old = os.umask(0)
    try:
        file.set_mode(Mode.ASK)
    finally:
        os.umask(old)
    assert stat.S_IMODE((state / NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [path.name for path in state.iterdir()] == [NAME]


def test_a_policy_that_denies_goes_on_doing_so(file: PolicyFile) -> None:
    """Listing a program does not switch on what the owner switched off."""
    file.allow(Rule("/usr/bin/uname"))
    file.set_mode(Mode.DENY)
    file.allow(Rule("/usr/bin/id"))
    assert file.read().policy == Policy(Mode.DENY, (Rule("/usr/bin/uname"), Rule("/usr/bin/id")))


def test_disallowing_takes_every_rule_of_a_program(file: PolicyFile) -> None:
    """With whatever arguments it is listed; others stay."""
    for rule in (Rule("/usr/bin/ls"), Rule("/usr/bin/id"), Rule("/usr/bin/ls", ("-l",))):
        file.allow(rule)
    assert file.disallow("/usr/bin/ls")
    assert not file.disallow("/usr/bin/ls")
    assert file.read().policy.rules == (Rule("/usr/bin/id"),)


def test_the_owners_variables_are_kept(file: PolicyFile, state: Path) -> None:
    """They are written by hand and survive the commands."""
    write(state, '{"version": 1, "mode": "allowlist", "env": ["STAGE"]}')
    file.allow(Rule("/usr/bin/id"))
    assert file.read().policy == Policy(Mode.ALLOWLIST, (Rule("/usr/bin/id"),), frozenset({"STAGE"}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 2, "mode": "deny"}',
        '{"version": 1, "mode": "full"}',
        '{"version": 1, "mode": "Allowlist"}',
        '{"version": 1, "mode": null}',
        '{"version": 1, "mode": "deny", "mode": "allowlist"}',
        '{"version": 1, "mode": "allowlist", "alow": []}',
        '{"version": 1, "mode": "allowlist", "allow": {}}',
        '{"version": 1, "mode": "allowlist", "allow": ["/bin/ls"]}',
        '{"version": 1, "mode": "allowlist", "allow": [{"program": "/bin/ls", "arguments": []}]}',
        '{"version": 1, "mode": "allowlist", "allow": [{"program": "/bin/ls", "args": "x"}]}',
        '{"version": 1, "mode": "allowlist", "env": ["LD_PRELOAD"]}',
        '{"version": 1, "mode": "allowlist", "env": ["PATH"]}',
        "[" * 10_000,
    ],
)
def test_S4_what_cannot_be_read_is_an_error_and_stays(file: PolicyFile, state: Path, text: str) -> None:
    """A misspelt key could be a restriction: nothing is guessed, nothing is overwritten, and the way out is named."""
    write(state, text)
    with pytest.raises(StoreCorrupt, match=NAME) as caught:
        file.read()
    assert "move it away" in caught.value.hint
    with pytest.raises(StoreCorrupt):
        file.allow(Rule("/usr/bin/id"))
    assert (state / NAME).read_text() == text


def test_S1_a_link_is_not_followed(file: PolicyFile, state: Path, tmp_path: Path) -> None:
    """Whoever may put a link there does not choose the policy."""
    state.mkdir(mode=0o700)
    (tmp_path / "other").write_text('{"version": 1, "mode": "allowlist"}')
    (state / NAME).symlink_to(tmp_path / "other")
    with pytest.raises(StoreUnavailable):
        file.read()


def test_the_state_directory_may_be_a_link(state: Path, tmp_path: Path) -> None:
    """Its owner chose it."""
    state.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(state)
    PolicyFile(tmp_path / "link").set_mode(Mode.ASK)
    assert PolicyFile(state).read().policy.mode is Mode.ASK


def test_S3_many_changes_at_once(state: Path) -> None:
    """None is lost."""
    rules = [Rule(f"/usr/bin/p{number}") for number in range(20)]
    threads = [threading.Thread(target=PolicyFile(state).allow, args=(rule,)) for rule in rules]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(PolicyFile(state).read().policy.rules) == set(rules)
