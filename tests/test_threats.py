"""Every rule of docs/threats.md that is said to be held has a test with its number in its name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
THREATS = (TESTS.parent / "docs" / "threats.md").read_text("utf-8")
RULES = re.findall(r"^([DGS]\d+)  ", THREATS, re.MULTILINE)
NOT_YET: set[str] = set()


@cache
def _test_names() -> set[str]:
    """The names of all test functions, read from the sources."""
    return {
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def _held(names: set[str]) -> set[str]:
    return {rule for name in names for rule in re.findall(r"(?<![A-Za-z0-9])[DGS]\d+(?![0-9])", name.replace("_", " "))}


def test_the_document_lists_the_rules() -> None:
    """The rules are found in the document, in order and without gaps."""
    for letter in "DGS":
        numbers = [int(rule[1:]) for rule in RULES if rule[0] == letter]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in NOT_YET])
def test_every_rule_has_a_test(rule: str) -> None:
    """Some test carries the rule's number."""
    assert rule in _held(_test_names())


def test_a_rule_without_a_test_would_be_found() -> None:
    """The check can fail: among these names nothing holds D1, and D11 is not D1."""
    assert _held({"test_D11_an_expired_code", "test_the_whole_road"}) == {"D11"}
