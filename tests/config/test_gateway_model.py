"""What follows from the gateway's settings: addresses, reach, and where its own machine finds it."""

import pytest

from clawdbot.config import Bind, GatewaySettings, TlsSettings
from clawdbot.domain.platforms import CommandPolicy

CASES: list[tuple[GatewaySettings, tuple[str, ...], bool, str]] = [
    (GatewaySettings(port=1), ("127.0.0.1", "::1"), False, "ws://127.0.0.1:1"),
    (GatewaySettings(bind=Bind.AUTO, port=1), ("127.0.0.1", "::1"), False, "ws://127.0.0.1:1"),
    (GatewaySettings(bind=Bind.LAN, port=1), ("0.0.0.0",), True, "ws://127.0.0.1:1"),
    (GatewaySettings(bind=Bind.TAILNET, port=1), (), True, "ws://127.0.0.1:1"),
    (
        GatewaySettings(bind=Bind.TAILNET, host="100.64.0.1", port=1),
        ("100.64.0.1", "127.0.0.1", "::1"),
        True,
        "ws://127.0.0.1:1",
    ),
    (GatewaySettings(bind=Bind.CUSTOM, port=1), (), False, "ws://127.0.0.1:1"),
    (GatewaySettings(bind=Bind.CUSTOM, host="127.0.0.2", port=1), ("127.0.0.2",), False, "ws://127.0.0.2:1"),
    (GatewaySettings(bind=Bind.CUSTOM, host="fd00::1", port=1), ("fd00::1",), True, "ws://[fd00::1]:1"),
    (GatewaySettings(bind=Bind.CUSTOM, host="0.0.0.0", port=1), ("0.0.0.0",), True, "ws://127.0.0.1:1"),
    (GatewaySettings(bind=Bind.CUSTOM, host="::", port=1), ("::",), True, "ws://[::1]:1"),
    (GatewaySettings(port=1, tls=TlsSettings(enabled=True)), ("127.0.0.1", "::1"), False, "wss://127.0.0.1:1"),
]


@pytest.mark.parametrize(
    ("settings", "hosts", "exposed", "url"), CASES, ids=[f"{one.bind} {one.host}" for one, *_ in CASES]
)
def test_where_it_listens(settings: GatewaySettings, hosts: tuple[str, ...], exposed: bool, url: str) -> None:
    assert (settings.hosts, settings.is_exposed, settings.local_url) == (hosts, exposed, url)


def test_the_owner_s_word_on_commands() -> None:
    settings = GatewaySettings(allow_commands=frozenset({"a"}), deny_commands=frozenset({"b"}))
    assert settings.commands == CommandPolicy(frozenset({"a"}), frozenset({"b"}))
