"""WhatsApp, as a linked device: through a bridge that runs beside us."""
