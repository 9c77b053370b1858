import asyncio
from dataclasses import replace

from clawdbot.channels.base import DirectMessage
from clawdbot.channels.patience import Unreachable
from clawdbot.channels.slack.names import Named, Names
from clawdbot.domain.names import Channel, ChannelAccount, SenderId
from tests.support.desk import Desk
from tests.support.people import Clock


class Directory:
    """Answers with a name, and remembers who was asked for."""

    def __init__(self, *failures: Exception) -> None:
        self.asked: list[str] = []
        self.failures = list(failures)

    async def __call__(self, user_id: str) -> str:
        self.asked.append(user_id)
        if self.failures:
            raise self.failures.pop(0)
        return f" {user_id}'s name "


async def test_a_name_is_asked_for_once_an_hour() -> None:
    clock, directory = Clock(0), Directory()
    names = Names(directory, clock=clock)

    assert [await names.of("U1") for _ in range(3)] == ["U1's name"] * 3
    assert directory.asked == ["U1"]
    clock.now += 3600
    assert await names.of("U1") == "U1's name"
    assert directory.asked == ["U1", "U1"]


async def test_D10_a_flood_of_strangers_makes_no_flood_of_calls() -> None:
    clock, directory = Clock(0), Directory()
    names = Names(directory, clock=clock, a_minute=20)

    found = [await names.of(f"U{n}") for n in range(500)]
    assert len(directory.asked) == 20
    assert found[19:21] == ["U19's name", ""]
    clock.now += 60
    assert await names.of("U400") == "U400's name"


async def test_D10_who_writes_again_before_the_answer_is_there_is_not_asked_for_again() -> None:
    asked, answer = [], asyncio.Event()

    async def slow(user_id: str) -> str:
        asked.append(user_id)
        await answer.wait()
        return "Alice"

    names = Names(slow)
    first = asyncio.create_task(names.of("U1"))
    await asyncio.sleep(0)
    assert await names.of("U1") == ""
    answer.set()
    assert await first == "Alice"
    assert asked == ["U1"]


async def test_a_failure_makes_nameless_and_is_not_repeated() -> None:
    directory = Directory(Unreachable("away"))
    names = Names(directory)

    assert [await names.of("U1") for _ in range(2)] == ["", ""]
    assert directory.asked == ["U1"]


async def test_a_slow_answer_does_not_keep_a_message() -> None:
    async def never(_: str) -> str:
        await asyncio.Event().wait()
        return ""

    assert await Names(never, patience_s=0.01).of("U1") == ""


async def test_what_is_remembered_is_bounded_and_so_is_a_name() -> None:
    async def long(_: str) -> str:
        return "A" * 10_000 + "\ud800"

    names = Names(long, most=5, a_minute=100)
    assert {len(await names.of(f"U{n}")) for n in range(20)} == {128}
    assert len(names._known) == 5


async def test_a_name_is_put_into_a_message_and_changes_nothing_else() -> None:
    """What comes first does so under its name, too."""

    class Hurrying(Desk):
        def comes_first(self, message: DirectMessage) -> bool:
            return message.text == "first"

    desk, account = Hurrying(), ChannelAccount(Channel.SLACK)
    named = Named(desk, Names(Directory(Unreachable("away"))))
    for sender in ("U1", "U2"):
        await named(DirectMessage(account, SenderId(sender), "1", "D1", "first", 0, ""))
    nameless, known = desk.messages
    assert (nameless.name, nameless.meta) == ("", {})
    assert (known.name, known.meta) == ("U2's name", {"name": "U2's name"})
    assert named.comes_first(known)
    assert not named.comes_first(replace(known, text="second"))
    assert not Named(desk.__call__, Names(Directory())).comes_first(known)
