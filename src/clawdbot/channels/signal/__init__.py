"""Signal: direct messages to a Signal account, by signal-cli's HTTP daemon."""
