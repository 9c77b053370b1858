"""A client of the gateway: connect as an operator or a node, call methods, take events (``docs/library.md``).

The names below are the public API. A network library is loaded by the first connection, not by importing this.
"""

from clawdbot.client.address import Address
from clawdbot.client.connector import Connector, connect, redeem
from clawdbot.client.identity_file import load as load_identity
from clawdbot.client.identity_file import load_or_create as load_or_create_identity
from clawdbot.client.introduction import OPERATOR_SCOPES, Introduction, program
from clawdbot.client.setup_code import SetupCode
from clawdbot.client.setup_code import read as read_setup_code
from clawdbot.client.token_file import DeviceTokens, TokenFile
from clawdbot.domain.names import Role, Scope

__all__ = [
    "OPERATOR_SCOPES",
    "Address",
    "Connector",
    "DeviceTokens",
    "Introduction",
    "Role",
    "Scope",
    "SetupCode",
    "TokenFile",
    "connect",
    "load_identity",
    "load_or_create_identity",
    "program",
    "read_setup_code",
    "redeem",
]
