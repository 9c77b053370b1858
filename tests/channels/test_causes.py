"""What is told of a connection that did not come about: host and reason, and nothing that a URL holds."""

import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from clawdbot.channels.causes import told

SECRET = "hunter2"


class NoNames(AbstractResolver):
    """A machine without DNS."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")

    async def close(self) -> None: ...


async def asked(url: str, proxy: str | None = None) -> str:
    """What is told when a URL is asked for in vain."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=NoNames())) as session:
        with pytest.raises((aiohttp.ClientError, OSError)) as caught:
            await session.get(url, proxy=proxy)
    return told(caught.value)


async def test_a_name_that_nobody_knows_and_a_port_that_nobody_listens_on_are_named() -> None:
    """With what the system said."""
    said = await asked(f"http://chat.invalid/{SECRET}?token={SECRET}")
    assert said.startswith("ClientConnectorDNSError (Cannot connect to host chat.invalid:80 ")
    assert "Temporary failure in name resolution" in said
    assert SECRET not in said
    said = await asked(f"http://127.0.0.1:1/{SECRET}")
    assert "Cannot connect to host 127.0.0.1:1 " in said
    assert SECRET not in said


async def test_S7_neither_a_proxy_s_password_nor_a_url_is_told() -> None:
    said = await asked(f"http://chat.invalid/{SECRET}", proxy=f"http://me:{SECRET}@127.0.0.1:1")
    assert SECRET not in said
    assert "127.0.0.1:1" in said
    assert told(aiohttp.InvalidURL(f"http://{SECRET}")) == "InvalidURL"
    assert told(OSError(SECRET)) == "OSError"
