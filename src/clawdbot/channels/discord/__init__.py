"""Discord: direct messages to a bot, over Discord's gateway and REST API."""
