import logging

from clawdbot.channels.quiet import hush


def test_S7_a_library_is_made_quieter_but_never_louder() -> None:
    logger = logging.getLogger("a library of nobody's")
    for level, kept in ((logging.DEBUG, logging.WARNING), (logging.CRITICAL, logging.CRITICAL)):
        logger.setLevel(level)
        hush(logger.name)
        assert logger.level == kept
    hush(logger.name, level=logging.CRITICAL + 1)
    assert not logger.isEnabledFor(logging.CRITICAL)
