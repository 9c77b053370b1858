"""The headless node host: a gateway runs programs on this machine, as far as its owner allows (``docs/node.md``)."""
