"""Secrets that are none: empty ones, and what examples, templates and failed substitutions leave (threats.md G15)."""

import re

from clawdbot.domain.bounds import SECRET_LENGTH
from clawdbot.domain.secret import Secret

_WORD = re.compile(
    r"(?:"
    r"undefined|null|none|nil|nan|true|false|todo|tbd|xxx+|example|placeholder|default"
    r"|(?:change|replace|fill)(?:me|this|it|in)"
    r"|(?:my|your|the|a|an|some|super)?(?:bot|api|gateway|shared|auth|access|secret)*"
    r"(?:token|password|passphrase|secret|key)(?:goes)?(?:here)?"
    r")[0-9]{0,4}"
)
_LEFT_OPEN = re.compile(r"\$\{.*\}|\$[A-Z_][A-Z0-9_]*|%[A-Z_][A-Z0-9_]*%|<.*>|\{\{.*\}\}|[.…]+", re.DOTALL)
"""Something that should have been filled in, and was not."""


def is_placeholder(text: str) -> bool:
    """Does a text only stand where a secret should? Case, blanks and punctuation make no difference."""
    return bool(_LEFT_OPEN.fullmatch(text.strip()) or _WORD.fullmatch(re.sub(r"[^a-z0-9]", "", text.casefold())))


def complaint(secret: Secret) -> str:
    """Why a text cannot be the gateway's shared secret, as what follows its name; empty if it can."""
    text = secret.reveal()
    if not text.strip():
        return "is empty"
    if is_placeholder(text):
        return "is a placeholder, not a secret"
    if text != text.strip():
        return "begins or ends with a blank"
    if len(text) > SECRET_LENGTH:
        return f"is longer than {SECRET_LENGTH} characters, and no client may send that"
    return ""
