"""``python -m clawdbot`` is ``clawdbot``."""

from clawdbot.cli.app import main

main()
