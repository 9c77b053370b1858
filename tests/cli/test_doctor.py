"""The doctor mends modes and leftovers, says what it mended, and is content with what it left behind."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.gateway import instance
from tests.support.disks import fill, small_disk
from tests.support.transcript import clawdbot, lay

FILES = {
    "clawdbot.json": '{ assistant: { command: ["cat"] } }\n',
    "credentials/telegram-allowFrom.json": '{"version": 1, "allowFrom": ["7"]}\n',
}


def test_S1_what_is_open_to_others_is_closed_and_said(tmp_path: Path) -> None:
    """The state, the folder, a file in it and the configuration: each has its line, once, and then all is in order."""
    state = tmp_path / "state"
    lay(FILES, state)
    paths = [state, state / "credentials", state / "credentials" / "telegram-allowFrom.json", state / "clawdbot.json"]
    for path in paths:
        path.chmod(path.stat().st_mode | 0o044)
    looked = clawdbot(["doctor"], state)
    assert looked.returncode == 1
    mended = clawdbot(["doctor", "--fix"], state)
    assert (mended.returncode, mended.stderr) == (0, "")
    said = mended.stdout.splitlines()
    assert [line.split(": ")[:2] for line in said[: len(paths)]] == [["mended", str(path)] for path in paths]
    assert said[-1] == "Everything is in order."
    assert not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths)
    assert "mended" not in clawdbot(["doctor", "--fix"], state).stdout


def test_what_cannot_be_mended_does_not_hide_the_rest(tmp_path: Path) -> None:
    """A folder that is none is an error that stays, beside the findings and notes about everything else."""
    state = tmp_path / "state"
    lay({"clawdbot.json": FILES["clawdbot.json"]}, state)
    (state / "credentials").write_text("")
    done = clawdbot(["doctor", "--fix"], state)
    assert done.returncode == 1
    assert f"error: {state}/credentials: cannot open {state}/credentials" in done.stdout
    assert "note: no channel is configured" in done.stdout
    assert done.stderr.startswith("clawdbot: warning: not everything could be mended")


def test_S4_every_broken_file_of_a_register_is_reported_and_what_may_be_is_set_aside(tmp_path: Path) -> None:
    """Both files of the devices: the requests go out of the way, the devices stay for the owner, in one run."""
    state = tmp_path / "state"
    lay({"clawdbot.json": FILES["clawdbot.json"], "devices/paired.json": "[]", "devices/pending.json": "{"}, state)
    devices = state / "devices"
    looked = clawdbot(["doctor"], state).stdout.splitlines()
    broken = [line.partition(":")[2].partition(":")[0].strip() for line in looked if line.startswith("error: ")]
    assert broken == [str(devices / "paired.json"), str(devices / "pending.json")]
    mended = clawdbot(["doctor", "--fix"], state)
    assert mended.returncode == 1
    assert f"set aside: {devices}/pending.json.corrupt-1" in mended.stdout
    assert f"error: {devices}/paired.json: not what it must be" in mended.stdout
    assert (devices / "paired.json").read_text() == "[]"


@pytest.mark.parametrize(
    ("gateway", "why", "way_out"),
    [
        (
            {"bind": "lan"},
            "the gateway would listen on 0.0.0.0 without a token or password",
            "set gateway.auth.token, or gateway.bind: loopback",
        ),
        ({"bind": "custom"}, "gateway.bind is custom, and there is no address", "set gateway.customBindHost"),
    ],
    ids=["open", "nowhere"],
)
def test_G15_what_the_gateway_would_refuse_to_start_with_is_an_error(
    tmp_path: Path, gateway: dict[str, object], why: str, way_out: str
) -> None:
    """In the words of the gateway, which does refuse; where another machine's is used, it is nobody's concern."""
    state = tmp_path / "state"
    config = {"assistant": {"command": ["cat"]}, "gateway": gateway}
    lay({"clawdbot.json": json.dumps(config)}, state)
    done = clawdbot(["doctor"], state)
    assert done.returncode == 1
    error, hint, *_ = done.stdout.splitlines()
    assert error.startswith(f"error: {state}/clawdbot.json: the gateway would not start: {why}")
    assert hint.strip().startswith(way_out)
    started = clawdbot(["gateway", "--port", "0"], state)
    assert started.returncode != 0
    assert why in started.stderr
    elsewhere = {**config, "gateway": {**gateway, "mode": "remote", "remote": {"url": "wss://gateway.example"}}}
    (state / "clawdbot.json").write_text(json.dumps(elsewhere))
    assert clawdbot(["doctor"], state).returncode == 0


def test_a_gateway_that_runs_is_named_with_its_address(tmp_path: Path) -> None:
    """The owner sees which process it is and where it listens."""
    state = tmp_path / "state"
    lay({"clawdbot.json": FILES["clawdbot.json"]}, state)
    with instance.hold(state) as place:
        place.listens("ws://127.0.0.1:4711")
        said = clawdbot(["doctor"], state).stdout
    assert f"note: a gateway runs (process {os.getpid()}) at ws://127.0.0.1:4711\n" in said


@pytest.mark.parametrize(
    ("owner", "allowed", "said"),
    [
        ("telegram:7", ["7"], None),
        ("telegram:8", ["7"], "owner telegram:8 is told nothing and decides nothing: he is not in"),
        (
            "signal:+15550001111",
            ["7"],
            "owner signal:+15550001111 is told nothing and decides nothing: signal is not set up",
        ),
    ],
    ids=["in", "not in", "no channel"],
)
def test_an_owner_who_would_wait_for_nothing_is_named(
    owner: str, allowed: list[str], said: str | None, tmp_path: Path
) -> None:
    """Whoever lists himself by hand has to be let in like everybody else."""
    channels = {"telegram": {"botToken": "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}
    config = {"channels": channels, "owner": [owner], "assistant": {"command": ["cat"]}}
    senders = {"version": 1, "allowFrom": allowed}
    lay({"clawdbot.json": json.dumps(config), "credentials/telegram-allowFrom.json": json.dumps(senders)}, tmp_path)
    looked = clawdbot(["doctor"], tmp_path)
    warnings = [line for line in looked.stdout.splitlines() if line.startswith("warning: ")]
    assert warnings == ([] if said is None else [f"warning: {said}"])


POWERLESS = ("--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")
"""Root without its power over modes: what is closed to its owner is closed to it."""


def by_the_owner(arguments: list[str], state: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as whom the files belong to, and who is bound by their modes."""
    if os.geteuid() != 0:
        return clawdbot(arguments, state)
    program = shutil.which("setpriv")
    if program is None:
        pytest.skip("NOT TESTED: closed files: setpriv is not installed, and root opens everything")
    return clawdbot(arguments, state, by=[program, *POWERLESS])


