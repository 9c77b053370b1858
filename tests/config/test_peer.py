"""The reference reads what we write and we read what it writes, and both parsers take texts for the same."""

import json
import math
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clawdbot.config import load
from clawdbot.config.edit import update
from clawdbot.config.json5 import Array, Json5Error, Node, Object, parse
from clawdbot.domain.gate import DmPolicy
from clawdbot.domain.names import Channel, ChannelAccount
from clawdbot.paths import locate
from tests.support.peer import Peer, find

pytestmark = pytest.mark.peer

TELEGRAM = ChannelAccount(Channel.TELEGRAM)


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    return find(tmp_path / "home", tmp_path / "state")


PARSE = """
const JSON5 = require(process.argv[1]);
const told = (value) =>
  typeof value === "number" ? ["number", String(value)] :
  Array.isArray(value) ? ["list", value.map(told)] :
  value && typeof value === "object" ? ["object", Object.entries(value).map(([key, one]) => [key, told(one)])] :
  ["value", value];
const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(texts.map((text) => { try { return told(JSON5.parse(text)); } catch { return null; } })));
"""
ATOMS = [
    *"{}[]:,\"'\\+-01.eE_ \t\n",
    *("a", "key", "$x", "true", "null", "NaN", "Infinity", "23", "0x1F", "1e3", "\r\n", "//", "/*", "*/", "\u2028"),
    *("\xa0", "\ufeff", "é", "٣", "😀", "\u200d", "\x01", r"\u0041", r"\x41", r"\n", r"\0", r"\\u0041", r"\u00e9"),
    *('"b"', "'c'", "{a:1}", "[1,2,]", "a:", '"k":', "\\\n"),
]


def texts(seed: int) -> list[str]:
    """Some thousands, a good part of them JSON5."""
    draw = random.Random(seed)
    found = []
    for _ in range(5000):
        inside = "".join(draw.choice(ATOMS) for _ in range(draw.randint(1, 10)))
        found.append(draw.choice(["…", "{a:…}", "[…]", '"…"', "{…}"]).replace("…", inside))
    return found


def test_both_parsers_take_texts_for_the_same(peer: Peer) -> None:
    """All but what is refused here on purpose: a key that comes twice (threats.md S8)."""
    library = peer.entry.parents[2] / "json5"
    asked = texts(seed=7)
    done = subprocess.run(
        [str(peer.node), "-e", PARSE, str(library)], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    read = 0
    for text, theirs in zip(asked, json.loads(done.stdout), strict=True):
        ours, refusal = None, ""
        try:
            ours = told(parse(text))
        except Json5Error as error:
            refusal = str(error)
        if "is there twice" not in refusal:
            assert ours == comparable(theirs), text
        read += ours is not None
    assert read > 500


def told(node: Node) -> Any:
    if isinstance(node, Object):
        return ["object", sorted([member.key, told(member.value)] for member in node.members)]
    if isinstance(node, Array):
        return ["list", [told(item) for item in node.items]]
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return ["value", node.value]
    return ["number", number(node.value)]


def comparable(theirs: Any) -> Any:
    """Numbers as numbers, and members sorted: they put keys that look like numbers first."""
    match theirs:
        case ["number", text]:
            return ["number", number(float(text))]
        case ["list", items]:
            return ["list", [comparable(item) for item in items]]
        case ["object", members]:
            return ["object", sorted([key, comparable(value)] for key, value in members)]
        case _:
            return theirs


def number(value: float) -> float | str:
    return "NaN" if math.isnan(value) else float(value)


def test_what_we_write_it_reads_and_back(peer: Peer) -> None:
    path = locate({"CLAWDBOT_STATE_DIR": str(peer.state_dir)}, peer.home).config_path
    changes: dict[tuple[str, ...], object] = {
        ("plugins", "entries", "telegram", "enabled"): True,
        ("channels", "telegram", "botToken"): "123456:ABC",
        ("channels", "telegram", "dmPolicy"): "allowlist",
        ("channels", "telegram", "allowFrom"): ["777", "tg:888"],
    }
    update(path, changes)
    there = peer.run("config", "get", "channels.telegram", "--json")
    theirs = json.loads(there[there.index("{") : there.rindex("}") + 1])
    assert (theirs["botToken"], theirs["dmPolicy"], theirs["allowFrom"]) == (
        "123456:ABC",
        "allowlist",
        ["777", "tg:888"],
    )
    peer.run("config", "set", "channels.telegram.dmPolicy", "disabled")
    account = load(path, {}).accounts[TELEGRAM]
    assert account.rules.policy is DmPolicy.DISABLED
    assert account.rules.listed == {"777", "888"}


def test_a_profile_has_the_same_place(peer: Peer) -> None:
    peer.home.mkdir(exist_ok=True)
    subprocess.run(
        [str(peer.node), str(peer.entry), "--profile", "work", "config", "set", "ui.seamColor", '"#ff0000"'],
        env={"HOME": str(peer.home), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
    assert load(locate({}, peer.home, "work").config_path, {}).not_served == ("messages", "agents", "ui")
