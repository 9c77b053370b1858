"""Text on its way to and from a platform: whole characters, in pieces that the platform takes."""

from collections.abc import Iterator

_NAME_LENGTH = 128
"""No platform lets a name be longer, but for Signal's, whose limit is in bytes."""


def well_formed(text: str) -> str:
    """The text with each half of a surrogate pair that stands alone replaced by U+FFFD.

    JSON can spell such halves and Python can hold them, but no file, socket or other program takes them
    (threats.md S8).
    """
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def for_show(name: object) -> str:
    """What a person calls himself: well formed, trimmed, and no longer than any honest name; empty if he does not."""
    return well_formed(name)[:_NAME_LENGTH].strip() if isinstance(name, str) else ""


def pieces(text: str, limit: int) -> Iterator[str]:
    """Cut a text into pieces of at most ``limit`` UTF-16 code units, which is how platforms count; ``limit`` ≥ 2.

    Cuts fall on a line's end if there is one in the piece's second half, else on a space there, else on either before,
    else between two characters; never inside a character that takes two units. White space around a cut is dropped,
    and so are blank pieces, which platforms refuse.
    """
    rest = well_formed(text).strip()
    while rest:
        most = _fitting(rest, limit)
        head = rest if most == len(rest) else rest[: _cut(rest, most)]
        yield head.rstrip()
        rest = rest[len(head) :].lstrip()


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 code units of a text; what is longer ends with an ellipsis."""
    whole = well_formed(text).strip()
    return whole if _fitting(whole, limit) == len(whole) else whole[: _fitting(whole, limit - 1)] + "…"


def _fitting(text: str, limit: int) -> int:
    """How many of a text's first characters fit."""
    units = text[:limit].encode("utf-16-le")[: 2 * limit]
    return len(units.decode("utf-16-le", "ignore"))


def _cut(text: str, most: int) -> int:
    """Where to cut a text that is longer than ``most`` characters; ``text[0]`` is not blank."""
    for start in (most // 2, 1):
        for blank in ("\n", " "):
            if (at := text.rfind(blank, max(start, 1), most + 1)) > 0:
                return at
    return most
