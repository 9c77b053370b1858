"""Slack: direct messages to an app's bot user, over Socket Mode and the Web API."""
