"""The text of the systemd unit that runs the gateway for its user (``docs/operations.md#systemd``).

What is hardened is what systemd does for a user's own services without a namespace, and what an assistant's command
does not miss: it may read and write the user's files, run containers and sandboxes of its own, and reach the network.
What would hide the home directory, forbid new namespaces or writable code would break just those.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECRETS = ".env"
"""The file of the state directory that secrets for the service are in, as the reference has it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A service.

    Attributes:
        name: of the unit, without ``.service``.
        command: the absolute interpreter and its arguments.
        environ: variables, none of them a secret.
    """

    name: str
    command: tuple[str, ...]
    state_dir: Path
    environ: Mapping[str, str]

    @property
    def file_name(self) -> str:
        return f"{self.name}.service"

    def text(self) -> str:
        """The file."""
        variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in self.environ.items())
        secrets = _escaped(str(self.state_dir / SECRETS))
        return f"""\
# Written by "clawdbot gateway install"; change it with "systemctl --user edit {self.file_name}".
[Unit]
Description=Clawdbot gateway ({_escaped(str(self.state_dir))})
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={" ".join(_argument(word) for word in self.command)}
{variables}EnvironmentFile=-{secrets}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
TimeoutStartSec=90
TimeoutStopSec=60
KillMode=mixed
OOMPolicy=continue
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes

[Install]
WantedBy=default.target
"""


def _escaped(text: str) -> str:
    """Without what systemd would fill in."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """As one word."""
    inner = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_escaped(inner)}"'


def _argument(word: str) -> str:
    """As one word of a command line, where ``$`` is filled in, too."""
    return _quoted(word).replace("$", "$$")
