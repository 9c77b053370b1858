"""What the tests of assistants share."""

from tests.support.program_fixtures import nothing_left, python, ready

__all__ = ["nothing_left", "python", "ready"]
