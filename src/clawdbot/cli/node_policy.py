"""``clawdbot node policy|allow|disallow``: what a gateway may run on this machine. Only these commands change it."""

import re
import shlex
from typing import TYPE_CHECKING

import click

from clawdbot.cli import context
from clawdbot.cli.output import as_json, hint, say, table, warn
from clawdbot.domain.texts import visible
from clawdbot.errors import Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

MODES = ("deny", "allowlist", "ask")

NOTHING_YET = 'nothing is run here until you allow it: "clawdbot node allow PROGRAM"'
NOT_RUN = 'what is listed is not run now: "clawdbot node policy allowlist"'

_RUNS_ANYTHING = re.compile(
    r"(ba|da|z|k|c|tc|fi|a)?sh|busybox|toybox|env|xargs|find|sudo|doas|su|ssh|nohup|nice|timeout|setsid|make|git"
    r"|(python|perl|ruby|node|php|lua|awk|gawk|mawk|vi|vim|ed|sed|tar|rsync|docker|systemd-run)[0-9.]*"
)
"""Programs that run what they are told to. Listed without a pattern for their arguments they are everything."""


@click.command("policy")
@click.argument("mode", type=click.Choice(MODES), required=False)
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def policy_command(mode: str | None, json_: bool) -> None:
    """Show what a gateway may run on this machine, or set the mode.

    \b
    deny       nothing (the default)
    allowlist  what is listed
    ask        what is listed; the rest if you say yes at the terminal that the node host runs in
    """
    from clawdbot.node.policy import Mode
    from clawdbot.node.policy_file import PolicyFile
    from clawdbot.node.programs import mislisted

    file = PolicyFile(context.paths().state_dir)
    if mode is not None:
        file.set_mode(Mode(mode))
    policy = file.read().policy
    if json_:
        rules = [{"program": rule.program, "args": rule.args} for rule in policy.rules]
        as_json({"mode": policy.mode, "allow": rules, "env": sorted(policy.env)})
        return
    say(f"exec policy: {policy.mode}")
    if policy.rules:
        table(["Program", "Arguments"], [[rule.program, _args(rule.args)] for rule in policy.rules])
    if policy.env:
        say(f"variables that a request may set: {', '.join(map(visible, sorted(policy.env)))}")
    for line in mislisted(policy):
        warn(line)
    if policy.mode is Mode.DENY:
        hint(NOT_RUN if policy.rules else NOTHING_YET)


@click.command("allow", context_settings={"ignore_unknown_options": True})
@click.argument("program")
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option("--no-args", is_flag=True, help="Only without arguments.")
def allow_command(program: str, args: tuple[str, ...], no_args: bool) -> None:
    """List PROGRAM: a gateway may run it, with any arguments, or with ARGS.

    Each of ARGS is a pattern for one argument, in which * stands for any text; ** as the last one stands for any
    further arguments. Quote them: clawdbot node allow systemctl status '*'
    """
    from clawdbot.node import programs
    from clawdbot.node.policy import Mode, Rule
    from clawdbot.node.policy_file import PolicyFile

    if no_args and args:
        raise UsageError("--no-args and arguments do not go together")
    real = programs.resolve(program)
    if real is None:
        raise Refused(
            f"there is no program {visible(program, 200)}",
            hint=f"give its full path; without one it is looked for in {programs.SEARCH_PATH}",
        )
    file = PolicyFile(context.paths().state_dir)
    rule = Rule(real, args if args or no_args else None)
    file.allow(rule)
    say(f"Allowed {real} {_with(rule.args)}.")
    if rule.args is None and _RUNS_ANYTHING.fullmatch(real.rpartition("/")[2]):
        warn(f"{real} runs whatever it is told to: with any arguments it is everything")
    if file.read().policy.mode is Mode.DENY:
        hint(NOT_RUN)


@click.command("disallow")
@click.argument("program")
def disallow_command(program: str) -> None:
    """Take PROGRAM off the list, with whatever arguments it is there."""
    from clawdbot.node import programs
    from clawdbot.node.policy_file import PolicyFile

    file = PolicyFile(context.paths().state_dir)
    for path in (program, programs.resolve(program)):
        if path is not None and file.disallow(path):
            say(f"Disallowed {visible(path, 200)}.")
            return
    raise Refused(f"{visible(program, 200)} is not listed", hint='run "clawdbot node policy" to see the list')


def _args(args: "Sequence[str] | None") -> str:
    """A rule's arguments, for a table."""
    if args is None:
        return "any"
    return shlex.join(args) if args else "none"


def _with(args: "Sequence[str] | None") -> str:
    """A rule's arguments, for a sentence."""
    if args is None:
        return "with any arguments"
    return f"with {shlex.join(args)}" if args else "without arguments"
