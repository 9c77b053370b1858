"""The container recipe agrees with the project: what it copies is there, what it runs exists, nothing runs as root."""

import fnmatch
import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from clawdbot.cli.app import COMMANDS
from clawdbot.config import GatewaySettings
from clawdbot.paths import STATE_DIR

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
BUILD, FINAL = re.split(r"^FROM ", re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.M)), flags=re.M)[1:]


def said(stage: str, instruction: str) -> list[str]:
    return [line.partition(" ")[2].strip() for line in stage.splitlines() if line.startswith(f"{instruction} ")]


def test_what_is_copied_is_there_and_not_left_out() -> None:
    """Paths exist, and ``.dockerignore``, which leaves out all but what it names, names them."""
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert ignored[0] == "*"
    for copied in said(BUILD, "COPY"):
        for path in copied.split()[:-1]:
            assert (ROOT / path).exists(), path
            assert f"!{path.rstrip('/')}" in ignored
    for secret in (".git", ".venv", "tests", "clawdbot.json"):
        assert not any(fnmatch.fnmatch(f"!{secret}", line) for line in ignored[1:])


def test_everything_is_installed_by_its_hash() -> None:
    """Nothing comes from an index without one."""
    installs = [
        part for line in said(BUILD, "RUN") for part in line.split("&&") if re.search(r"pip (install|wheel)", part)
    ]
    assert len(installs) == 4
    for command in installs:
        assert "--require-hashes -r " in command or "--no-deps" in command, command
    assert any("requirements/run.txt" in command for command in installs)


def test_what_builds_the_wheel_is_found_in_the_development_requirements() -> None:
    """The recipe's own line, run here: a requirement and its hashes for each name, and nothing else."""
    (script,) = [line for line in said(BUILD, "RUN") if "build.txt" in line]
    loop = script[script.index("for name") : script.index("> build.txt")]
    found = subprocess.run(["sh", "-c", loop], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^([\w.-]+)==\S+ \\$", found, flags=re.M)
    wanted = re.findall(r"for name in ([\w. -]+);", loop)[0].split()
    assert names == wanted
    assert "hatchling" in wanted
    assert found.count("--hash=sha256:") >= len(names)
    assert found.rstrip()[-1] != "\\"


def test_the_gateway_runs_as_nobody_special_with_its_state_on_a_volume() -> None:
    assert said(FINAL, "USER") == ["clawdbot"]
    assert "--mode 0700 --owner clawdbot --group clawdbot /state" in FINAL
    assert FINAL.index("USER clawdbot") < FINAL.index("ENTRYPOINT")
    (volume,) = said(FINAL, "VOLUME")
    assert f"{STATE_DIR}={volume}" in " ".join(said(FINAL, "ENV"))


def test_the_port_and_the_commands_are_ours() -> None:
    assert said(FINAL, "EXPOSE") == [str(GatewaySettings().port)]
    assert said(FINAL, "ENTRYPOINT") == ['["clawdbot"]']
    assert said(FINAL, "CMD") == ['["gateway", "run"]']
    assert "gateway" in COMMANDS


def test_the_health_check_asks_healthz() -> None:
    """By the module that does, which is in the wheel."""
    (check,) = said(FINAL, "HEALTHCHECK")
    module = re.findall(r'\["python", "-m", "([\w.]+)"\]', check)[0]
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assert "/healthz" in Path(spec.origin).read_text("utf-8")


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_the_recipe_holds_no_secret(name: str) -> None:
    """No ``ENV`` or ``ARG`` of a token: images are copied."""
    assert not re.search(r"^(ENV|ARG)[^\n]*(TOKEN|PASSWORD|SECRET)", (ROOT / name).read_text("utf-8"), flags=re.M)