@pytest.mark.parametrize(
    ("closed", "command", "bits"),
    [
        ("", ["status"], "rwx"),
        ("", ["gateway", "--port", "0"], "rwx"),
        ("credentials", ["pairing", "list", "telegram"], "rwx"),
        ("credentials/telegram-allowFrom.json", ["pairing", "allowlist", "telegram"], "rw"),
        ("clawdbot.json", ["status"], "rw"),
        ("clawdbot.json", ["channels", "add", "telegram", "--no-check", "--token", "1:a"], "rw"),
    ],
)
def test_S4_what_is_one_s_own_and_closed_is_said_once_with_the_command_to_type(
    tmp_path: Path, closed: str, command: list[str], bits: str
) -> None:
    """By the command that fails on it, with 3, and by doctor, who does not go on about what lies behind it."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    lay(FILES, state)
    for path in (state, *state.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (state / closed).chmod(0o000)
    try:
        failed, doctor = by_the_owner(command, state), by_the_owner(["doctor"], state)
    finally:
        (state / closed).chmod(0o700)
    way_out = f"chmod u+{bits} {state / closed}"
    assert failed.returncode == 3
    assert failed.stderr.splitlines()[1:] == [f"clawdbot: hint: {way_out}"]
    findings = [line for line in doctor.stdout.splitlines() if not line.startswith("note: ")]
    assert (len(findings), findings[0].startswith("error: "), findings[1]) == (2, True, f"  {way_out}"), findings


def test_a_link_among_the_files_is_told_once(tmp_path: Path) -> None:
    """That it is not followed, and not once more that it cannot be read."""
    state = tmp_path / "state"
    lay(FILES, state)
    allowed = state / "credentials" / "telegram-allowFrom.json"
    allowed.rename(tmp_path / "elsewhere.json")
    allowed.symlink_to(tmp_path / "elsewhere.json")
    said = [line for line in clawdbot(["doctor"], state).stdout.splitlines() if "allowFrom" in line]
    assert said == [f"error: {allowed}: a symbolic link, which is not followed"]


@pytest.mark.parametrize(
    "command",
    [
        ["channels", "add", "telegram", "--no-check", "--token", "1:a"],
        ["node", "policy", "allowlist"],
        ["pairing", "block", "telegram", "8"],
    ],
    ids=["configuration", "policy", "senders"],
)
def test_S2_on_a_full_disk_every_command_says_to_make_room(tmp_path: Path, command: list[str]) -> None:
    """With 3, as nothing is wrong with what was typed, and nothing with the file; what was there is as it was."""
    with small_disk(tmp_path / "disk") as disk:
        state = disk / "state"
        state.mkdir(mode=0o700)
        lay(FILES, state)
        before = {path: path.read_bytes() for path in state.rglob("*.json")}
        fill(disk / "filler")
        done = clawdbot(command, state)
        assert (done.returncode, done.stdout) == (3, "")
        assert "No space left" in done.stderr or "no space left" in done.stderr
        assert done.stderr.splitlines()[-1].startswith("clawdbot: hint: make room on the disk"), done.stderr
        assert {path: path.read_bytes() for path in state.rglob("*.json")} == before


def test_json_names_commands_as_they_must_be_typed(tmp_path: Path) -> None:
    """With the profile; everything that people are told is in it."""
    state = tmp_path / ".clawdbot-x"
    state.mkdir()
    state.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CLAWDBOT_")}
    done = subprocess.run(
        [sys.executable, "-m", "clawdbot", "--profile", "x", "doctor", "--json"],
        env={**environ, "HOME": str(tmp_path)}, capture_output=True, check=False,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"], said["done"]) == (1, False, [])
    assert said["findings"] == [
        {
            "severity": "warning",
            "text": f"{state}: open to others (mode 755)",
            "hint": 'run "clawdbot --profile x doctor --fix"',
        }
    ]
    assert 'no channel is configured; run "clawdbot --profile x channels add telegram"' in said["notes"]
