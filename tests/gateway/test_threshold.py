"""A socket before anybody knows who is at its other end (threats.md G12)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clawdbot.gateway.threshold import MOST_BYTES, Threshold
from clawdbot.gateway.tries import Doorstep
from tests.support.waiting import eventually


@dataclass
class Inner(asyncio.Protocol):
    """What the socket is for: it keeps what it is given."""

    data: bytearray = field(default_factory=bytearray)
    made: int = 0
    lost: int = 0
    ended: int = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made += 1

    def data_received(self, data: bytes) -> None:
        self.data += data

    def eof_received(self) -> bool | None:
        self.ended += 1
        return None

    def connection_lost(self, error: Exception | None) -> None:
        self.lost += 1


class Place:
    """A server with a threshold before it."""

    def __init__(self, patience: float = 30, at_most: int = 2) -> None:
        self.doorstep = Doorstep(from_address=at_most)
        self.patience = patience
        self.inners: list[Inner] = []
        self.thresholds: list[Threshold] = []

    def __call__(self) -> Threshold:
        self.inners.append(Inner())
        threshold = Threshold(self.inners[-1], self.doorstep, key=lambda peer: peer, patience=self.patience)
        self.thresholds.append(threshold)
        return threshold

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        server = await asyncio.get_running_loop().create_server(self, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()


async def test_G12_who_asks_for_nothing_is_cut_off_in_time() -> None:
    place = Place(patience=0.05)
    async with place.open() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()
        await eventually(lambda: place.inners[0].lost == 1)
        assert len(place.doorstep) == 0


async def test_G12_one_too_many_is_turned_away_and_the_inner_protocol_never_hears_of_it() -> None:
    place = Place(at_most=1)
    async with place.open() as port:
        _, first = await asyncio.open_connection("127.0.0.1", port)
        reader, second = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.read()).startswith(b"HTTP/1.1 503")
        assert (place.inners[1].made, place.inners[1].lost) == (0, 0)
        first.close()
        second.close()
        await eventually(lambda: len(place.doorstep) == 0)


async def test_G12_more_than_little_is_said_once_and_not_handed_on() -> None:
    place, told = Place(), list[int]()
    async with place.open() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: place.inners and place.inners[0].made)
        place.thresholds[0].expect_little(lambda: told.append(1), lambda: None)
        for _ in range(3):
            writer.write(b"x" * MOST_BYTES)
            await writer.drain()
        await eventually(lambda: told)
        writer.close()
        await eventually(lambda: place.inners[0].lost)
        assert told == [1]
        assert len(place.inners[0].data) <= MOST_BYTES


async def test_G12_who_is_listened_to_may_be_told_that_it_is_too_late() -> None:
    """By whoever talks to him; also on a connection that has idled before."""
    place, told = Place(patience=0.05), list[int]()
    async with place.open() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: place.inners and place.inners[0].made)
        place.thresholds[0].wait_no_more()
        place.thresholds[0].expect_little(lambda: None, lambda: told.append(1))
        await eventually(lambda: told)
        assert place.inners[0].lost == 0
        writer.close()


async def test_whose_request_is_here_has_the_time_that_it_takes() -> None:
    place = Place(patience=0.05)
    async with place.open() as port:
        _, answered = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: place.inners and place.inners[0].made)
        place.thresholds[0].wait_no_more()
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: len(place.inners) == 2 and place.inners[1].lost)
        assert place.inners[0].lost == 0
        answered.close()
        silent.close()


async def test_who_is_let_in_is_not_counted_or_limited_any_more() -> None:
    place = Place(at_most=1)
    async with place.open() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await eventually(lambda: place.inners and place.inners[0].made)
        threshold, inner = place.thresholds[0], place.inners[0]
        assert threshold.requested("elsewhere"), "it is counted already"
        threshold.expect_little(lambda: None, lambda: None)
        threshold.let_in()
        assert len(place.doorstep) == 0
        writer.write(b"x" * (2 * MOST_BYTES))
        await eventually(lambda: len(inner.data) == 2 * MOST_BYTES)
        writer.write_eof()
        await eventually(lambda: inner.lost == 1)
        assert inner.ended == 1
        writer.close()
