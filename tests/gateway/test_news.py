"""What everybody is told from time to time."""

from clawdbot.domain.names import Role
from clawdbot.gateway.hub import MOST_BUFFERED, Hub
from clawdbot.gateway.news import News
from clawdbot.gateway.presence import Own, Presence
from clawdbot.gateway.reports import AccountReport, ChannelReport, Reports
from tests.support.gateways import SETTINGS
from tests.support.sessions import outbox, session


def newsroom() -> tuple[Hub, Presence, News]:
    hub, presence = Hub(), Presence(Own("vm", "1"), now=lambda: 7)
    reports = Reports(channels=dict, settings=lambda: SETTINGS, now=lambda: 7)
    return hub, presence, News(hub, presence, reports, now=lambda: 7)


def test_G16_everybody_hears_and_only_readers_hear_of_others() -> None:
    """tick, health and shutdown are for all; the presence list is cut to what a session may know."""
    hub, presence, news = newsroom()
    reader, node = session(1, "read"), session(2, role=Role.NODE)
    for one in (reader, node):
        hub.join(one)
        presence.connected(one)
    news.tick()
    news.health()
    news.presence()
    news.shutdown()
    assert outbox(reader).events == outbox(node).events == ["tick", "health", "presence", "shutdown"]
    assert outbox(node).frames[1]["stateVersion"] == {"presence": 3, "health": 2}
    assert outbox(node).frames[3]["payload"] == {"reason": "gateway stopping", "restartExpectedMs": None}

    def devices(of: object) -> list[str | None]:
        return [entry.get("deviceId") for entry in of["payload"]["presence"]]  # type: ignore[index]

    assert devices(outbox(reader).frames[2]) == [None, reader.device, node.device]
    assert devices(outbox(node).frames[2]) == [None, node.device]
    assert [entry.device_id for entry in news.presence_for(node)] == [None, node.device]


def test_G16_how_channels_do_is_for_those_who_may_read() -> None:
    """A node hears that there is a channel; a reader what its accounts do, in the event and at the first look."""
    hub, presence, _ = newsroom()
    channels = {"telegram": ChannelReport("Telegram", {"default": AccountReport(state="ready", connected=True)})}
    reports = Reports(channels=lambda: channels, settings=lambda: SETTINGS, now=lambda: 7)
    news = News(hub, presence, reports, now=lambda: 7)
    reader, node = session(1, "read"), session(2, role=Role.NODE)
    for one in (reader, node):
        hub.join(one)
    news.health()
    told = [outbox(one).frames[0]["payload"]["channels"]["telegram"] for one in (reader, node)]
    assert told[0]["accounts"]["default"]["state"] == "ready"
    assert told[1] == {"configured": True}
    assert [news.health_for(one)["channels"] for one in (reader, node)] == [{"telegram": one} for one in told]


def test_ticks_and_presence_are_dropped_for_the_slow_and_health_is_not() -> None:
    hub, now = Hub(), lambda: 7
    news = News(
        hub, Presence(Own("vm", "1"), now=now), Reports(channels=dict, settings=lambda: SETTINGS, now=now), now=now
    )
    slow = session(1, "read")
    outbox(slow).unsent = MOST_BUFFERED + 1
    hub.join(slow)
    news.tick()
    news.presence()
    assert outbox(slow).closed is None
    news.health()
    assert outbox(slow).closed == (1008, "slow consumer")
