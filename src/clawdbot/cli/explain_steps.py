"""What the owner types, or writes into the configuration, to take a step that an explanation names."""

import shlex
from pathlib import Path

from clawdbot.config.spots import Spot, Spots
from clawdbot.domain.explain import Case, Step
from clawdbot.domain.names import DEFAULT_ACCOUNT, ChannelAccount
from clawdbot.domain.texts import visible


def step_text(step: Step, account: ChannelAccount, case: Case, spots: Spots, config: Path) -> str:
    """The command, or what to edit where."""
    return _command(step, account, case) or f"in {config}: {_edit(step, account, case, spots)}"


def step_json(step: Step, account: ChannelAccount, case: Case, spots: Spots, config: Path) -> dict[str, object]:
    """The same for programs."""
    command = _command(step, account, case)
    if command:
        return {"step": step.name.lower(), "command": command}
    return {"step": step.name.lower(), "file": str(config), "edit": _edit(step, account, case, spots)}


def _command(step: Step, account: ChannelAccount, case: Case) -> str:
    """What to type; empty where the configuration has to be edited."""
    request = case.request
    code = request.code.reveal() if request else "<code>"
    match step:
        case Step.APPROVE | Step.REJECT:
            what = code
        case Step.REVOKE | Step.BLOCK | Step.UNBLOCK:
            what = shlex.quote(case.sender)
        case Step.MAKE_ROOM:
            return f"clawdbot pairing list {account.channel}{_on(account)}, and decide about one of them"
        case _:
            return ""
    return f"clawdbot pairing {step.value} {account.channel} {what}{_on(account)}"


def _on(account: ChannelAccount) -> str:
    return "" if account.account == DEFAULT_ACCOUNT else f" --account {account.account}"


def _edit(step: Step, account: ChannelAccount, case: Case, spots: Spots) -> str:
    base = spots.account.key if spots.account else f"channels.{account.channel}"
    match step:
        case Step.LIST:
            return f'add "{visible(case.sender)}" to {_named(spots.allow_from, f"{base}.allowFrom")}'
        case Step.UNLIST:
            entries = [_named(spots.listed.get(one), visible(one)) for one in sorted(case.listed)]
            return f"take out {' and '.join(entries)}"
        case Step.UNLIST_EVERYONE:
            return f'take out the "*", {_named(spots.everyone, f"{base}.allowFrom")}'
        case _:
            key = spots.policy.key if spots.policy else f"{base}.dmPolicy"
            if key.endswith(".enabled"):
                return f'take out {_named(spots.policy, key)}, and say dm.policy: "pairing"'
            return f'say "pairing" in {_named(spots.policy, key)}'


def _named(spot: Spot | None, otherwise: str) -> str:
    return otherwise if spot is None else f"{spot.key} (line {spot.line})"
