"""A device, and a way to connect it."""

from collections.abc import Callable
from typing import Any

import pytest

from clawdbot.client import Connector, Introduction
from clawdbot.client import address as addresses
from clawdbot.domain.connect import ClientInfo
from clawdbot.domain.identity import DeviceIdentity

CLI = ClientInfo(id="cli", version="dev", platform="linux", mode="cli")


@pytest.fixture
def identity() -> DeviceIdentity:
    return DeviceIdentity.from_seed(bytes(range(32)))


@pytest.fixture
def connector(identity: DeviceIdentity) -> Callable[..., Connector]:
    """Makes a connector for a URL."""

    def make(url: str, fingerprint: str = "", **more: Any) -> Connector:
        more.setdefault("introduction", Introduction(CLI))
        return Connector(addresses.read(url, fingerprint), identity, **more)

    return make
