"""The long-running program: channels under supervision, the door, the assistant."""
