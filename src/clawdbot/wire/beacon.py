"""What a gateway says about itself on the local network: a DNS-SD service, as the reference's apps look for it.

Anybody on the network can say such things. They are hints of where to knock, and nothing of them is to be trusted: what
a gateway is, its certificate and its answer show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from clawdbot.domain import fingerprints
from clawdbot.domain.fingerprints import Fingerprint

SERVICE: Final = "_clawdbot-gw._tcp.local."
MOST_TEXT: Final = 255
"""Bytes of one entry of a service's text, its name and the sign between them included."""

_LABEL: Final = 63
"""Bytes of one part of a DNS name."""
_TAIL: Final = " (Clawdbot)"
"""What the name of every such service ends with."""
_HOST: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True, slots=True)
class Beacon:
    """One gateway, as it describes itself.

    Attributes:
        name: what people call it.
        host: the machine's name, without ``.local``.
        fingerprint: of its certificate; ``None`` if it has none, or does not say.
        more: what else it says.
    """

    name: str
    host: str
    port: int
    tls: bool = False
    fingerprint: Fingerprint | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def instance(self) -> str:
        """The name of the service."""
        return f"{_label(self.name + _TAIL)}.{SERVICE}"

    @property
    def server(self) -> str:
        """The name of the machine."""
        return f"{self.host}.local."

    def text(self) -> dict[str, str]:
        """What the service says, in the reference's words."""
        said = {
            "role": "gateway",
            "transport": "gateway",
            "displayName": self.name,
            "lanHost": self.server.rstrip("."),
            "gatewayPort": str(self.port),
        }
        if self.tls:
            said["gatewayTls"] = "1"
            if self.fingerprint:
                said["gatewayTlsSha256"] = self.fingerprint
        said.update(self.more)
        return {key: value for key, value in said.items() if len(f"{key}={value}".encode()) <= MOST_TEXT}


def host_label(hostname: str) -> str:
    """A machine's name as one part of a DNS name."""
    first = hostname.partition(".")[0].lower()
    return "".join(one if one in _HOST else "-" for one in first).strip("-")[:_LABEL].strip("-") or "clawdbot"


def heard(instance: str, host: str, port: int, text: Mapping[bytes, bytes | None]) -> Beacon:
    """What a stranger says of itself: every entry may be missing, or anything. Nothing of it is inert."""
    said = {_told(key): _told(value) for key, value in text.items() if value is not None}
    name = said.get("displayName") or instance.removesuffix(f".{SERVICE}").removesuffix(_TAIL)
    try:
        fingerprint = fingerprints.read(said["gatewayTlsSha256"])
    except (KeyError, ValueError):
        fingerprint = None
    tls = said.get("gatewayTls", "").lower() in ("1", "true")
    return Beacon(name, host.rstrip(".").removesuffix(".local"), port, tls, fingerprint, said)


def _told(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _label(text: str) -> str:
    """As much of a text as one part of a DNS name takes; the first letters and the last ones count."""
    data = text.encode()
    if len(data) <= _LABEL:
        return text
    return data[: _LABEL - len(_TAIL)].decode("utf-8", "ignore") + _TAIL
