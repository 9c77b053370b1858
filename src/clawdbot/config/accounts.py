"""The ``channels`` section: who may write to which bot login, and what it logs in with.

What stands beside ``accounts`` is the default account's, and what the others inherit, tokens excepted; the default
account may also have an entry of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clawdbot.channels.settings import ImessageSettings, SignalSettings, WhatsappSettings
from clawdbot.config import dm, known, platforms, replies, tokens
from clawdbot.config.model import AccountConfig
from clawdbot.config.reading import NOWHERE, Section
from clawdbot.config.tokens import Token
from clawdbot.domain.names import DEFAULT_ACCOUNT, AccountId, Channel, ChannelAccount, account_id
from clawdbot.domain.texts import add_command

MAX_CAP = 100

_SERVED = frozenset(
    {"accounts", "enabled", "name", "maxPending", "notifyOnApprove", "holdFirstMessage", replies.KEY, *dm.FLAT_KEYS}
)


def read_channels(root: Section, variables: Mapping[str, str], cap: int) -> dict[ChannelAccount, AccountConfig]:
    """Read all accounts of all channels.

    Args:
        root: the whole file.
        variables: where tokens of default accounts may come from; one that is set is enough to configure its channel.
        cap: how many may wait for approval at once where a channel does not say.
    """
    accounts: dict[ChannelAccount, AccountConfig] = {}
    channels = root.section("channels")
    if channels is not None:
        channels.only(list(Channel), known.OTHER_CHANNELS)
    for channel in Channel:
        section = channels.section(channel) if channels is not None else None
        login = tokens.LOGINS.get(channel)
        if section is None and login is not None and variables.get(login.variable):
            section = Section(root.notes, NOWHERE, ("channels", channel))
        if section is not None:
            found = _Channel(channel, section, variables, cap).accounts()
            accounts |= {account.account: account for account in found}
    return accounts


class _Channel:
    """One channel's section."""

    def __init__(self, channel: Channel, section: Section, variables: Mapping[str, str], cap: int) -> None:
        self.channel = channel
        self.section = section
        self.variables = variables
        self.cap = cap
        self.login = tokens.LOGINS.get(channel)
        self.said = dm.read(channel, section)

    def accounts(self) -> list[AccountConfig]:
        self._check_keys(self.section)
        entries = self._entries()
        for entry in entries.values():
            self._check_keys(entry)
        if DEFAULT_ACCOUNT not in entries and (not entries or self._has_token()):
            entries = {DEFAULT_ACCOUNT: self.section, **entries}
        found = [self._account(name, entry) for name, entry in entries.items()]
        self._warn_of_twins(found)
        return found

    def _entries(self) -> dict[AccountId, Section]:
        """What ``accounts`` holds, by the names that they go by everywhere else."""
        accounts = self.section.section("accounts")
        entries: dict[AccountId, Section] = {}
        if accounts is None:
            return entries
        spelled: dict[AccountId, str] = {}
        for member in accounts:
            entry = accounts.section(member.key)
            name = _account_id(member.key)
            if name is None:
                accounts.error(member.key, "an account's name needs a letter or a digit")
                continue
            if name in spelled:
                accounts.error(
                    member.key, f'is the account "{name}" again, as "{spelled[name]}" is', "rename one of them"
                )
            elif entry is not None:
                entries[name] = entry
            spelled.setdefault(name, member.key)
        return entries

    def _has_token(self) -> bool:
        """A token beside ``accounts`` makes a default account; one in the environment does not, as in the reference."""
        return self.login is not None and any(key in self.section for key in self.login.keys)

    def _account(self, name: AccountId, own: Section) -> AccountConfig:
        where = ChannelAccount(self.channel, name)
        layers = (own,) if own is self.section else (own, self.section)
        is_default = name == DEFAULT_ACCOUNT
        logins, variables = (layers, self.variables) if is_default else ((own,), {})
        token = tokens.find(self.login, logins, variables) if self.login else Token()
        app_token = _app_token(self.channel, logins, variables)
        enabled = False not in [layer.flag("enabled") for layer in layers]
        if enabled:
            _warn_of(token, own, where)
            _warn_of(app_token, own, where)
        platform = platforms.read(self.channel, layers, logins)
        said = self.said if own is self.section else dm.inherited(dm.read(self.channel, own), self.said)
        rules = dm.rules(said)
        if isinstance(platform, WhatsappSettings):
            rules = replace(rules, self_chat=platform.self_chat)
        return AccountConfig(
            account=where,
            enabled=enabled,
            name=own.string("name") or "",
            rules=rules,
            refused_entries=said.allowlist.refused if said.allowlist else (),
            cap=_first_whole(layers, "maxPending", 1, MAX_CAP) or self.cap,
            reply=replies.read(layers),
            notify_on_approve=_first_flag(layers, "notifyOnApprove"),
            hold_first_message=_first_flag(layers, "holdFirstMessage"),
            token=token.secret,
            token_source=token.source,
            token_problem=token.problem or app_token.problem,
            token_file=token.file,
            app_token=app_token.secret,
            platform=platform,
        )

    def _check_keys(self, section: Section) -> None:
        served = _SERVED | dm.keys(self.channel) | platforms.keys(self.channel)
        if self.login:
            served |= {*self.login.keys}
        if self.channel is Channel.SLACK:
            served |= {tokens.SLACK_APP.key}
        if section is not self.section:
            served -= {"accounts"}
        section.only(served, known.CHANNEL_KEYS[self.channel], {"dm": 'say "dmPolicy" and "allowFrom"'})

    def _warn_of_twins(self, accounts: list[AccountConfig]) -> None:
        seen: dict[object, AccountConfig] = {}
        for account in accounts:
            login = _login(account) if account.enabled else None
            first = seen.setdefault(login.key, account) if login else account
            if login and first is not account:
                both = f'"{first.account.account}" and "{account.account.account}"'
                message = f"the accounts {both} have the same {login.name}"
                self.section.notes.warn(self.section.node.start, self.section.path, message, login.hint)


