"""What another state directory has to offer."""

from clawdbot.backup.source import NOT_USED, Source


def test_what_is_not_taken_has_a_reason() -> None:
    """A configuration that cannot be used here is not taken, and everything else is."""
    files = {"clawdbot.json": b"x", "node.json": b"1"}
    found = Source.of_directory(files, ["agents", "cron", "openclaw.json"], config_problem="it is broken")
    assert dict(found.files) == {"node.json": b"1"}
    assert found.left_out["clawdbot.json"] == "it is broken"
    assert found.left_out["cron"] == NOT_USED
    assert NOT_USED not in (found.left_out["agents"], found.left_out["openclaw.json"])


def test_a_configuration_that_can_be_used_is_taken() -> None:
    assert "clawdbot.json" in Source.of_directory({"clawdbot.json": b"{}"}, []).files
