"""Telegram: direct messages to a bot, over the Bot API by long polling."""