@dataclass(frozen=True, slots=True)
class _Login:
    """What messages arrive by. Two accounts with one would both answer, or get some of the messages each (D1)."""

    key: object
    name: str
    hint: str


_TWICE = "or both answer each message"


def _login(account: AccountConfig) -> _Login | None:
    match account.platform:
        case SignalSettings() as signal:
            return _Login(signal.account or signal.http_url, "number", f"give each account one of its own, {_TWICE}")
        case ImessageSettings() as imessage:
            messages = imessage.cli_path, imessage.db_path
            return _Login(messages, "messages", f"give each account a cliPath or dbPath of its own, {_TWICE}")
        case WhatsappSettings(auth_dir=folder):
            hint = "give each account one of its own; two cannot receive with the same session"
            return None if folder is None else _Login(folder, "authDir", hint)
        case _:
            hint = "give each bot one account; two cannot receive with the same token"
            return None if account.token is None else _Login(account.token, "token", hint)


def _first_flag(layers: tuple[Section, ...], key: str) -> bool:
    """The account's own word, or else the channel's."""
    flags = [layer.flag(key) for layer in layers]
    return next((flag for flag in flags if flag is not None), False)


def _account_id(text: str) -> AccountId | None:
    """An account's name as it goes everywhere else; none, if nothing is left of it."""
    try:
        return account_id(text) if text.strip() else None
    except ValueError:
        return None


def _warn_of(token: Token, own: Section, account: ChannelAccount) -> None:
    if token.problem:
        hint = f'run "{add_command(account)}"'
        own.notes.warn(own.node.start, () if token.source else own.path, token.problem, hint)


def _app_token(channel: Channel, sections: tuple[Section, ...], variables: Mapping[str, str]) -> Token:
    if channel is not Channel.SLACK:
        return Token()
    token = tokens.find(tokens.SLACK_APP, sections, variables)
    return token if token.source else Token(problem="there is no app token")


def _first_whole(layers: tuple[Section, ...], key: str, low: int, high: int) -> int | None:
    return next(iter([layer.whole(key, low, high) for layer in layers if key in layer]), None)
