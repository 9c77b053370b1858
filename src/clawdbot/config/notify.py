"""Where else an owner is told: Apprise URLs in ``owner.notify``, and in the file that ``owner.notifyFile`` names.

They hold keys and passwords: no message shows one, nor any part of it (threats.md S7). Whether Apprise can use one is
for the ``doctor`` to say, for the library is loaded only where somebody is told.
"""

import re
from pathlib import Path

from clawdbot.config import files
from clawdbot.config.model import NotifySettings
from clawdbot.config.reading import Section, held, kind
from clawdbot.domain.secret import Secret
from clawdbot.paths import expand, home_of

KEYS = ("notify", "notifyFile")
MOST = 16
"""Each is told everything, by itself."""

MAX_FILE_BYTES = 64 * 1024

_URL = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}://[^\s\x00-\x1f\x7f]{1,4000}", re.A)
_HINT = 'write a list of Apprise URLs, like ["ntfy://ntfy.sh/my-topic"]'


def read_notify(section: Section) -> NotifySettings:
    """Read both from the ``owner`` object; what they say is taken together, the list first."""
    urls = [*_listed(section), *_in_file(section)]
    if len(urls) > MOST:
        section.error("notify", f"names more than {MOST} places, with those of the file", "leave some out")
    return NotifySettings(tuple(dict.fromkeys(urls[:MOST])), _file(section))


def _listed(section: Section) -> list[Secret]:
    found = []
    for index, item in enumerate(section.items("notify", _HINT) or ()):
        path, value = (*section.path, "notify", index), held(item)
        if not isinstance(value, str):
            section.notes.error(item.start, path, f"must be a string, not {kind(item)}")
            continue
        url = section.notes.filled(value, item.start, path).strip()
        if _URL.fullmatch(url):
            found.append(Secret(url))
        elif not section.notes.is_wrong(path):
            section.notes.error(item.start, path, "is no Apprise URL", "write it like ntfy://ntfy.sh/my-topic")
    return found


def _file(section: Section) -> Path | None:
    written = (section.string("notifyFile") or "").strip()
    if not written or "\0" in written:
        return None
    return section.notes.file.parent / expand(written, home_of(section.notes.environ))


def _in_file(section: Section) -> list[Secret]:
    """One URL a line; ``#`` begins a comment. What cannot be used is warned of, and all else goes on."""
    path = _file(section)
    if path is None:
        return []
    try:
        lines = files.read(path, MAX_FILE_BYTES).decode("utf-8-sig").splitlines()
    except OSError as error:
        section.warn("notifyFile", f"{path} cannot be read: {error.strerror}")
        return []
    except UnicodeDecodeError:
        section.warn("notifyFile", f"{path} holds something other than text")
        return []
    except ValueError as error:
        section.warn("notifyFile", f"{path} {error}")
        return []
    found = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if _URL.fullmatch(line):
            found.append(Secret(line))
        elif line and not line.startswith("#"):
            section.warn("notifyFile", f"line {number} of {path} is no Apprise URL")
    return found
