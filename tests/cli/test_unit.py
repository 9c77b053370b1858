"""The unit's text: what systemd reads is what was meant, whatever characters a path has."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clawdbot.cli.unit import Unit


def unit(state: Path, **environ: str) -> Unit:
    return Unit("clawdbot-gateway", (sys.executable, "-P", "-m", "clawdbot", "gateway", "run"), state, environ)


def lines(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_what_systemd_would_fill_in_stays_as_it_is() -> None:
    """``%`` and quotes everywhere, ``$`` in the command alone."""
    odd = Unit("c", ("/odd %h/$x/py", 'a "b" \\'), Path("/odd %h"), {"PATH": '/a $b:%c"'})
    text = odd.text()
    assert lines(text, "ExecStart") == ['"/odd %%h/$$x/py" "a \\"b\\" \\\\"']
    assert lines(text, "Environment") == ['"PATH=/a $b:%%c\\""']
    assert lines(text, "EnvironmentFile") == ["-/odd %%h/.env"]


def test_it_is_hardened_and_an_assistant_s_command_can_still_run() -> None:
    """Core dumps with secrets and new privileges are off; home, network and namespaces stay usable."""
    text = unit(Path("/home/ada/.clawdbot")).text()
    for line in ("NoNewPrivileges=yes", "LimitCORE=0", "UMask=0077", "RestrictSUIDSGID=yes", "Type=notify"):
        assert f"\n{line}\n" in text
    for breaks in ("ProtectHome", "PrivateTmp", "MemoryDenyWriteExecute", "RestrictNamespaces", "PrivateNetwork"):
        assert breaks not in text


def test_systemd_itself_finds_nothing_wrong(tmp_path: Path) -> None:
    """Where it is there to be asked."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    one = unit(tmp_path / "a state with % and $", PATH="/usr/bin")
    path = tmp_path / one.file_name
    path.write_text(one.text())
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(path)],
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = [line for line in done.stderr.splitlines() if one.name in line]
    assert ours == []
