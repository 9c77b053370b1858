"""Where programs are: by absolute path, or by name on a path that nobody can change."""

from pathlib import Path

import pytest

from clawdbot.node import programs
from clawdbot.node.policy import Policy, Rule


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "real" / "program"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_name_is_looked_for_on_the_fixed_path(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    """Whatever PATH this process has (threats.md G14)."""
    monkeypatch.setenv("PATH", str(program.parent))
    found = programs.find("sh")
    assert found is not None
    assert str(Path(found).parent) in programs.SEARCH
    assert programs.find("program") is None


def test_an_absolute_path_is_itself(program: Path) -> None:
    """If a program is there."""
    assert programs.find(str(program)) == str(program)
    program.chmod(0o644)
    assert programs.find(str(program)) is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "./sh", "../bin/sh", "bin/sh", "sh/", "sh\0", "nosuchprogram", "/", "~/x"]
)
def test_anything_else_is_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What depends on the folder that one is in names no program."""
    monkeypatch.chdir("/")
    assert programs.find(name) is None
    assert programs.resolve(name) is None


def test_links_are_resolved(program: Path, tmp_path: Path) -> None:
    """A program is known by its real path, so that a changed link is another program."""
    link = tmp_path / "link"
    link.symlink_to(program)
    folder = tmp_path / "folder"
    folder.symlink_to(program.parent)
    assert programs.resolve(str(link)) == str(program)
    assert programs.resolve(str(folder / "program")) == str(program)
    link.unlink()
    link.symlink_to("/bin/sh")
    assert programs.resolve(str(link)) == programs.resolve("sh")
    link.unlink()
    link.symlink_to(tmp_path / "gone")
    assert programs.resolve(str(link)) is None


def test_what_is_listed_wrongly_is_told(program: Path, tmp_path: Path) -> None:
    """A path that is not real matches nothing, which its owner should know."""
    link = tmp_path / "link"
    link.symlink_to(program)
    rules = (Rule(str(program)), Rule(str(link)), Rule("/no/such"))
    assert programs.mislisted(Policy(rules=rules)) == [
        f"{link} matches nothing: its real path is {program}",
        "/no/such matches nothing: there is no such program",
    ]


def test_folders(tmp_path: Path, program: Path) -> None:
    """Absolute, and there."""
    assert programs.is_folder(str(tmp_path))
    assert not programs.is_folder(str(program))
    assert not programs.is_folder(str(tmp_path / "gone"))
    assert not programs.is_folder(".")
