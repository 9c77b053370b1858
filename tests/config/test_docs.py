"""docs/config.md: its examples load (others too), its error is real, and every key that is served is told of."""

import re
from pathlib import Path

import pytest

from clawdbot.errors import ConfigError
from tests.support.configs import Desk

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "config.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"```json5\n(.*?)```",
    TEXT + "".join((DOCS / name).read_text("utf-8") for name in ("pairing-devices.md", "owner.md")),
    re.DOTALL,
)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_load(desk: Desk, number: int) -> None:
    assert desk.errors(EXAMPLES[number]) == []


@pytest.mark.parametrize(
    "section",
    ["{%s}", "{assistant: {%s}}", "{owner: {%s}}", "{pairing: {%s}}"]
    + [
        f"{{channels: {{{name}: {{%s}}}}}}"
        for name in ("telegram", "discord", "slack", "whatsapp", "signal", "imessage")
    ]
    + ["{channels: {discord: {dm: {%s}}}}", "{discovery: {%s}}", "{discovery: {mdns: {%s}}}", "{gateway: {%s}}"]
    + [f"{{gateway: {{{name}: {{%s}}}}}}" for name in ("auth", "controlUi", "nodes", "pairing", "remote", "tls")],
)
def test_every_served_key_is_told_of(desk: Desk, section: str) -> None:
    """The hint for a key that is near to nothing lists what is served."""
    hints = re.findall(r"\(keys here are (.*?)\)", " ".join(desk.errors(section % "zzzzzzzzzzzz: 1")))
    (keys,) = (hint.split(", ") for hint in hints)
    assert [key for key in keys if not re.search(rf"`(\w+\.)*{key}[`:.]", TEXT)] == []


def test_the_error_is_the_real_one(desk: Desk) -> None:
    with pytest.raises(ConfigError) as caught:
        desk.config("\n" * 11 + "{channels: {telegram: {dmPolicy: 'paring'}}}")
    assert f"clawdbot: error: {caught.value.message}\nclawdbot: hint: {caught.value.hint}\n" in TEXT
