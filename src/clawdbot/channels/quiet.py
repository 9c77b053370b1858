"""Libraries are kept quiet, even in a program that logs everything: they log URLs, which hold tokens, and texts."""

import logging


def hush(*names: str, level: int = logging.WARNING) -> None:
    """Let libraries say what is at least of this level, or what they said so far if that is less (threats.md S7)."""
    for name in names:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, level))
