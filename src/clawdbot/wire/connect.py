"""The params of ``connect``, the first request of every connection (``docs/protocol.md#connect``)."""

from typing import Annotated

from msgspec import field

from clawdbot.domain.connect import ClientInfo, ConnectRequest, Credentials, DeviceClaim
from clawdbot.errors import InvalidConnectParams
from clawdbot.wire import schema
from clawdbot.wire.fields import (
    Caps,
    Commands,
    Count,
    Credential,
    Id,
    Key,
    Line,
    Locale,
    Name,
    Permissions,
    Scopes,
    SearchPath,
    Version,
    Word,
)
from clawdbot.wire.schema import Closed, OneOf, Problems

METHOD = "connect"

_APPS = ("control-ui", "macos", "ios", "android", "probe")

CLIENT_IDS = frozenset(
    {"webchat-ui", "webchat", "cli", "gateway-client", "node-host", "test", "fingerprint"}
    | {f"clawdbot-{app}" for app in _APPS}
    | {f"moltbot-{app}" for app in _APPS}
)
"""The programs that may connect, under both names that the reference has had."""

CLIENT_MODES = frozenset({"webchat", "cli", "ui", "backend", "node", "probe", "test"})


class _Client(Closed, frozen=True, kw_only=True):
    makes = ClientInfo

    id: Annotated[str, OneOf(CLIENT_IDS)]
    display_name: Name | None = None
    version: Name
    platform: Name
    device_family: Name | None = None
    model_identifier: Name | None = None
    mode: Annotated[str, OneOf(CLIENT_MODES)]
    instance_id: Name | None = None


class _Device(Closed, frozen=True, kw_only=True):
    makes = DeviceClaim

    id: Id
    public_key: Key
    signature: Key
    signed_at: Count
    nonce: Key | None = None


class _Auth(Closed, frozen=True):
    makes = Credentials

    token: Credential | None = None
    password: Credential | None = None


class _Connect(Closed, frozen=True, kw_only=True):
    makes = ConnectRequest

    min_protocol: Version
    max_protocol: Version
    client: _Client
    caps: Caps = ()
    commands: Commands = ()
    permissions: Permissions = field(default_factory=dict)
    path_env: SearchPath | None = None
    role: Word | None = None
    scopes: Scopes = ()
    device: _Device | None = None
    auth: _Auth = _Auth()
    locale: Locale | None = None
    user_agent: Line | None = None


def read(params: object) -> ConnectRequest:
    """Check the params of ``connect``. Unlike those of other methods they may not be left out.

    Raises:
        InvalidConnectParams: with all that is wrong.
    """
    found = schema.make(ConnectRequest, _Connect, params)
    if isinstance(found, Problems):
        raise InvalidConnectParams(*found)
    return found
