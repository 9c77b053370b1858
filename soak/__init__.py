"""All six channels at once, for minutes, on platforms that misbehave: what must never happen is looked for."""
