"""Secrets that are given by ``-``: they stand in no list of processes, and in no history of a shell."""

import sys
from typing import Final

import click

STDIN: Final = "-"

LONGEST: Final = 4_096
"""Characters of a token or a password that are read."""


def asked_for(what: str, longest: int = LONGEST) -> str:
    """A secret as it is typed where nobody sees it, or the next line of standard input; nothing, if there is none.

    Args:
        what: the words of the prompt.
    """
    if sys.stdin.isatty():
        answer: str = click.prompt(what, hide_input=True, err=True)
        return answer
    return sys.stdin.readline(longest)
