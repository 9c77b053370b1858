"""JSON as an argument of a command."""

import click

from clawdbot.wire.plain import MAX_FRAME, Ambiguous, Plain, decode


class JsonValue(click.ParamType[object]):
    """A JSON text. It is read as strictly as the gateway will read it: nothing twice, nothing endlessly deep."""

    name = "json"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> object:
        if not isinstance(value, str):
            return value
        found = decode(value, MAX_FRAME)
        match found:
            case Plain(value=plain):
                return plain
            case Ambiguous(problem=problem):
                self.fail(f"that JSON {problem}", param, ctx)
            case _:
                self.fail("that is no JSON", param, ctx)
