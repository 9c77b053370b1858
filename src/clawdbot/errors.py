"""Every error that clawdbot raises on purpose.

    ClawdbotError                 exit code
    ├── UsageError                2   the command line or a name in it makes no sense
    ├── ConfigError               2   clawdbot.json does not say what it must
    │   └── ConfigUnavailable     3   … or cannot be read or written now
    ├── Refused                   1   understood, but the answer is no
    │   ├── InvalidParams         1   a request whose params are not those of its method
    │   └── CallRefused           1   a gateway said no to what a client asked
    │       └── ConnectRefused    1   … or to its connecting at all
    ├── StoreError                3
    │   ├── StoreCorrupt          3   a state file does not hold what it must
    │   └── StoreUnavailable      3   a state file cannot be read, locked or written now
    ├── DeliveryFailed            3   a platform did not take our message
    │   ├── DeliveryUnknown       3   … or perhaps did: the answer never came
    │   └── RecipientRefused      1   … and never will: blocked us, gone, not allowed
    ├── ChannelFailed             3   a channel cannot work now; trying again may help
    │   ├── RateLimited           3   … because the platform asks us to wait
    │   └── ChannelRefused        1   … and trying again will not
    │       ├── TokenRefused      1     the platform does not accept our token
    │       ├── NeedsLogin        1     nobody has logged in yet
    │       ├── LoggedOut         1     the platform, or the owner's phone, has logged us out
    │       └── Banned            1     the platform has shut the account out
    ├── AssistantFailed           3   the owner's assistant gave no answer
    ├── GatewayUnavailable        3   a gateway cannot be reached, went away, or does not answer in time
    │   └── NoGateway             3   … because nothing listens there
    ├── InvalidFrame              3   a gateway sent a client what is not of the protocol
    └── DoorError                 1   a check at the gateway's door failed; one class per check, below

An expected outcome ("already pending", "queue full") is a value, not one of these. Messages are lower case, without
a full stop, and never hold a secret; the hint is what the owner types next.
"""

from collections.abc import Mapping
from typing import ClassVar


