"""Device tokens on disk: the reference's format, one a role, and only this device's."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clawdbot.client import TokenFile, load_identity
from clawdbot.client.token_file import KeptOnly
from clawdbot.domain.names import DeviceId, Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import StoreCorrupt

RECORDED = Path(__file__).parents[1] / "vectors" / "state"
DEVICE = DeviceId("c692280e1f19d5a1743a73580fd2fc02723919c4003704053db7d065a72d749f")
ADMIN = Scope("operator.admin")
NOW = 1_795_367_602_664


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path, DEVICE)


def path(state: Path) -> Path:
    return state / "identity" / "device-auth.json"


def document(state: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path(state).read_text())
    return found


def test_tokens_are_kept_by_role(tokens: TokenFile) -> None:
    """What was kept last counts; the other role has its own."""
    assert tokens.get(Role.OPERATOR) is None
    tokens.keep(Role.OPERATOR, Secret("one"), [ADMIN], now=NOW)
    tokens.keep(Role.NODE, Secret("node"), [], now=NOW)
    tokens.keep(Role.OPERATOR, Secret("two"), [ADMIN], now=NOW)
    assert (tokens.get(Role.OPERATOR), tokens.get(Role.NODE)) == (Secret("two"), Secret("node"))


def test_what_a_token_is_good_for_is_known(tokens: TokenFile) -> None:
    """So that no more is asked for; nothing is known of a role without a token."""
    tokens.keep(Role.OPERATOR, Secret("one"), [Scope("operator.read")], now=NOW)
    assert (tokens.scopes(Role.OPERATOR), tokens.scopes(Role.NODE)) == ((Scope("operator.read"),), None)


@pytest.mark.parametrize(("place", "role"), [(".", Role.OPERATOR), ("node-host", Role.NODE)])
def test_the_references_tokens_are_read(tmp_path: Path, place: str, role: Role) -> None:
    """A device that was approved there connects here with its token."""
    shutil.copytree(RECORDED / place / "identity", tmp_path / "identity")
    identity = load_identity(tmp_path)
    assert identity is not None
    token = TokenFile(tmp_path, identity.device_id).get(role)
    assert token is not None
    assert token.reveal() == document(tmp_path)["tokens"][role]["token"]


def test_tokens_are_written_as_the_reference_writes_them(tmp_path: Path, tokens: TokenFile) -> None:
    """The very bytes of the recorded file."""
    recorded = json.loads((RECORDED / "identity" / "device-auth.json").read_text())["tokens"]["operator"]
    scopes = [Scope(scope) for scope in reversed(recorded["scopes"])]
    tokens.keep(Role.OPERATOR, Secret(recorded["token"]), scopes, now=NOW)
    assert path(tmp_path).read_bytes() == (RECORDED / "identity" / "device-auth.json").read_bytes()


def test_what_did_not_change_is_not_written(tmp_path: Path, tokens: TokenFile) -> None:
    """Every connect brings the token again; the file stays as it is."""
    tokens.keep(Role.OPERATOR, Secret("one"), [ADMIN], now=NOW)
    before = path(tmp_path).stat()
    tokens.keep(Role.OPERATOR, Secret("one"), [ADMIN], now=NOW + 1)
    tokens.forget(Role.OPERATOR, Secret("other"))
    tokens.forget(Role.NODE, Secret("one"))
    assert path(tmp_path).stat().st_ino == before.st_ino


def test_a_dead_token_is_forgotten_and_no_other(tokens: TokenFile) -> None:
    """Not the one that another process of ours has got meanwhile."""
    tokens.keep(Role.OPERATOR, Secret("one"), [], now=NOW)
    tokens.keep(Role.NODE, Secret("node"), [], now=NOW)
    tokens.forget(Role.OPERATOR, Secret("zero"))
    assert tokens.get(Role.OPERATOR) == Secret("one")
    tokens.forget(Role.OPERATOR, Secret("one"))
    assert (tokens.get(Role.OPERATOR), tokens.get(Role.NODE)) == (None, Secret("node"))


def test_G15_where_tokens_are_only_kept_none_is_offered_from(tokens: TokenFile) -> None:
    """What comes is kept in the place of what was there, and is there for others."""
    tokens.keep(Role.NODE, Secret("old"), (), now=1)
    only = KeptOnly(tokens)
    assert only.get(Role.NODE) is None
    only.keep(Role.NODE, Secret("new"), (), now=2)
    assert only.get(Role.NODE) is None
    assert tokens.get(Role.NODE) == Secret("new")
    only.forget(Role.NODE, Secret("new"))
    assert tokens.get(Role.NODE) is None


def test_another_devices_tokens_are_none_of_ours(tmp_path: Path, tokens: TokenFile) -> None:
    """A reference with an identity of its own wrote into the same state directory."""
    tokens.keep(Role.OPERATOR, Secret("theirs"), [], now=NOW)
    other = TokenFile(tmp_path, DeviceId("0" * 64))
    assert other.get(Role.OPERATOR) is None
    other.keep(Role.NODE, Secret("ours"), [], now=NOW)
    assert document(tmp_path)["deviceId"] == "0" * 64
    assert "theirs" not in path(tmp_path).read_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 1}',
        '{"version":2,"deviceId":"d","tokens":{}}',
        '{"version":1,"deviceId":"d","tokens":[]}',
        "[" * 9999,
    ],
)
def test_S4_a_file_that_holds_no_tokens_is_left_as_it_is(tmp_path: Path, tokens: TokenFile, text: str) -> None:
    """The error names it and the way out."""
    path(tmp_path).parent.mkdir(mode=0o700)
    path(tmp_path).write_text(text)
    acts: list[Callable[[], object]] = [
        lambda: tokens.get(Role.NODE),
        lambda: tokens.keep(Role.NODE, Secret("x"), [], now=NOW),
        lambda: tokens.forget(Role.NODE, Secret("x")),
    ]
    for act in acts:
        with pytest.raises(StoreCorrupt, match=r"device-auth\.json is not what it must be"):
            act()
    assert path(tmp_path).read_text() == text
