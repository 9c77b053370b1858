"""The exception tree: what is drawn is what is there, and exit codes are those of the drawing."""

import inspect
import re

from clawdbot import errors
from clawdbot.errors import ClawdbotError


def _classes() -> dict[str, type[ClawdbotError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, ClawdbotError) and value is not ClawdbotError
    }


def test_the_drawing_is_the_tree() -> None:
    """Each drawn class exists with the drawn exit code; only the door's own checks are not drawn one by one."""
    drawn = dict(re.findall(r"── (\w+) +(\d)", errors.__doc__ or ""))
    assert drawn
    for name, code in drawn.items():
        assert _classes()[name].exit_code == int(code)
    door = _classes().get("DoorError", type(None))
    assert {name for name, one in _classes().items() if not issubclass(one, door)} <= set(drawn)


def test_an_error_carries_its_hint_beside_its_message() -> None:
    """``str`` is the message alone, as it stands in a log line."""
    error = errors.Refused("no", hint="try yes")
    assert (str(error), error.message, error.hint) == ("no", "no", "try yes")
