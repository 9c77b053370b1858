"""What belongs to the state, by name, and what an archive may not bring (threats.md S5)."""

from pathlib import Path

import pytest

from clawdbot.backup import inventory
from clawdbot.backup.inventory import Part, part
from clawdbot.client import identity_file, token_file
from clawdbot.errors import StoreUnavailable
from clawdbot.gateway import tls
from clawdbot.node import policy_file, record


@pytest.mark.parametrize(
    ("name", "is_"),
    [
        ("clawdbot.json", Part.CONFIG),
        ("credentials/telegram-pairing.json", Part.STATE),
        ("credentials/discord-work-allowFrom.json", Part.STATE),
        ("devices/paired.json", Part.STATE),
        ("gateway/tls/gateway-key.pem", Part.STATE),
        ("credentials/whatsapp/default/session.db", Part.SESSION),
    ],
)
def test_what_is_ours(name: str, is_: Part) -> None:
    assert part(name) is is_


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "/etc/passwd",
        "../clawdbot.json",
        "credentials/../clawdbot.json",
        "credentials//telegram-pairing.json",
        "./node.json",
        "credentials/telegram-pairing.json/x",
        "credentials/telegram-default-pairing.json",
        "credentials/telegram-../x-pairing.json",
        "credentials/whatsapp/../session.db",
        "credentials/whatsapp/a/b/session.db",
        "credentials/whatsapp/default/handed-over.json",
        "credentials/whatsapp/default/session.db-wal",
        "devices/paired.json\n",
        "devices/register.flock",
        "DEVICES/paired.json",
        "paired.json",
        "gateway.lock",
        "gateway/held.key",
        "held/telegram-default-0123456789abcdef0123456789abcdef.json",
    ],
)
def test_S5_what_is_not(name: str) -> None:
    """Ways out of the folder, other spellings, locks, messages on their way or held, and the key of those."""
    assert part(name) is None


def test_the_names_are_those_that_the_programs_use() -> None:
    assert {record.NAME, policy_file.NAME} < inventory.ROOT
    assert {identity_file.NAME, token_file.NAME} == inventory.FOLDERS["identity"]
    assert {tls.CERT, tls.KEY} == inventory.FOLDERS["/".join(tls.FOLDER)]


def test_what_is_present_and_what_is_strange(tmp_path: Path) -> None:
    for name in ("node.json", "devices/paired.json", "devices/paired.json.lock", "credentials/oauth.json", "logs/a"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert inventory.present(tmp_path) == ["devices/paired.json", "node.json"]
    assert inventory.strangers(tmp_path) == ["credentials/oauth.json", "logs"]
    assert inventory.present(tmp_path / "nothing") == inventory.strangers(tmp_path / "nothing") == []


def test_S1_a_folder_that_is_a_link_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "devices").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailable, match="symbolic link"):
        inventory.present(tmp_path / "state")
