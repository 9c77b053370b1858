"""Configuration: ``clawdbot.json`` (JSON5) → frozen structs, exact errors, edits that keep comments, hot reload."""

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
    "CommandSettings",
    "Config",
    "ConfigFile",
    "ConfigProblem",
    "HttpSettings",
    "PythonSettings",
    "RefusedEntry",
    "Severity",
    "load",
    "problems",
]
