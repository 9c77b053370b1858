import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.slack.markup import escaped, plain


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("hello", "hello"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("see <https://example.com>", "see https://example.com"),
        ("see <https://example.com|example.com>", "see example.com"),
        ("see <https://example.com/a?b=1&amp;c=2|this>", "see this (https://example.com/a?b=1&c=2)"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("<@U123>, <@U123|bob>", "@U123, @bob"),
        ("in <#C123|general>", "in #general"),
        ("<!here> and <!subteam^S1|@team>", "@here and @team"),
        ("<!date^1392734382^{date}|18 February>", "18 February"),
        ("<>", "<>"),
        ("\ud800", "\ufffd"),
    ],
)
def test_a_text_is_read_as_its_author_typed_it(sent: str, read: str) -> None:
    assert plain(sent) == read


@pytest.mark.parametrize("text", ["<!channel>", "<!everyone>", "<@U123>", "<https://a.b|c>", "a & b", "&lt;"])
def test_D14_what_the_assistant_writes_is_never_markup(text: str) -> None:
    assert "<" not in escaped(text)
    assert plain(escaped(text)) == text


@given(st.text())
def test_what_is_written_is_read_back_as_it_was(text: str) -> None:
    assert plain(escaped(text)) == text
