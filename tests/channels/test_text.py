import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.channels.text import for_show, pieces, shortened, well_formed

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=300)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("", 10, []),
        (" \n ", 10, []),
        ("short", 10, ["short"]),
        ("exactly 10", 10, ["exactly 10"]),
        ("first line\nsecond", 12, ["first line", "second"]),
        ("ends with two\n\nthen more", 15, ["ends with two", "then more"]),
        ("several words here", 10, ["several", "words here"]),
        ("x\nlong line of words", 12, ["x\nlong line", "of words"]),
        ("a bcdefghijkl", 10, ["a", "bcdefghijk", "l"]),
        ("abcdefghijklm", 5, ["abcde", "fghij", "klm"]),
        ("😀😀😀", 4, ["😀😀", "😀"]),
        ("a😀😀", 4, ["a😀", "😀"]),
        ("\ud83d alone", 20, ["\ufffd alone"]),
    ],
)
def test_texts_are_cut_where_a_reader_would_cut_them(text: str, limit: int, expected: list[str]) -> None:
    assert list(pieces(text, limit)) == expected


@given(text=ANY_TEXT, limit=st.integers(2, 40))
def test_pieces_fit_and_hold_everything_but_white_space_in_order(text: str, limit: int) -> None:
    cut = list(pieces(text, limit))

    assert all(0 < units(piece) <= limit for piece in cut)
    assert all(piece.strip() == piece for piece in cut)
    assert "".join("".join(cut).split()) == "".join(well_formed(text).split())


@given(text=st.text())
def test_a_text_that_fits_is_one_piece(text: str) -> None:
    assert list(pieces(text, 10_000)) == ([text.strip()] if text.strip() else [])


@given(text=ANY_TEXT)
def test_S8_what_is_well_formed_can_be_encoded_and_is_left_as_it_is(text: str) -> None:
    formed = well_formed(text)

    formed.encode("utf-8")
    assert well_formed(formed) == formed


@pytest.mark.parametrize(
    ("name", "shown"),
    [(" Ann ", "Ann"), ("\ud800", "\ufffd"), ("x" * 5000, "x" * 128), ("", ""), (None, ""), (7, ""), (["Ann"], "")],
)
def test_S7_S8_a_name_for_show_is_short_and_can_be_written_down(name: object, shown: str) -> None:
    assert for_show(name) == shown


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("shorter", 5, "shor…"),
        (" shorts \n", 6, "shorts"),
        ("😀😀😀", 6, "😀😀😀"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
    ],
)
def test_what_is_too_long_ends_with_an_ellipsis(text: str, limit: int, expected: str) -> None:
    """Whole characters, counted as platforms count."""
    assert shortened(text, limit) == expected
    assert units(expected) <= limit
