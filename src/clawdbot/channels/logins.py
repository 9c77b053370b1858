"""When the owner logged in to an account, as a file's time: a running gateway sees it and begins anew.

What the configuration says is the same after ``channels login``, or after scopes were added to an app that keeps its
token.
"""

from pathlib import Path

from clawdbot.channels import small_file
from clawdbot.domain.names import ChannelAccount
from clawdbot.errors import StoreUnavailable


def note_login(state_dir: Path, account: ChannelAccount) -> None:
    """The owner has logged in, or has set the account up, just now. Raises StoreUnavailable."""
    path = _path(state_dir, account)
    try:
        small_file.write(path, b"{}\n")
    except OSError as error:
        raise StoreUnavailable(f"cannot write {path}: {error.strerror}", hint="restart the gateway") from None


def last_login(state_dir: Path, account: ChannelAccount) -> int:
    """Changes with each :func:`note_login`."""
    try:
        return _path(state_dir, account).lstat().st_mtime_ns
    except OSError:
        return 0


def _path(state_dir: Path, account: ChannelAccount) -> Path:
    return state_dir / account.channel / f"login-{account.account}.json"
