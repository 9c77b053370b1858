"""The node host: stays connected to one gateway, and serves it."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from clawdbot.channels.backoff import Backoff
from clawdbot.client.connection import Connection
from clawdbot.client.connector import Connector
from clawdbot.client.transport import Closed
from clawdbot.domain.texts import visible
from clawdbot.errors import CallRefused, ConnectRefused, GatewayUnavailable, InvalidFrame, Refused
from clawdbot.node import answers, journey, requests
from clawdbot.node.answers import RESULT, Code, Failed
from clawdbot.node.commands import Commands, Message
from clawdbot.node.journey import Journey, Step, Stop
from clawdbot.node.requests import Invocation

log = logging.getLogger("clawdbot.node")

INVOKE: Final = "node.invoke.request"

MOST_AT_ONCE: Final = 8
"""Commands under way; the next one is refused."""


@dataclass(frozen=True, slots=True)
class Host:
    """A node of one gateway.

    Attributes:
        connector: connects with what this gateway gave the node, or with what the owner configured.
        redeemer: connects with a setup code, until that has let the node in.
        say: tells the owner, at the terminal or in the service's log.
        steady: seconds on a clock that never jumps (threats.md S6).
    """

    connector: Connector
    commands: Commands
    say: Callable[[str], None]
    backoff: Backoff = field(default_factory=Backoff)
    steady: Callable[[], float] = time.monotonic
    redeemer: Connector | None = None

    async def run(self) -> None:
        """Be a node until cancelled.

        Raises:
            ClawdbotError: the gateway does not want this node, or not any more.
        """
        state = Journey(by_code=self.redeemer is not None)
        while True:
            step = await self._try(state)
            if isinstance(step, Stop):
                raise step.error
            for line in step.lines:
                self.say(line)
            state = step.journey
            await asyncio.sleep(step.wait)

    async def _try(self, state: Journey) -> Step:
        """Connect and serve for as long as it lasts."""
        connector = (self.redeemer if state.by_code else None) or self.connector
        try:
            connection = await connector.connect()
        except ConnectRefused as refused:
            return journey.turned_away(state, refused, now=self.steady(), delay=self.backoff.delay)
        except (GatewayUnavailable, InvalidFrame) as error:
            return journey.not_reached(state, error, delay=self.backoff.delay)
        self.say(f"connected to {self.connector.address}")
        async with connection:
            end = await serve(connection, self.commands, self.connector.identity.device_id)
        return journey.lost(end, delay=self.backoff.delay)


async def serve(connection: Connection, commands: Commands, node: str) -> Closed:
    """Do what the gateway asks until the connection ends; answers how it ended.

    What is under way then is ended too: nobody waits for it any more, and perhaps nobody may.
    """
    under_way: set[asyncio.Task[None]] = set()
    try:
        async for event in connection.events(INVOKE):
            invocation = requests.read_invocation(event.payload)
            if invocation is None or invocation.node != node:
                log.warning("the gateway asked for something that cannot be read, or another node; it is passed over")
                continue
            doing = _refuse if len(under_way) >= MOST_AT_ONCE else _do
            task = asyncio.create_task(doing(connection, commands, invocation))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
    except GatewayUnavailable as error:
        log.warning("%s; the connection is given up", error)
        await connection.close()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    return await connection.ended()


async def _do(connection: Connection, commands: Commands, invocation: Invocation) -> None:
    try:
        messages = await commands.perform(invocation, limit=connection.hello.max_payload)
    except Exception:
        log.exception("a defect: %s was not done", visible(invocation.command))
        messages = (_failed(invocation, "the node failed"),)
    for message in messages:
        await _tell(connection, message)


async def _refuse(connection: Connection, _: Commands, invocation: Invocation) -> None:
    await _tell(connection, _failed(invocation, f"this node does {MOST_AT_ONCE} things at once already"))


def _failed(invocation: Invocation, why: str) -> Message:
    return Message(RESULT, answers.result(invocation, Failed(Code.UNAVAILABLE, why)))


async def _tell(connection: Connection, message: Message) -> None:
    try:
        await connection.call(message.method, message.params)
    except (CallRefused, GatewayUnavailable, Refused) as error:
        log.warning("the gateway did not take %s: %s", message.method, error)
