"""Configuration: ``clawdbot.json`` (JSON5) → frozen structs, exact errors, edits that keep comments, hot reload."""

from clawdbot.config.gateway_model import Bind, GatewayMode, GatewaySettings, RemoteSettings, TlsSettings
from clawdbot.config.gateway_options import RunOptions, with_options
from clawdbot.config.load import load, problems
from clawdbot.config.model import (
    AccountConfig,
    AssistantSettings,
    CommandSettings,
    Config,
    ConfigProblem,
    HttpSettings,
    PythonSettings,
    RefusedEntry,
    Severity,
)
from clawdbot.config.watch import ConfigFile

__all__ = [
    "AccountConfig",
    "AssistantSettings",
    "Bind",
    "CommandSettings",
    "Config",
    "ConfigFile",
    "ConfigProblem",
    "GatewayMode",
    "GatewaySettings",
    "HttpSettings",
    "PythonSettings",
    "RefusedEntry",
    "RemoteSettings",
    "RunOptions",
    "Severity",
    "TlsSettings",
    "load",
    "problems",
    "with_options",
]