class ClawdbotError(Exception):
    """An error with a message for people, a hint that says what to do next, and the exit code of the command line."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ClawdbotError):
    exit_code = 2


class ConfigError(ClawdbotError):
    exit_code = 2


class ConfigUnavailable(ConfigError):
    exit_code = 3


class Refused(ClawdbotError):
    exit_code = 1


class InvalidParams(Refused):
    """The params of a request do not fit the schema of its method; the message is the one for the wire."""

    def __init__(self, method: str, *problems: str) -> None:
        super().__init__(f"invalid {method} params: " + "; ".join(problems))


class CallRefused(Refused):
    """A gateway said no.

    Attributes:
        code: why, for programs: ``INVALID_REQUEST``, ``NOT_PAIRED``, ``UNAVAILABLE``.
        details: what else the gateway says about it; JSON from outside, of whatever shape.
        retry_after_ms: when asking again may help, if the gateway says so.
    """

    def __init__(
        self, message: str, *, code: str, details: object = None, retry_after_ms: int | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.details = details
        self.retry_after_ms = retry_after_ms


class ConnectRefused(CallRefused):
    """A gateway did not let a client in.

    Attributes:
        check_words: of the client's device with the gateway that it talks about, while that wants the device to be
            approved; empty if it tells no key. The gateway's owner must see the same (``docs/pairing-devices.md``).
    """

    check_words: str = ""

    @property
    def is_unauthorized(self) -> bool:
        """Were the credentials missing or wrong? Not so while the gateway does not even look at them."""
        return self.code == "INVALID_REQUEST" and self.message.startswith("unauthorized")

    @property
    def request_id(self) -> str | None:
        """The pairing request that now waits for the owner of the gateway; text from outside."""
        found = self.details.get("requestId") if isinstance(self.details, dict) else None
        return found if self.code == "NOT_PAIRED" and isinstance(found, str) else None

    @property
    def gateway_key(self) -> str | None:
        """The public key of the gateway where that request waits, as it says; text from outside."""
        found = self.details.get("gatewayKey") if isinstance(self.details, dict) else None
        return found if self.request_id is not None and isinstance(found, str) else None


class StoreError(ClawdbotError):
    exit_code = 3


class StoreCorrupt(StoreError):
    pass


class StoreUnavailable(StoreError):
    pass


class DeliveryFailed(ClawdbotError):
    exit_code = 3


class DeliveryUnknown(DeliveryFailed):
    pass


class RecipientRefused(DeliveryFailed):
    exit_code = 1


class ChannelFailed(ClawdbotError):
    exit_code = 3


class RateLimited(ChannelFailed):
    pass


class ChannelRefused(ChannelFailed):
    exit_code = 1


class TokenRefused(ChannelRefused):
    pass


class NeedsLogin(ChannelRefused):
    pass


class LoggedOut(ChannelRefused):
    pass


class Banned(ChannelRefused):
    pass


class AssistantFailed(ClawdbotError):
    exit_code = 3


class GatewayUnavailable(ClawdbotError):
    exit_code = 3


class NoGateway(GatewayUnavailable):
    pass


class InvalidFrame(ClawdbotError):
    exit_code = 3


class DoorError(ClawdbotError):
    """A check at the gateway's door failed: answered with an error frame, then the socket is closed.

    ``code``, ``message`` and ``details`` go into the frame, ``close_code`` and ``close_reason`` into the close
    (``docs/protocol.md#order-of-the-checks``). They say what clients of the protocol act on, and nothing else: the
    same to a stranger as to an owner, and never a secret.
    """

    code: ClassVar[str] = "INVALID_REQUEST"
    close_code: ClassVar[int] = 1008
    text: ClassVar[str] = ""

    def __init__(
        self,
        message: str = "",
        *,
        details: Mapping[str, str | int] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message or self.text)
        self.details = details
        self.retry_after_ms = retry_after_ms

    @property
    def close_reason(self) -> str:
        """The message, cut to the 120 bytes that a close frame has room for."""
        return self.message.encode("utf-8", "replace")[:120].decode("utf-8", "ignore")


class InvalidConnectParams(DoorError):
    """The parameters of ``connect`` do not fit their schema or its bounds."""

    def __init__(self, *problems: str) -> None:
        super().__init__("invalid connect params: " + "; ".join(problems))


class ProtocolMismatch(DoorError):
    close_code = 1002
    text = "protocol mismatch"


class InvalidRole(DoorError):
    text = "invalid role"


class ProxyWithoutAuth(DoorError):
    """No shared secret is configured, and a proxy that nobody vouches for stands in between."""

    text = "gateway auth required behind reverse proxy"

    def __init__(self) -> None:
        super().__init__(details={"hint": "set gateway.auth or configure gateway.trustedProxies"})

    @property
    def close_reason(self) -> str:
        return "gateway auth required"


class SecureContextRequired(DoorError):
    """A control UI without a device identity: browsers keep keys only for HTTPS pages and localhost."""

    text = "control ui requires HTTPS or localhost (secure context)"


class IdentityRequired(DoorError):
    code = "NOT_PAIRED"
    text = "device identity required"


class IdentityMismatch(DoorError):
    text = "device identity mismatch"


class SignatureExpired(DoorError):
    text = "device signature expired"


class NonceRequired(DoorError):
    text = "device nonce required"


class NonceMismatch(DoorError):
    text = "device nonce mismatch"


class SignatureInvalid(DoorError):
    text = "device signature invalid"


class Unauthorized(DoorError):
    """The gateway's secret or the device's token is not there or not right."""


class CredentialsMissing(Unauthorized):
    """None were offered, or none are configured; this does not count as a failed try (threats.md G11)."""


class CredentialsWrong(Unauthorized):
    """Some were offered and do not fit; a failed try (threats.md G11)."""


class TooManyTries(Unauthorized):
    """Too many wrong credentials came from this address lately; these were not even looked at (threats.md G11)."""

    code = "UNAVAILABLE"
    text = "unauthorized: too many failed attempts"

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(retry_after_ms=retry_after_ms)


class PairingRequired(DoorError):
    """The device waits for the owner's approval, or for room in the queue if it has no request."""

    code = "NOT_PAIRED"
    text = "pairing required"

    def __init__(self, request_id: str | None = None, gateway_key: str | None = None) -> None:
        told = {"requestId": request_id, "gatewayKey": gateway_key} if request_id else {}
        super().__init__(details={name: text for name, text in told.items() if text} or None)
