"""The chat platforms: what they say is parsed here, and what we say is sent from here. No policy lives here."""
