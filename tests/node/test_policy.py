"""Whether a program may be run: one table, and every way around it that we know of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawdbot.node import policy as policies
from clawdbot.node.policy import MayNotRun, MayRun, Mode, MustAsk, Policy, Rule, Verdict, Why, decide, environment

UNAME = "/usr/bin/uname"
RULES = (Rule(UNAME), Rule("/usr/bin/systemctl", ("status", "*")), Rule("/usr/bin/id", ()))
DENY = Policy(Mode.DENY, RULES)
LIST = Policy(Mode.ALLOWLIST, RULES, frozenset({"STAGE"}))
ASK = Policy(Mode.ASK, RULES)

NOT_LISTED = MayNotRun(Why.NOT_LISTED)


def test_G14_nothing_is_allowed_by_default() -> None:
    """A policy that nobody made denies."""
    assert decide(Policy(), UNAME, [], []) == MayNotRun(Why.DENIED)


@pytest.mark.parametrize(
    ("policy", "program", "args", "env", "verdict"),
    [
        (DENY, UNAME, [], [], MayNotRun(Why.DENIED)),
        (DENY, None, [], [], MayNotRun(Why.DENIED)),
        (LIST, UNAME, [], [], MayRun()),
        (LIST, UNAME, ["-a", "anything; rm -rf /"], [], MayRun()),
        (LIST, "/usr/bin/echo", [], [], NOT_LISTED),
        (LIST, None, [], [], NOT_LISTED),
        (LIST, "uname", [], [], NOT_LISTED),
        (LIST, "/usr/bin/UNAME", [], [], NOT_LISTED),
        (LIST, "/usr/bin/uname ", [], [], NOT_LISTED),
        (LIST, "/usr/bin/../bin/uname", [], [], NOT_LISTED),
        (LIST, "/usr/bin/systemctl", ["status", "ssh"], [], MayRun()),
        (LIST, "/usr/bin/systemctl", ["status"], [], NOT_LISTED),
        (LIST, "/usr/bin/systemctl", ["stop", "ssh"], [], NOT_LISTED),
        (LIST, "/usr/bin/systemctl", ["status", "ssh", "--now"], [], NOT_LISTED),
        (LIST, "/usr/bin/id", [], [], MayRun()),
        (LIST, "/usr/bin/id", ["-u"], [], NOT_LISTED),
        (LIST, UNAME, [], ["LANG", "TZ", "LC_ALL", "STAGE"], MayRun()),
        (LIST, UNAME, [], ["LANG", "FOO"], MayNotRun(Why.VARIABLE, "FOO")),
        (ASK, UNAME, [], [], MayRun()),
        (ASK, "/usr/bin/echo", [], [], MustAsk()),
        (ASK, None, [], [], NOT_LISTED),
        (ASK, "/usr/bin/echo", [], ["LD_PRELOAD"], MayNotRun(Why.VARIABLE, "LD_PRELOAD")),
    ],
)
def test_the_verdict(policy: Policy, program: str | None, args: list[str], env: list[str], verdict: Verdict) -> None:
    """The mode, then the variables, then the list."""
    assert decide(policy, program, args, env) == verdict


@pytest.mark.parametrize(
    ("patterns", "args", "fits"),
    [
        ((), [], True),
        ((), ["x"], False),
        (("**",), [], True),
        (("**",), ["x", "y"], True),
        (("a", "**"), [], False),
        (("a", "**"), ["a"], True),
        (("a", "**"), ["a", "b", "c"], True),
        (("a", "**"), ["b"], False),
        (("*",), [""], True),
        (("*",), ["a\nb"], True),
        (("*",), [], False),
        (("-n*",), ["-n5"], True),
        (("-n*",), ["x-n5"], False),
        (("*.log",), ["a.log"], True),
        (("*.log",), ["a.log.gz"], False),
        (("a*b*c",), ["abc"], True),
        (("a*b*c",), ["a-b-b-c"], True),
        (("a*b*c",), ["acb"], False),
        (("ab*ba",), ["aba"], False),
        (("a*",), ["A1"], False),
        (("[a-z]",), ["b"], False),
        (("?",), ["b"], False),
        ((".",), ["b"], False),
        (("**", "x"), ["y", "x"], True),
        (("**", "x"), ["y", "z", "x"], False),
    ],
)
def test_patterns_of_arguments(patterns: tuple[str, ...], args: list[str], fits: bool) -> None:
    """One pattern for each argument; nothing but ``*``, and a last ``**``, is special."""
    assert Rule("/p", patterns).covers("/p", args) is fits


@given(st.lists(st.text("ab*", max_size=4), max_size=4), st.text("ab", max_size=8))
def test_a_pattern_is_what_it_stands_for(parts: list[str], text: str) -> None:
    """A text is matched exactly if it can be cut so that the parts between the stars are in it, in order."""
    pattern = "*".join(parts)

    def slowly(left: str, of: str) -> bool:
        if not left:
            return not of
        if left[0] == "*":
            return any(slowly(left[1:], of[n:]) for n in range(len(of) + 1))
        return of[:1] == left[0] and slowly(left[1:], of[1:])

    if pattern != "**":
        assert Rule("/p", (pattern,)).covers("/p", [text]) is slowly(pattern, text)


@pytest.mark.timeout(10)
def test_patterns_take_linear_time() -> None:
    """The text comes from outside: no pattern makes it expensive."""
    assert not Rule("/p", ("*a" * 30 + "b",)).covers("/p", ["a" * 500_000])


@pytest.mark.parametrize(
    "name",
    [
        "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PATH", "PYTHONPATH", "PYTHONSTARTUP",
        "PYTHONHOME", "NODE_OPTIONS", "NODE_PATH", "PERL5OPT", "PERL5LIB", "PERLLIB", "RUBYOPT", "RUBYLIB", "BASH_ENV",
        "BASH_FUNC_ls%%", "ENV", "IFS", "SHELLOPTS", "PS4", "PROMPT_COMMAND", "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF",
        "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "GCONV_PATH", "GLIBC_TUNABLES", "LESSOPEN", "PAGER", "EDITOR", "HOME",
        "CLAWDBOT_STATE_DIR", "CLAWDBOT_GATEWAY_TOKEN", "ld_preload", "Path", "A B", "x",
    ],
)  # fmt: skip
def test_G14_variables_that_change_what_a_program_does(name: str) -> None:
    """A request sets none of them; most of them not even if the owner listed them."""
    assert not policies.may_set(LIST, name)
    if policies.is_dangerous(name):
        assert not policies.may_set(Policy(Mode.ALLOWLIST, RULES, frozenset({name})), name)


def test_a_program_sees_little_of_our_environment() -> None:
    """No token reaches it, and where programs are is not the request's to say (threats.md S7)."""
    own = {
        "HOME": "/home/owner", "USER": "owner", "LANG": "C.UTF-8", "LC_ALL": "C", "TZ": "UTC", "PATH": "/evil",
        "CLAWDBOT_GATEWAY_TOKEN": "sekrit", "AWS_SECRET_ACCESS_KEY": "sekrit", "LD_PRELOAD": "/evil.so",
        "SSH_AUTH_SOCK": "/agent", "DISPLAY": ":0",
    }  # fmt: skip
    assert environment(own, {"TZ": "CET", "STAGE": "1"}, "/usr/bin:/bin") == {
        "HOME": "/home/owner", "USER": "owner", "LANG": "C.UTF-8", "LC_ALL": "C", "TZ": "CET", "STAGE": "1",
        "PATH": "/usr/bin:/bin",
    }  # fmt: skip
