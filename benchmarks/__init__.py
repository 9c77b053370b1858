"""How fast it is, beside the reference and beside the least that would have to be done (``docs/performance.md``)."""
