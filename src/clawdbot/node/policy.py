"""Which programs a gateway may run on this machine: its owner's word, and nobody else's (threats.md G14).

Nothing by default. A request is judged by the program that it leads to and by its arguments and variables; whatever
it says about itself (``approved``, an agent's name) counts for nothing.

Programs are compared by their real paths, links resolved, both here and where they are run: a link that is put in a
program's place later leads to another program, which is not on the list.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """What happens to a request."""

    DENY = "deny"
    """Nothing is run, listed or not."""
    ALLOWLIST = "allowlist"
    """What is listed is run."""
    ASK = "ask"
    """What is listed is run; for the rest whoever sits at the node host's terminal is asked, and without one nobody."""


ANY_MORE: Final = "**"
"""As the last pattern of a rule: any further arguments, or none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A program that may be run.

    Attributes:
        program: its real path.
        args: one pattern for each argument, in which ``*`` stands for any text; ``None`` is any arguments.
    """

    program: str
    args: tuple[str, ...] | None = None

    def covers(self, program: str, args: Sequence[str]) -> bool:
        """May this program be run with these arguments?"""
        return program == self.program and (self.args is None or _fit(self.args, args))


@dataclass(frozen=True, slots=True)
class Policy:
    """The owner's word.

    Attributes:
        env: variables that a request may set besides the harmless ones.
    """

    mode: Mode = Mode.DENY
    rules: tuple[Rule, ...] = ()
    env: frozenset[str] = frozenset()


class Why(StrEnum):
    """Why a program is not run, as the events of the protocol name it."""

    DENIED = "security=deny"
    NOT_LISTED = "allowlist-miss"
    NOBODY_TO_ASK = "approval-required"
    USER_SAID_NO = "user-denied"
    VARIABLE = "env-not-allowed"
    NO_POLICY = "policy-unreadable"


@dataclass(frozen=True, slots=True)
class MayRun:
    """Run it."""


@dataclass(frozen=True, slots=True)
class MustAsk:
    """Run it if the person at the terminal says yes."""


@dataclass(frozen=True, slots=True)
class MayNotRun:
    """Do not run it. ``what`` names the variable that is the reason, if one is."""

    why: Why
    what: str = ""


Verdict = MayRun | MustAsk | MayNotRun


def decide(policy: Policy, program: str | None, args: Sequence[str], env: Iterable[str]) -> Verdict:
    """May this be run?

    Args:
        program: its real path; ``None`` if there is no such program.
        args: what it is given, without its own name.
        env: the names of the variables that the request sets.
    """
    if policy.mode is Mode.DENY:
        return MayNotRun(Why.DENIED)
    for name in sorted(env):
        if not may_set(policy, name):
            return MayNotRun(Why.VARIABLE, name)
    if program is not None and any(rule.covers(program, args) for rule in policy.rules):
        return MayRun()
    return MustAsk() if policy.mode is Mode.ASK and program is not None else MayNotRun(Why.NOT_LISTED)


# --- variables -------------------------------------------------------------------------------------------------------

_HARMLESS = re.compile(r"LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|NO_COLOR|CI")
"""How a program looks and counts, not what it does."""

_DANGEROUS = re.compile(
    r"(LD|DYLD|PYTHON|PERL5|BASH|GIT|MALLOC|CLAWDBOT|MOLTBOT)_?.*"
    r"|PERLLIB|RUBYOPT|RUBYLIB|NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS"
    r"|GCONV_PATH|GLIBC_TUNABLES|SSH_ASKPASS|SUDO_ASKPASS|LESSOPEN|LESSCLOSE|EDITOR|VISUAL|PAGER|BROWSER"
    r"|PATH|HOME|ENV|IFS|CDPATH|SHELLOPTS|PROMPT_COMMAND|PS[0-9]",
    re.IGNORECASE,
)
"""What makes some program load or run code of whoever sets it. Not even the owner's list allows these: a program that
needs one is started by a script that sets it."""


def may_set(policy: Policy, name: str) -> bool:
    """May a request set this variable?"""
    return not is_dangerous(name) and (name in policy.env or _HARMLESS.fullmatch(name) is not None)


def is_dangerous(name: str) -> bool:
    """Could whoever sets this variable make a program do something else than it is for?"""
    return _DANGEROUS.fullmatch(name) is not None


# --- the world that a program sees -----------------------------------------------------------------------------------

_KEPT = re.compile(r"HOME|USER|LOGNAME|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR")
"""What a program gets of the node host's own environment. Tokens are never among it (threats.md S7)."""


def environment(own: Mapping[str, str], asked: Mapping[str, str], search_path: str) -> dict[str, str]:
    """What a program gets: little of our own environment, where programs are, and what the request may set."""
    kept = {name: value for name, value in own.items() if _KEPT.fullmatch(name)}
    return {**kept, **asked, "PATH": search_path}


# --- patterns --------------------------------------------------------------------------------------------------------


def _fit(patterns: Sequence[str], args: Sequence[str]) -> bool:
    if patterns and patterns[-1] == ANY_MORE:
        patterns = patterns[:-1]
        args = args[: len(patterns)]
    return len(patterns) == len(args) and all(map(_matches, patterns, args))


def _matches(pattern: str, text: str) -> bool:
    """Does ``*``, and nothing else, stand for what the text has more? In linear time: the text comes from outside."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
