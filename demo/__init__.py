"""The main job, shown in a terminal: a real gateway, the real adapter, a strict local Bot API server."""
