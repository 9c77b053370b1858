"""Where a channel account's token comes from (``docs/config.md#tokens``).

A token that cannot be had is a problem of its account and no more: nothing here raises.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clawdbot.config import files
from clawdbot.config.reading import Section, dotted
from clawdbot.domain.names import Channel
from clawdbot.domain.placeholders import is_placeholder
from clawdbot.domain.secret import Secret
from clawdbot.paths import expand, home_of

MAX_FILE_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class Login:
    """How one secret of a channel is spelled: its key, the key of a file that holds it, and its variable."""

    key: str
    variable: str
    file_key: str = ""
    form: str = r"[!-~]+"
    like: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.file_key, self.key) if self.file_key else (self.key,)


LOGINS = {
    Channel.TELEGRAM: Login(
        "botToken",
        "TELEGRAM_BOT_TOKEN",
        file_key="tokenFile",
        form=r"[0-9]{1,20}:[A-Za-z0-9_-]+",
        like=", which looks like 123456:ABC-DEF",
    ),
    Channel.DISCORD: Login("token", "DISCORD_BOT_TOKEN"),
    Channel.SLACK: Login("botToken", "SLACK_BOT_TOKEN", form=r"xox[!-~]+", like=", which looks like xoxb-…"),
}
"""The channels that are logged in to with a token."""

SLACK_APP = Login("appToken", "SLACK_APP_TOKEN", form=r"xapp-[!-~]+", like=", which looks like xapp-…")
"""Slack's second one."""


@dataclass(frozen=True, slots=True)
class Token:
    """What was found: the secret, or why there is none."""

    secret: Secret | None = None
    source: str = ""
    problem: str = ""
    file: Path | None = None


def find(login: Login, sections: Iterable[Section], environ: Mapping[str, str]) -> Token:
    """Find a token: in each section the file before the key, and the environment last.

    Blank ones count as not set. The first that is set decides, even if it cannot be used: a token from further down
    could be another bot's.
    """
    blank, is_told = "", False
    for section in sections:
        path = (section.string(login.file_key) or "").strip() if login.file_key else ""
        if path:
            return _from_file(section, login, path)
        secret = section.secret(login.key)
        if secret is not None and secret.reveal().strip():
            return _judged(login, secret.reveal(), dotted((*section.path, login.key)))
        if secret is not None:
            blank = dotted((*section.path, login.key))
            is_told = section.notes.is_wrong((*section.path, login.key))  # a variable in it is not set
    text = environ.get(login.variable, "")
    if text.strip():
        return _judged(login, text, f"${login.variable}")
    if is_told:
        return Token(source=blank)
    return Token(source=blank, problem=f"{blank} is empty" if blank else "there is no bot token")


def _from_file(section: Section, login: Login, written: str) -> Token:
    source = dotted((*section.path, login.file_key))
    if re.fullmatch(login.form, written):
        return Token(source=source, problem=f"{source} holds a token itself, not the path of a file with one in it")
    path = section.notes.file.parent / expand(written, home_of(section.notes.environ))
    if "\0" in written:
        return Token(source=source, problem=f"{source} holds a NUL character")
    try:
        text = files.read(path, MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        return Token(source=source, problem=f"{source}: {path} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Token(source=source, problem=f"{source}: {path} holds something other than text")
    except ValueError as error:
        return Token(source=source, problem=f"{source}: {path} {error}")
    return replace(_judged(login, text, source), file=path)


def _judged(login: Login, text: str, source: str) -> Token:
    token = text.strip()
    if not token:
        return Token(source=source, problem=f"{source} is empty")
    if is_placeholder(token):
        return Token(source=source, problem=f"{source} is a placeholder, not a token")
    if not re.fullmatch(login.form, token):
        return Token(source=source, problem=f"{source} is not a token{login.like}")
    return Token(Secret(token), source)
