"""``owner.notify``: where else an owner is told. What it holds is secret, whatever is wrong with it (threats.md S7)."""

import pytest

from clawdbot.config.notify import MOST
from clawdbot.domain.owners import DEFAULT_WARN_MS
from clawdbot.domain.secret import Secret
from tests.support.configs import Desk

NTFY, MAIL = Secret("ntfy://ntfy.sh/topic"), Secret("mailto://ada:hunter2@example.com")


def test_urls_in_their_order(desk: Desk) -> None:
    """Each once, with variables filled in; nothing shows them."""
    config = desk.config(
        '{owner: {notify: ["ntfy://ntfy.sh/${TOPIC}", "mailto://ada:hunter2@example.com", "ntfy://ntfy.sh/topic"]}}',
        {"TOPIC": "topic"},
    )
    assert config.notify.urls == (NTFY, MAIL)
    assert {NTFY, MAIL} <= {*config.secrets}
    assert "hunter2" not in repr(config)


def test_without_it_nobody_is_told_elsewhere(desk: Desk) -> None:
    for text in ("{}", '{owner: ["telegram:1"]}', "{owner: {}}", "{owner: {notify: []}}"):
        assert desk.config(text).notify.urls == ()


def test_urls_from_a_file(desk: Desk) -> None:
    """One a line, comments and empty lines left out, after those of the list; beside the configuration, if relative."""
    path = desk.path.with_name("places")
    path.write_text("# mine\n\n  mailto://ada:hunter2@example.com  \nntfy://ntfy.sh/topic\n")
    config = desk.config('{owner: {notify: ["ntfy://ntfy.sh/topic"], notifyFile: "places"}}')
    assert config.notify.urls == (NTFY, MAIL)
    assert config.notify.file == path


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            '{owner: {notify: "ntfy://ntfy.sh/topic"}}',
            "1: owner.notify: must be a list, not a string"
            ' (write a list of Apprise URLs, like ["ntfy://ntfy.sh/my-topic"])',
        ),
        ("{owner: {notify: [1]}}", "1: owner.notify[0]: must be a string, not a number"),
        (
            '{owner: {notify: ["hunter2"]}}',
            "1: owner.notify[0]: is no Apprise URL (write it like ntfy://ntfy.sh/my-topic)",
        ),
        (
            '{owner: {notify: ["ntfy://hunter2 x"]}}',
            "1: owner.notify[0]: is no Apprise URL (write it like ntfy://ntfy.sh/my-topic)",
        ),
        (
            '{owner: {notify: ["ntfy://${NONE}"]}}',
            "1: owner.notify[0]: the environment variable NONE is not set"
            ' (set it, or write "$${NONE}" for the text itself)',
        ),
        ("{owner: {notifyFile: 1}}", "1: owner.notifyFile: must be a string, not 1"),
        ("{owner: {warnHours: -1}}", "1: owner.warnHours: must be a number from 0 to 720, not -1"),
    ],
)
def test_S7_what_cannot_be_used_is_an_error_that_shows_nothing(desk: Desk, text: str, error: str) -> None:
    """An owner who believes that he is told would wait for nothing."""
    assert desk.errors(text) == [error]


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff\xfe", "holds something other than text"),
        (b"#" * 70_000, "is larger than 64 KiB"),
        (b"\nhunter2\n", None),
    ],
)
def test_S7_a_file_that_cannot_be_used_is_a_warning(desk: Desk, content: bytes | None, warning: str | None) -> None:
    """Everybody else is served still; no line of it is shown."""
    path = desk.path.with_name("places")
    if content is not None:
        path.write_bytes(content)
    text = '{owner: {notifyFile: "places"}}'
    said = f"{path} {warning}" if warning else f"line 2 of {path} is no Apprise URL"
    assert desk.warnings(text) == [f"1: owner.notifyFile: {said}"]
    assert desk.config(text).notify.urls == ()


def test_the_places_are_bounded(desk: Desk) -> None:
    urls = ", ".join(f'"ntfy://ntfy.sh/{number}"' for number in range(MOST + 1))
    (error,) = desk.errors(f"{{owner: {{notify: [{urls}]}}}}")
    assert error == "1: owner.notify: names more than 16 places, with those of the file (leave some out)"


@pytest.mark.parametrize(
    ("text", "warn_ms"),
    [
        ("{}", DEFAULT_WARN_MS),
        ("{owner: {warnHours: 48}}", 48 * 60 * 60 * 1000),
        ("{owner: {warnHours: 0.5}}", 30 * 60 * 1000),
        ("{owner: {warnHours: 0}}", 0),
    ],
)
def test_how_long_before_an_end_owners_are_told(desk: Desk, text: str, warn_ms: int) -> None:
    """A day, unless said otherwise; zero is never."""
    assert desk.config(text).owners.warn_ms == warn_ms
