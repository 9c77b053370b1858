"""The platforms of our own, by channel."""

from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any

from clawdbot.domain.names import Channel

_NAMES = {
    Channel.TELEGRAM: "FakeTelegram",
    Channel.DISCORD: "FakeDiscord",
    Channel.SLACK: "FakeSlack",
    Channel.SIGNAL: "FakeSignal",
    Channel.IMESSAGE: "FakeImessage",
    Channel.WHATSAPP: "FakeWhatsapp",
}


def open_fake(channel: Channel) -> AbstractAsyncContextManager[Any]:
    """A platform (:class:`tests.support.channels.Platform`) that is not entered yet; only its own module is loaded."""
    fake: AbstractAsyncContextManager[Any] = getattr(import_module(f"tests.fakes.{channel}"), _NAMES[channel])()
    return fake
