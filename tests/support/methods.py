"""All methods that have params of their own, by name."""

from collections.abc import Iterator

from clawdbot.wire import sender_params, setup_params  # noqa: F401 - their kinds are subclasses, too
from clawdbot.wire.params import Params


def _kinds(of: type[Params]) -> Iterator[type[Params]]:
    for kind in of.__subclasses__():
        if "method" in vars(kind):
            yield kind
        yield from _kinds(kind)


METHODS: dict[str, type[Params]] = {kind.method: kind for kind in _kinds(Params)}
