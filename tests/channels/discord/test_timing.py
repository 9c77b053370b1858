from clawdbot.channels.discord import parse
from clawdbot.channels.discord.timing import Timing


def test_the_floor_is_a_day_before_now() -> None:
    timing = Timing(clock=lambda: 1_790_000_000.0)

    assert parse.sent_at(timing.floor()) == (1_790_000_000 - 24 * 3600) * 1000
    assert Timing(clock=lambda: 5.0).floor() == 0
