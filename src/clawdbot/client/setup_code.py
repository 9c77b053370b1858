"""Setup codes: all that a device needs to join a gateway, as one text (``docs/protocol.md#setup-codes``).

A code says where the gateway is, by which certificate it is known, and what the device may be there; and it holds the
word by which the gateway pairs the first key that brings it. The text is of capital letters and digits, which survive
shells, chats and line breaks and make the smallest QR code. Its first bytes tell a code from one that was cut short.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from clawdbot.client import address as addresses
from clawdbot.client.address import Address
from clawdbot.domain.hosts import is_everywhere, is_loopback
from clawdbot.domain.names import Role, Scope
from clawdbot.domain.secret import Secret
from clawdbot.errors import UsageError

PREFIX: Final = "CLAWDBOT1-"
"""What a code begins with; the digit is the layout's."""

MOST_CHARACTERS: Final = 4096

_ANY_PREFIX: Final = re.compile(r"CLAWDBOT[0-9]+-")
_SCOPE: Final = re.compile(r"[A-Za-z0-9._:-]+")
_CHECK: Final = 4
_WORD: Final = 32
_PIN: Final = 32


@dataclass(frozen=True, slots=True)
class SetupCode:
    """A setup code.

    Attributes:
        address: the gateway: an origin, as :func:`route` has it.
        word: 32 bytes that pair one device, once, as ``device.pair.code`` made them.
        role: what the device is to the gateway.
        scopes: what an operator asks for.

    Raises:
        ValueError: that cannot be in a code.
    """

    address: Address
    word: Secret
    role: Role = Role.NODE
    scopes: tuple[Scope, ...] = ()

    def __post_init__(self) -> None:
        _raw(self.word)
        if not all(_SCOPE.fullmatch(scope) for scope in self.scopes):
            raise ValueError("no scope is spelled like that")

    def text(self) -> str:
        """What is scanned or pasted. Whoever brings it first is in: it is a secret."""
        pin = bytes.fromhex(self.address.fingerprint or "")
        said = " ".join((self.role, self.address.url, *self.scopes)).encode("ascii")
        return PREFIX + _letters(bytes([bool(pin)]) + _raw(self.word) + pin + said)


def read(text: str) -> SetupCode:
    """Read a code, in whatever case, and with the blanks and line breaks that copying puts into it.

    Raises:
        UsageError: it is none, or leads where none may lead. What it holds is not repeated.
    """
    letters = "".join(text.split())
    if not letters.isascii() or len(letters) > MOST_CHARACTERS:
        raise _no_code()
    letters = letters.upper()
    if not letters.startswith(PREFIX):
        raise _another_version() if _ANY_PREFIX.match(letters) else _no_code()
    try:
        return _decoded(letters.removeprefix(PREFIX))
    except ValueError:
        raise _no_code() from None


def route(url: str, fingerprint: str = "") -> Address:
    """Where a code may lead: an origin that somebody can reach, and nobody on the way can read (threats.md G18).

    Raises:
        UsageError: it is none. A secret in it is not repeated.
    """
    bare = addresses.read(url)
    parts = urlsplit(bare.url)
    if parts.path not in ("", "/"):
        raise UsageError(
            "a setup code leads to a host and a port, without a path", hint="name them alone: wss://host:port"
        )
    if is_everywhere(bare.host):
        raise UsageError(f"{bare.host} is no address that anybody can connect to", hint="name one of the gateway's own")
    if not bare.is_secure and not is_loopback(bare.host):
        raise UsageError(
            "beyond its own machine nobody is paired over ws://, which others can read and change on the way",
            hint="set gateway.tls.enabled; or, behind a proxy or tailscale serve, name its wss:// address with --at",
        )
    return addresses.read(f"{parts.scheme}://{parts.netloc}", fingerprint)


def _decoded(letters: str) -> SetupCode:
    """Raises ValueError: that is no code; UsageError: it leads nowhere good."""
    raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    body = raw[_CHECK:]
    if _letters(body) != letters or body[:1] not in (b"\0", b"\1"):
        raise ValueError
    rest = body[1 + _WORD :]
    pin, said = (rest[:_PIN], rest[_PIN:]) if body[0] else (b"", rest)
    role, url, *scopes = said.decode("ascii").split(" ")
    return SetupCode(
        route(url, pin.hex()), Secret(_spelled(body[1 : 1 + _WORD])), Role(role), tuple(map(Scope, scopes))
    )


def _letters(body: bytes) -> str:
    check = hashlib.sha256(body).digest()[:_CHECK]
    return base64.b32encode(check + body).decode("ascii").rstrip("=")


def _raw(word: Secret) -> bytes:
    """The bytes of a word, of which the gateway tells the base64url. Raises ValueError."""
    raw = base64.urlsafe_b64decode(word.reveal().encode("ascii") + b"=")
    if len(raw) != _WORD or Secret(_spelled(raw)) != word:
        raise ValueError("that is no word of a gateway")
    return raw


def _spelled(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _no_code() -> UsageError:
    return UsageError(
        "that is no setup code", hint=f"copy all of it, from {PREFIX} to its end; on the gateway's machine: clawdbot qr"
    )


def _another_version() -> UsageError:
    return UsageError("that setup code is of another version", hint="update clawdbot on the older of the two machines")
