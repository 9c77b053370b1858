"""What of another state directory could be taken over."""

import pytest

from clawdbot.backup.carrying import amount, plan
from clawdbot.backup.source import Source


def test_what_is_new_is_taken_and_what_differs_is_a_conflict() -> None:
    theirs = {"clawdbot.json": b"1", "devices/paired.json": b"1", "nodes/paired.json": b"1"}
    ours = {"devices/paired.json": b"2", "nodes/paired.json": b"1", "node.json": b"x"}
    made = plan(Source(theirs, {"agents": "not used"}), ours)
    assert dict(made.taken) == {"clawdbot.json": b"1"}
    assert (made.same, made.conflicts) == (("nodes/paired.json",), ("devices/paired.json",))
    assert made.ignored == {"agents": "not used"}


def test_a_machine_that_has_a_key_keeps_it() -> None:
    """A gateway that ran here once made one; that stops no import. The same key, and its tokens are compared."""
    theirs = {"identity/device.json": b"1", "identity/device-auth.json": b"1", "devices/paired.json": b"1"}
    made = plan(Source(theirs, {}), {"identity/device.json": b"2"})
    assert (dict(made.taken), made.conflicts) == ({"devices/paired.json": b"1"}, ())
    assert set(made.ignored) == {"identity/device.json", "identity/device-auth.json"}
    made = plan(Source(theirs, {}), {"identity/device.json": b"1", "identity/device-auth.json": b"2"})
    assert (made.same, made.conflicts) == (("identity/device.json",), ("identity/device-auth.json",))
    assert not made.ignored


@pytest.mark.parametrize(
    ("name", "content", "many"),
    [
        ("credentials/telegram-allowFrom.json", b'{"allowFrom": ["7", "8"]}', "2 in"),
        ("credentials/telegram-pairing.json", b'{"requests": [{}]}', "1 waiting"),
        ("devices/paired.json", b'{"a": {}, "b": {}}', "2 paired"),
        ("nodes/pending.json", b"{}", "0 waiting"),
        ("identity/device.json", b"{}", ""),
        ("credentials/telegram-pairing.json", b'{"requests": 7}', ""),
        ("credentials/telegram-pairing.json", b"{", ""),
    ],
)
def test_how_many_are_in_a_file_is_told(name: str, content: bytes, many: str) -> None:
    """Where it cannot be told, nothing is."""
    assert amount(name, content) == many
