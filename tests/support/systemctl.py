"""A ``systemctl`` and a ``loginctl`` that are strict about what they are asked, for a directory on the search path.

Units are looked for where systemd looks for a user's own. Every call is a line of ``calls``; a unit that is started
must be one that was read by a ``daemon-reload`` since it was last written.
"""

import os
import sys
from pathlib import Path

SYSTEMCTL = """#!{python} -S
import os, sys
from pathlib import Path

here = Path({here!r})
units = Path(os.environ["HOME"]) / ".config" / "systemd" / "user"
words = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(" ".join(words) + "\\n")


def fail(text, code=1):
    print(text, file=sys.stderr)
    sys.exit(code)


if (here / "no-bus").exists():
    fail("Failed to connect to bus: No medium found")
if words[:2] != ["--user", "--no-pager"]:
    fail("Unknown option: " + " ".join(words), 64)
verb, *rest = words[2:]
known = here / "known"
known.mkdir(exist_ok=True)
if verb == "show" and rest == ["--property=Version"]:
    print("Version=252")
elif verb == "daemon-reload" and not rest:
    for old in known.iterdir():
        old.unlink()
    for unit in units.glob("*.service"):
        (known / unit.name).write_text(unit.read_text())
elif verb in ("enable", "start", "stop", "restart", "disable") and rest and rest[-1].endswith(".service"):
    *options, name = rest
    if options not in ([], ["--now"]) or (options and verb != "disable"):
        fail("Unknown option: " + " ".join(options), 64)
    if not (known / name).exists():
        fail("Failed to " + verb + " unit: Unit " + name + " does not exist.", 5)
    if (known / name).read_text() != (units / name).read_text():
        fail("The unit file changed on disk. Run 'systemctl --user daemon-reload'.", 5)
    if verb in ("start", "restart") and (here / "broken").exists():
        fail("Job for " + name + " failed because the control process exited with error code.")
else:
    fail("Unknown command verb " + verb + ".", 64)
"""

LOGINCTL = """#!{python} -S
import os, sys
from pathlib import Path

if sys.argv[1:] != ["show-user", str(os.getuid()), "--property=Linger"]:
    sys.exit(64)
print("Linger=" + ("yes" if (Path({here!r}) / "lingers").exists() else "no"))
"""


class FakeSystemd:
    """The programs, in a directory of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name, text in (("systemctl", SYSTEMCTL), ("loginctl", LOGINCTL)):
            program = folder / name
            program.write_text(text.format(python=sys.executable, here=str(folder)))
            program.chmod(0o755)

    @property
    def path(self) -> str:
        """A search path with nothing else on it."""
        return os.pathsep.join([str(self.folder), "/usr/bin", "/bin"])

    def calls(self) -> list[str]:
        """What ``systemctl --user`` was asked, in order."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.removeprefix("--user --no-pager ") for line in lines]

    def is_(self, state: str) -> None:
        """``no-bus``, ``broken``, ``lingers``."""
        (self.folder / state).touch()
