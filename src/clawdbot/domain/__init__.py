"""Decisions only: pure and synchronous, told the time and the chance. Nothing here reads, writes or waits."""
