"""Setup codes as they are given to a command: on its line, in a variable, or pasted where nobody sees them."""

import os
from typing import Final

from clawdbot.cli.asked import STDIN, asked_for
from clawdbot.client import setup_code
from clawdbot.client.setup_code import SetupCode

VARIABLE: Final = "CLAWDBOT_SETUP_CODE"


def read(given: str) -> SetupCode:
    """A setup code. One that is given by ``-`` stands in no list of processes, and in no history of a shell.

    Raises:
        UsageError: it is none.
    """
    if given.strip() == STDIN:
        given = os.environ.pop(VARIABLE, "").strip() or asked_for("Setup code", setup_code.MOST_CHARACTERS)
    return setup_code.read(given)
