"""What each platform does to its bots on a bad day, beyond broken connections, repetitions and noise.

Only what a platform can do without losing a message itself: an answer that it never took is the platform's loss, and
has its tests beside each adapter.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from clawdbot.domain.names import Channel
from tests.fakes import discord, faults, slack, telegram

Mischief = Mapping[str, Callable[[], object]]

HUGE = "x" * 300_000


def of(platform: Any) -> Mischief:
    """By name, what to call for it."""
    match platform.channel:
        case Channel.TELEGRAM:
            return {
                "429 to polls": partial(platform.fail, "getUpdates", telegram.too_many(1)),
                "429 to sends": partial(platform.fail, "sendMessage", telegram.too_many(1)),
                "500 to polls": partial(platform.fail, "getUpdates", telegram.error(500)),
                "a proxy's page": partial(platform.fail, "getUpdates", faults.html()),
                "an answer without sense": partial(platform.fail, "getUpdates", faults.raw('{"ok":true,"result":[{]}')),
                "a huge name": partial(platform.push, {"message": {"message_id": 1, "text": HUGE}}),
            }
        case Channel.DISCORD:
            return {
                "429 to sends": partial(platform.fail, "POST /channels/{}/messages", discord.too_many(0.5)),
                "500 to sends": partial(platform.fail, "POST /channels/{}/messages", discord.error(500)),
                "a session forgotten": lambda: (platform.gateway.forget(), platform.drop()),
                "an unknown event": partial(platform.tell, "GUILD_AUDIT_LOG_ENTRY_CREATE", {"id": HUGE}),
                "a malformed event": partial(platform.tell, "MESSAGE_CREATE", {"id": None, "content": 5}),
            }
        case Channel.SLACK:
            return {
                "429 to sends": partial(platform.fail, "chat.postMessage", slack.too_many(1)),
                "a warning": partial(platform.disconnect, "warning"),
                "a refresh": partial(platform.disconnect, "refresh_requested"),
                "a frame without sense": partial(platform.frame, "{"),
                "a huge frame": partial(platform.frame, f'{{"type":"{HUGE}"}}'),
                "429 to connections": partial(platform.fail, "apps.connections.open", slack.too_many(1)),
            }
        case Channel.SIGNAL:
            return {
                "500 to listeners": partial(platform.fail, "events", faults.raw("no", 500)),
                "an event without sense": partial(platform.push_raw, "{"),
                "a huge event": partial(platform.push_raw, f'{{"envelope":"{HUGE}"}}'),
                "an exception": partial(platform.push, {}, exception={"message": "decryption failed"}),
            }
        case Channel.IMESSAGE:
            return {
                "a line without sense": partial(platform.raw, b"{\n"),
                "a huge line": partial(platform.raw, b'"' + HUGE.encode() + b'"\n'),
                "a broken watch": platform.break_watch,
            }
        case Channel.WHATSAPP:
            return {
                "a line without sense": partial(platform.tell_raw, b"{\n"),
                "a huge line": partial(platform.tell_raw, b'"' + HUGE.encode() + b'"\n'),
                "a crash of the bridge": platform.crash,
            }
        case _:
            return {}
