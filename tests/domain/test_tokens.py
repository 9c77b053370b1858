"""Device tokens: bound to what was approved, compared in constant time, dead when revoked."""

from dataclasses import replace

import pytest

from clawdbot.domain import tokens
from clawdbot.domain.secret import Secret
from clawdbot.domain.tokens import Token
from tests.support.devices import NOW, scopes

SECRET = Secret("fcecf821be1f4c42b4356b07cd911efd")
TOKEN = Token(SECRET, scopes("read", "write"), created_at=NOW)


def test_a_first_token_has_no_history() -> None:
    token = tokens.issue(None, scopes("write", "read"), now=NOW, mint=lambda: SECRET)
    assert token == TOKEN
    assert token.issued_at == NOW


def test_a_later_token_keeps_its_history_and_is_alive_again() -> None:
    old = replace(TOKEN, revoked_at=NOW + 1, last_used_at=NOW + 2)
    token = tokens.issue(old, scopes("read"), now=NOW + 3, mint=lambda: Secret("new"))
    expected = Token(Secret("new"), scopes("read"), created_at=NOW, rotated_at=NOW + 3, last_used_at=NOW + 2)
    assert token == expected
    assert token.issued_at == NOW + 3


def test_a_token_opens_what_it_was_made_for() -> None:
    assert tokens.check(TOKEN, SECRET, scopes("read"), approved=scopes("read", "write"))
    assert tokens.check(TOKEN, SECRET, (), approved=())


@pytest.mark.parametrize(
    "presented", ["", "x", "fcecf821be1f4c42b4356b07cd911efd ", "FCECF821BE1F4C42B4356B07CD911EFD"]
)
def test_G7_another_secret_opens_nothing(presented: str) -> None:
    assert not tokens.check(TOKEN, Secret(presented), (), approved=scopes("admin"))


def test_G7_an_empty_token_on_record_opens_nothing() -> None:
    assert not tokens.check(replace(TOKEN, secret=Secret("")), Secret(""), (), approved=())


def test_G7_a_token_opens_no_more_than_its_scopes() -> None:
    assert not tokens.check(TOKEN, SECRET, scopes("pairing"), approved=scopes("admin"))


def test_G7_a_token_opens_no_more_than_was_approved_even_if_its_record_says_more() -> None:
    grown = replace(TOKEN, scopes=scopes("admin"))
    assert tokens.check(grown, SECRET, scopes("read"), approved=scopes("read"))
    assert not tokens.check(grown, SECRET, scopes("write"), approved=scopes("read"))


def test_G6_admin_in_a_token_covers_the_other_scopes() -> None:
    admin = replace(TOKEN, scopes=scopes("admin"))
    assert tokens.check(admin, SECRET, scopes("pairing", "read"), approved=scopes("admin"))


def test_G8_a_revoked_token_opens_nothing_for_good() -> None:
    dead = tokens.revoke(TOKEN, now=NOW + 1)
    assert dead.revoked_at == NOW + 1
    assert not tokens.check(dead, SECRET, (), approved=scopes("admin"))
    assert tokens.revoke(dead, now=NOW + 9) is dead


def test_S7_a_token_does_not_print() -> None:
    assert SECRET.reveal() not in repr(TOKEN)
