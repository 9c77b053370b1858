"""Where an admitted message goes: the assistant that the owner plugs in."""
