"""Secrets do not print, and compare by what they hold."""

import logging
from dataclasses import asdict, dataclass
from pickle import dumps, loads

import pytest

from clawdbot.domain.secret import Secret

TEXT = "JHVGNPZU"


@dataclass(frozen=True)
class Holder:
    secret: Secret


@pytest.mark.parametrize(
    "printed",
    [
        str(Secret(TEXT)),
        repr(Secret(TEXT)),
        format(Secret(TEXT)),
        f"{Secret(TEXT)} {Secret(TEXT)!r} {Secret(TEXT)!s} {Secret(TEXT)!a}",
        "%s %r" % (Secret(TEXT), Secret(TEXT)),  # noqa: UP031 - logging formats like this
        repr([Secret(TEXT)]),
        repr(Holder(Secret(TEXT))),
        repr(asdict(Holder(Secret(TEXT)))),
    ],
)
def test_S7_a_secret_prints_as_an_ellipsis(printed: str) -> None:
    assert TEXT not in printed
    assert "…" in printed or "\\u2026" in printed


def test_S7_a_secret_stays_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    try:
        raise ValueError(Secret(TEXT))
    except ValueError:
        logging.getLogger("clawdbot").exception("failed with %s and %r", Secret(TEXT), Holder(Secret(TEXT)))
    assert TEXT not in caplog.text


def test_only_reveal_gives_the_text() -> None:
    assert Secret(TEXT).reveal() == TEXT


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("JHVGNPZV")
    assert Secret(TEXT) != Secret(TEXT[:4])
    assert len({Secret(TEXT), Secret(TEXT)}) == 1


def test_a_secret_is_not_equal_to_its_bare_text() -> None:
    assert Secret(TEXT) != TEXT


@pytest.mark.parametrize("text", ["ü", "\ud800", "\x00", "日本"])
def test_S8_any_text_compares_even_lone_surrogates(text: str) -> None:
    assert Secret(text) == Secret(text)
    assert Secret(text) != Secret(TEXT)


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret(TEXT)


def test_a_secret_survives_another_process() -> None:
    assert loads(dumps(Secret(TEXT))) == Secret(TEXT)
