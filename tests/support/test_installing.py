"""What is installed for the tests is whole or not there, by a npm of our own."""

import json
from pathlib import Path

import pytest

from tests.support.installing import ensure, version

WORKS = 'mkdir -p node_modules/thing && cp package.json node_modules/thing/package.json && echo "$*" > asked'


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only npm on the search path; the test says what it does."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def install(folder: Path, *more: tuple[str, ...]) -> None:
    """Install the second version of a thing."""
    package = {"name": "thing", "version": "2"}
    ensure("thing", folder, package, lambda made: version(made, "thing") == "2", *more)


def does(npm: Path, script: str) -> None:
    npm.write_text(f"#!/bin/sh\nset -e\n{script}\n")
    npm.chmod(0o755)


def test_it_is_put_in_place_when_it_is_whole(npm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Over what was there of another version, with no script of a package run; the second time nothing is done."""
    does(npm, WORKS)
    folder = tmp_path / "cache" / "thing"
    (folder / "old").mkdir(parents=True)
    install(folder, ("touch", "more"))
    assert sorted(path.name for path in folder.iterdir()) == ["asked", "more", "node_modules", "package.json"]
    assert "--ignore-scripts" in (folder / "asked").read_text()
    assert [path.name for path in folder.parent.iterdir()] == ["thing"]
    does(npm, "exit 1")
    install(folder)
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == f"thing is installed in {folder}"
    assert said.err == ""


@pytest.mark.parametrize(
    ("script", "more", "reason"),
    [
        ("exit 3", (), "returned non-zero exit status 3"),
        (WORKS, (("false",),), "returned non-zero exit status 1"),
        ("mkdir node_modules", (), "that is not what was wanted"),
        (None, (), "No such file or directory: 'npm'"),
    ],
)
def test_what_cannot_be_had_is_said_loudly_and_changes_nothing(
    npm: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    script: str | None,
    more: tuple[tuple[str, ...], ...],
    reason: str,
) -> None:
    if script is None:
        monkeypatch.setenv("PATH", str(npm.parent))
    else:
        does(npm, script)
    folder = tmp_path / "cache" / "thing"
    package = folder / "node_modules" / "thing" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": "1"}))
    install(folder, *more)
    said = capsys.readouterr().err
    assert said.startswith("NOT INSTALLED: thing: ")
    assert reason in said
    assert version(folder, "thing") == "1"
    assert [path.name for path in folder.parent.iterdir()] == ["thing"]
