"""docs/security.md tells of every finding that there is, and of no other."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOLD = {
    name
    for line in (ROOT / "docs" / "security.md").read_text("utf-8").splitlines()
    if line.startswith("| `")
    for name in re.findall(r"`([^`]+)`", line.split("|")[1])
}


def patterns() -> set[str]:
    """The id of each ``Finding(…)`` in the source, with ``.+`` for what is filled in."""
    found = set()
    for path in (ROOT / "src" / "clawdbot" / "audit").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                found.add(pattern(node.args[0]))
    return found


def pattern(node: ast.expr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)


def test_every_finding_is_told_of() -> None:
    found = patterns()
    assert len(found) > 20
    assert [one for one in found if not any(re.fullmatch(one, name) for name in TOLD)] == []
    assert [name for name in TOLD if not any(re.fullmatch(one, name) for one in found)] == []
