"""What another state directory has to offer, whatever kind of directory it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from clawdbot.backup.inventory import CONFIG
from clawdbot.backup.snapshot import Files

WHY_NOT: Final = {
    "credentials/oauth.json": "logins of models are the assistant's affair",
    "credentials/whatsapp": "a session of another library; log in with: clawdbot channels login whatsapp",
    "exec-approvals.json": "another policy of nodes; see docs/node.md",
    "agents": "conversations are the assistant's affair",
    "telegram": "how far a channel has read; what waits at the platform comes again",
    "openclaw.json": "OpenClaw's settings mean other things; write yours: clawdbot channels add",
}
"""What is there in the reference's directory and is not taken, where there is more to say than that it is not used."""

NOT_USED: Final = "not used here"


@dataclass(frozen=True, slots=True)
class Source:
    """What could be taken, and what could not and why."""

    files: Files
    left_out: Mapping[str, str]

    @classmethod
    def of_directory(cls, files: Files, strangers: Iterable[str], *, config_problem: str = "") -> "Source":
        """A directory of the reference, or one of ours.

        Args:
            strangers: what is there besides.
            config_problem: why its configuration cannot be used here, if so.
        """
        left_out = {name: WHY_NOT.get(name, NOT_USED) for name in strangers}
        if CONFIG in files and config_problem:
            left_out[CONFIG] = config_problem
        return cls({name: content for name, content in files.items() if name not in left_out}, left_out)
