"""How slack_sdk is kept silent: left alone, it logs texts and tickets at DEBUG, and quotes answers in its errors."""

import logging

SILENT = logging.getLogger(f"{__name__}.silent")
"""To give to the library: it takes everything and passes nothing on, whatever a program logs (threats.md S7)."""

SILENT.setLevel(logging.CRITICAL + 1)
SILENT.propagate = False
SILENT.addHandler(logging.NullHandler())
