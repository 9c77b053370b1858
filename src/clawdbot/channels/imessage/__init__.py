"""iMessage: direct messages to the owner's own Apple account, by ``imsg rpc`` on a Mac."""
