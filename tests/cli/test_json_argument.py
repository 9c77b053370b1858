"""JSON as an argument: read as strictly as the gateway reads."""

import click
import pytest

from clawdbot.cli.json_argument import JsonValue


@pytest.mark.parametrize(
    ("text", "value"), [("{}", {}), ('{"a": [1, null]}', {"a": [1, None]}), ("5", 5), ('"x"', "x"), ("null", None)]
)
def test_json_is_read(text: str, value: object) -> None:
    """Any value, not only objects."""
    assert JsonValue().convert(text, None, None) == value


@pytest.mark.parametrize(
    "text", ["", "{", "{'a': 1}", "NaN", "1e999999", '{"a":1,"a":2}', "[" * 65 + "]" * 65, '"\\ud800"', "{} {}"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    """And what two programs could read differently; it is not repeated."""
    with pytest.raises(click.BadParameter) as caught:
        JsonValue().convert(text, None, None)
    assert not text or text not in str(caught.value)
