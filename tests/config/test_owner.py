"""``owner``: who decides in chat; what cannot be one person is refused with advice (threats.md D6, D14)."""

import pytest

from clawdbot.domain.names import Channel, SenderId
from clawdbot.domain.owners import Owner, Owners, Quiet
from tests.support.configs import Desk

TELEGRAM = Owner(Channel.TELEGRAM, SenderId("123"))
SLACK = Owner(Channel.SLACK, SenderId("U012AB3CD"))


def test_a_plain_list_is_enough(desk: Desk) -> None:
    """The ids are spelled as in ``allowFrom``, each after its channel."""
    assert desk.config('{owner: ["telegram:123", "Slack: <@u012ab3cd>"]}').owners == Owners((TELEGRAM, SLACK))


def test_the_object_form_says_more(desk: Desk) -> None:
    """The same list under ``who``, and quiet hours beside it."""
    config = desk.config('{owner: {who: ["telegram:123"], quiet: "22:00-07:30"}}')
    assert config.owners == Owners((TELEGRAM,), Quiet(22 * 60, 7 * 60 + 30))


@pytest.mark.parametrize("text", ["{}", "{owner: []}", "{owner: {}}", "{owner: {who: []}}"])
def test_D14_without_an_owner_nobody_is_one(desk: Desk, text: str) -> None:
    """An empty or missing list names nobody."""
    assert desk.config(text).owners.who == ()


def test_an_owner_from_the_environment(desk: Desk) -> None:
    """``${NAME}`` is filled in as everywhere."""
    assert desk.config('{owner: ["telegram:${ME}"]}', {"ME": "123"}).owners.who == (TELEGRAM,)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{owner: 123}", "1: owner: must be an object, not a number"),
        ("{owner: null}", "1: owner: must be an object, not null"),
        (
            '{owner: "telegram:123"}',
            "1: owner: must be a list or an object, not a string"
            ' (write a list like ["telegram:123456789"], or {who: ["telegram:123456789"], quiet: "22:00-07:00"})',
        ),
        ("{owner: [123]}", '1: owner[0]: must be a string, not a number (like "telegram:123456789")'),
        (
            '{owner: ["123"]}',
            '1: owner[0]: "123" is no owner: the channel is missing; write it like "telegram:123456789"',
        ),
        (
            '{owner: ["telegrm:123"]}',
            '1: owner[0]: "telegrm:123" is no owner: there is no such channel;'
            " channels are telegram, whatsapp, signal, imessage, discord, slack",
        ),
        (
            '{owner: {\nwho: ["telegram:@ada"]}}',
            '2: owner.who[0]: "telegram:@ada" is no owner: usernames can change hands; use the numeric id',
        ),
        ('{owner: ["telegram:*"]}', None),
        ('{owner: ["telegram:-100123"]}', None),
        ('{owner: {quiet: "late"}}', '1: owner.quiet: not two times of day; write it like "22:00-07:00"'),
        ('{owner: {quiet: "24:00-07:00"}}', '1: owner.quiet: not two times of day; write it like "22:00-07:00"'),
        (
            '{owner: {quiet: "07:00-07:00"}}',
            '1: owner.quiet: begins when it ends; for no quiet hours leave out "quiet"',
        ),
        (
            "{owner: {zzzzzzzz: 1}}",
            "1: owner.zzzzzzzz: there is no such key (keys here are notify, notifyFile, quiet, warnHours, who)",
        ),
    ],
)
def test_D6_what_is_not_one_person_is_refused_with_advice(desk: Desk, text: str, error: str | None) -> None:
    """Names, groups, everybody and unknown channels are errors that say what to write."""
    (found,) = desk.errors(text)
    assert error is None or found == error


def test_twice_the_same_is_one(desk: Desk) -> None:
    """However it is spelled; doctor tells of it."""
    assert desk.warnings('{owner: ["telegram:123", "telegram:tg:123"]}') == [
        '1: owner[1]: "telegram:tg:123" is listed already'
    ]
    assert desk.config('{owner: ["telegram:123", "telegram:tg:123"]}').owners.who == (TELEGRAM,)
