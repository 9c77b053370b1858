"""The command line. Modules import nothing heavy at their top, so that a command loads only what it uses."""
