"""Clients that knock at a gateway from other machines and other addresses."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from clawdbot.service import wall_clock
from tests.support.gateways import ADMIN, Client, identity
from tests.support.namespaces import HOUSE, HOUSE_6, STRANGER, Namespace, Street
from tests.support.own import SHARED, OwnGateway

LOOPBACK = "127.0.0.1"
_OWNER = 900


@dataclass
class Knocking:
    """A gateway in its house, and whoever comes.

    Attributes:
        now: the time by which clients sign.
    """

    street: Street
    gateway: OwnGateway
    clients: AsyncExitStack = field(default_factory=AsyncExitStack)
    now: Callable[[], int] = wall_clock
    _strangers: int = 0

    async def open(self, address: str = STRANGER, to: str = "", headers: Mapping[str, str] | None = None) -> Client:
        """A WebSocket from an address that has got its challenge.

        Args:
            to: the gateway's address, if it is not the natural one.
        """
        to = to or self._towards(address)
        session = aiohttp.ClientSession(connector=self._connector(self._machine(address, to), address))
        http = await self.clients.enter_async_context(session)
        literal = f"[{to}]" if ":" in to else to
        ws = await http.ws_connect(f"http://{literal}:{self.gateway.port}/", max_msg_size=0, headers=headers)
        client = Client(self, ws)
        client.nonce = (await client.event("connect.challenge"))["nonce"]
        return client

    async def knock(self, address: str = STRANGER, token: str = SHARED, **way: Any) -> dict[str, Any]:
        """A device that nobody knows says ``connect``; why it is refused, empty if it is let in."""
        self._strangers += 1
        client = await self.open(address, **way)
        answer = await client.connect(identity(self._strangers), token=token)
        await client.close()
        error: dict[str, Any] = answer.get("error", {})
        return error

    async def owner(self) -> Client:
        """The owner's own program, on the gateway's machine."""
        client = await self.open(LOOPBACK)
        client.payload(await client.connect(identity(_OWNER), token=SHARED, scopes=ADMIN))
        return client

    def dial(self, address: str) -> socket.socket:
        """A connection from an address over which nothing is said."""
        to = self._towards(address)
        dialled = self._machine(address, to).socket(_family(address))
        dialled.settimeout(20)
        dialled.bind((address, 0))
        dialled.connect((to, self.gateway.port))
        return dialled

    def _towards(self, address: str) -> str:
        if ipaddress.ip_address(address).is_loopback:
            return address
        return HOUSE_6 if ":" in address else HOUSE

    def _machine(self, address: str, to: str) -> Namespace:
        own = address in (HOUSE, HOUSE_6) or ipaddress.ip_address(to).is_loopback
        return self.street.house if own else self.street.others

    def _connector(self, machine: Namespace, address: str) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            local_addr=(address, 0), force_close=True, socket_factory=lambda found: machine.socket(found[0], found[1])
        )


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@asynccontextmanager
async def knocking(street: Street, gateway: OwnGateway) -> AsyncIterator[Knocking]:
    """Knock for as long as the context lasts."""
    made = Knocking(street, gateway)
    async with made.clients:
        yield made
