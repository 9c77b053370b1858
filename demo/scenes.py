"""The road of a stranger, scene by scene. Each docstring is the scene's title."""

from collections.abc import Awaitable, Callable

from clawdbot.domain.texts import APPROVED
from demo.stage import Stage, check

HOUR = 60 * 60

ALICE, BOB, CAROL, DAVE, ERIN = 777000111, 42, 43, 44, 45
"""Numbers that platforms make ids of."""


async def the_owner_sets_up(stage: Stage) -> None:
    """The owner adds the bot and starts the gateway (the platform is a local one)."""
    stage.lay_configuration()
    added = await stage.owner("channels", "add", stage.channel, stdin="\n".join(stage.login))
    check("Saved" in added.text, "it was tried at the platform, and saved")
    if stage.login:
        quiet = not any(secret in added.text for secret in stage.login)
        check(quiet, "its secrets came by standard input, and none was printed")
    await stage.start_gateway()
    check("next:" in stage.log(), "the first lines say what is on and what to do next")


async def a_stranger_writes(stage: Stage) -> None:
    """Alice, a stranger, writes to the bot: she gets a code, and is not processed."""
    alice = stage.enter(ALICE, "Alice")
    await stage.says(alice, "hello, who are you?")
    await stage.gets_code(alice)
    await stage.says(alice, "hello?")
    await stage.says(alice, "anybody there?")
    check(len(alice.received) == 1, "three messages, one code")
    check(stage.processed() == [], "the assistant has seen nothing")


async def the_owner_approves(stage: Stage) -> None:
    """The owner looks who waits, and lets her in."""
    alice = stage.people["Alice"]
    code = _code(alice.received[0])
    listed = await stage.owner("pairing", "list", stage.channel)
    check(code in listed.text and alice.sender in listed.text, "the list shows her id and her code")
    await stage.owner("pairing", "approve", stage.channel, code.lower(), "--notify")
    check(await stage.gets(alice) == APPROVED, "she is told")
    await stage.says(alice, "what is the time in Vienna?")
    check(await stage.gets(alice) == "You said: what is the time in Vienna?", "her next message is answered")
    check(stage.processed() == ["what is the time in Vienna?"], "what she wrote before was never processed")


async def the_queue_is_bounded(stage: Stage) -> None:
    """Four more strangers: three may wait at a time, and nobody pushes anybody out."""
    people = [stage.enter(number, name) for number, name in [(BOB, "Bob"), (CAROL, "Carol"), (DAVE, "Dave")]]
    for person in people:
        await stage.says(person, "hi")
        await stage.gets_code(person)
    erin = stage.enter(ERIN, "Erin")
    await stage.says(erin, "hi")
    check(erin.received == [], "the fourth gets nothing")
    listed = await stage.owner("pairing", "list", stage.channel)
    check("queue was full" in listed.text, "the owner can see that somebody was turned away")
    await stage.owner("pairing", "reject", stage.channel, _code(people[2].received[0]))
    await stage.says(erin, "hi again")
    await stage.gets_code(erin)


async def codes_expire(stage: Stage) -> None:
    """An hour passes (the requests' times are set back): old codes open nothing."""
    bob = stage.people["Bob"]
    old = _code(bob.received[0])
    stage.age_requests(HOUR)
    await stage.owner("pairing", "approve", stage.channel, old, exit_code=1)
    await stage.says(bob, "still here")
    check(await stage.gets_code(bob) != old, "his next message brings him a new code")


async def the_owner_takes_it_back(stage: Stage) -> None:
    """The owner takes Alice's approval back, while the gateway runs."""
    alice = stage.people["Alice"]
    await stage.owner("pairing", "allowlist", stage.channel)
    await stage.owner("pairing", "revoke", stage.channel, alice.sender)
    await stage.says(alice, "and the weather?")
    await stage.gets_code(alice)
    await stage.owner("pairing", "block", stage.channel, alice.sender)
    await stage.says(alice, "hello??")
    check(stage.processed() == ["what is the time in Vienna?"], "nothing of this reached the assistant")


async def the_gateway_stops(stage: Stage) -> None:
    """The gateway is told to stop."""
    check(await stage.stop_gateway() == 0, "it ends cleanly")
    log = stage.log()
    codes = [_code(text) for person in stage.people.values() for text in person.received if "Pairing code" in text]
    check(len(codes) == 7 and not any(code in log for code in codes), "its log holds none of the seven codes")
    quiet = not any(secret in log for secret in (*stage.login, "Vienna"))
    check(quiet, "nor a token, nor what anybody wrote" if stage.login else "nor what anybody wrote")
    status = await stage.owner("status")
    check("not running" in status.text, "status says so")


def _code(reply: str) -> str:
    return reply.partition("Pairing code: ")[2].partition("\n")[0]


SCENES: list[Callable[[Stage], Awaitable[None]]] = [
    the_owner_sets_up,
    a_stranger_writes,
    the_owner_approves,
    the_queue_is_bounded,
    codes_expire,
    the_owner_takes_it_back,
    the_gateway_stops,
]
