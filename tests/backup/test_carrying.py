"""What of another state directory could be taken over."""

from pathlib import Path

from clawdbot.backup.carrying import NOT_USED, plan


def test_what_is_new_is_taken_and_what_differs_is_a_conflict(tmp_path: Path) -> None:
    theirs = {"clawdbot.json": b"1", "devices/paired.json": b"1", "nodes/paired.json": b"1"}
    ours = {"devices/paired.json": b"2", "nodes/paired.json": b"1", "node.json": b"x"}
    made = plan(theirs, ours, tmp_path)
    assert dict(made.taken) == {"clawdbot.json": b"1"}
    assert (made.same, made.conflicts) == (("nodes/paired.json",), ("devices/paired.json",))


def test_what_is_not_taken_has_a_reason(tmp_path: Path) -> None:
    """A configuration that cannot be used here is not taken, and everything else is."""
    (tmp_path / "agents").mkdir()
    (tmp_path / "cron").mkdir()
    made = plan({"clawdbot.json": b"x", "node.json": b"1"}, {}, tmp_path, config_problem="it is broken")
    assert made.ignored["clawdbot.json"] == "it is broken"
    assert made.ignored["cron"] == NOT_USED
    assert made.ignored["agents"] != NOT_USED
    assert list(made.taken) == ["node.json"]
