"""What people are told to install: ours is not on any index, and the name ``clawdbot`` there is somebody else's."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
READ = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/**/*.md", "src/clawdbot/**/*.py")

INSTALLED = re.compile(r"pip3? install\s+(?P<all>[^`\n]*)")
REQUIREMENT = re.compile(r'"(?P<one>[^"]+)"|(?P<bare>[\w./\[\]-]+)')


def told(text: str) -> Iterator[str]:
    """Everything that a text has people install with pip."""
    for line in INSTALLED.finditer(text):
        for word in REQUIREMENT.finditer(line["all"].partition("#")[0]):
            if not word[0].startswith("-"):
                yield word["one"] or word["bare"]


def known() -> set[str]:
    """Our own requirements, with their bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    return {*project["dependencies"], *(one for name, of in extras.items() if name != "all" for one in of)}


def is_ours(requirement: str) -> bool:
    """Whether it is a folder, or one of our libraries within our bounds."""
    return requirement.startswith((".", "/")) or requirement in known()


def files() -> Iterator[Path]:
    for pattern in READ:
        yield from ROOT.glob(pattern)


def test_nobody_is_told_to_install_what_others_call_clawdbot() -> None:
    """Every ``pip install`` in docs and hints names a folder, or a library with the bounds that pyproject has."""
    named = [(path.relative_to(ROOT), one) for path in files() for one in told(path.read_text("utf-8"))]

    assert {one for _, one in named} >= {"neonize==0.5.2", "apprise>=1.9.4,<2", "httpx[socks]>=0.28,<1"}
    assert [(str(path), one) for path, one in named if not is_ours(one)] == []


@pytest.mark.parametrize(
    "text",
    [
        'pip install "clawdbot[whatsapp]"',
        "pip install --upgrade clawdbot",
        "run: pip install clawdbot",
        'pip install "neonize>=1"',
    ],
)
def test_what_names_it_would_be_found(text: str) -> None:
    """The test above can fail."""
    assert not all(map(is_ours, told(text)))
