"""Looks at the files that matter, without changing or opening any of them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from clawdbot.audit.files import MARKERS, FileFact, synced_by
from clawdbot.config import Config
from clawdbot.paths import Paths

OWN: Final = (
    ("identity", "identity_dir", "the folder of this device's keys"),
    ("identity/device.json", "identity", "this device's private key"),
    ("identity/device-auth.json", "identity", "this device's tokens"),
    ("gateway", "gateway_dir", "the gateway's folder"),
    ("gateway/tls", "tls_dir", "the folder of the gateway's certificate"),
    ("gateway/tls/gateway-key.pem", "tls_key", "the gateway's private key"),
    ("gateway/held.key", "held_key", "the key of held messages"),
    ("held", "held_dir", "the folder of held messages"),
    ("node.json", "node", "the node's settings"),
    ("exec-policy.json", "exec_policy", "the list of programs that may be run"),
    ("history", "history_dir", "the folder of the history"),
)
"""What is in the state directory besides the store's own files, which the store knows best: path, part, name."""


def files(paths: Paths, config: Config | None, *, user: int | None = None) -> list[FileFact]:
    """The state directory, what is in it, and the files that the configuration names.

    Args:
        user: whose they should be; who runs this, if nobody is named. To root they may be anybody's.
    """
    user = os.geteuid() if user is None else user
    return [replace(fact, is_foreign=user != 0 and owner not in (user, 0)) for fact, owner in _files(paths, config)]


def copied_by(path: Path) -> str:
    """The program that copies a folder elsewhere, by where it really is and by what lies around it."""
    real = Path(os.path.realpath(path))
    for folder in (real, *real.parents):
        for marker, program in MARKERS.items():
            if os.path.lexists(folder / marker):
                return program
    return synced_by(real)


def _files(paths: Paths, config: Config | None) -> Iterator[tuple[FileFact, int]]:
    """Facts, each with the user whose file it is."""
    state_dir = list(_fact(paths.state_dir, "state_dir", "the state directory", follow=True))
    yield from state_dir
    shielded = not any(fact.is_loose for fact, _ in state_dir)
    for name, part, called in OWN:
        yield from _fact(paths.state_dir / name, part, called, shielded=shielded)
    for path, part, called in _named(paths, config):
        inside = shielded and path.parent == paths.state_dir
        yield from _fact(path, part, called, follow=True, shielded=inside)


def _named(paths: Paths, config: Config | None) -> Iterator[tuple[Path, str, str]]:
    """The configuration, and what it names: where these are, and whether they are links, is the owner's business."""
    yield paths.config_path, "config", "the configuration"
    yield paths.config_path.with_name(f"{paths.config_path.name}.bak"), "config", "the configuration's backup"
    for account in config.accounts.values() if config else ():
        if account.token_file is not None:
            yield account.token_file, "token", f"the token of {account.account}"
    if config and config.notify.file is not None:
        yield config.notify.file, "notify", "the file of owner.notifyFile"
    if config and config.gateway.tls.key is not None:
        yield config.gateway.tls.key, "tls_key", "the gateway's private key"


def _fact(
    path: Path, part: str, called: str, *, follow: bool = False, shielded: bool = False
) -> Iterator[tuple[FileFact, int]]:
    """What is there; nothing for nothing, or for what cannot even be looked at."""
    try:
        found = os.stat(path, follow_symlinks=follow)
    except OSError:
        return
    yield FileFact(path, part, called, found.st_mode, is_shielded=shielded), found.st_uid
