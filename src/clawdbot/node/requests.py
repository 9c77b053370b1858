"""What a gateway asks this node to do, read from the event ``node.invoke.request`` (``docs/protocol.md#nodes``).

Gateways may say more than is read here. What they say about approvals (``approved``, ``approvalDecision``) is not read
at all: only this machine's own policy decides (:mod:`clawdbot.node.policy`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from clawdbot.wire.plain import MAX_FRAME, Plain, decode

T = TypeVar("T", bound=Struct)

MAX_BINS: Final = 64
MAX_ARGUMENTS: Final = 1024
MAX_VARIABLES: Final = 64
LONGEST_NOTICE: Final = 1000
LONGEST_TITLE: Final = 120

DEFAULT_TIMEOUT_MS: Final = 30_000
MAX_TIMEOUT_MS: Final = 10 * 60_000
MIN_TIMEOUT_MS: Final = 1

RUN: Final = "system.run"
WHICH: Final = "system.which"
NOTIFY: Final = "system.notify"
GET_APPROVALS: Final = "system.execApprovals.get"
SET_APPROVALS: Final = "system.execApprovals.set"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One thing that is asked, under the id that its result goes back with. ``params`` are not read yet."""

    id: str
    node: str
    command: str
    params: str | None
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Which:
    """Where are these programs?"""

    bins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Run a program with these arguments: a list, never a line for a shell.

    Attributes:
        session: names the conversation at the gateway for which it runs.
        run: names the run; empty if the gateway does not say.
    """

    argv: tuple[str, ...]
    cwd: str | None
    env: Mapping[str, str]
    timeout_ms: int
    session: str
    run: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Show a notice to whoever sits at this machine."""

    title: str
    body: str


@dataclass(frozen=True, slots=True)
class GetApprovals:
    """What does this machine's policy say?"""


@dataclass(frozen=True, slots=True)
class SetApprovals:
    """Change this machine's policy. That is its owner's business, and is refused."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No command of ours."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """The params are not those of the command; the message is for the caller."""

    message: str


Command = Which | Run | Notify | GetApprovals | SetApprovals
Asked = Command | Unknown | Invalid


class _Invocation(Struct, rename="camel"):
    id: str
    node_id: str
    command: str
    params_json: str | None = msgspec.field(default=None, name="paramsJSON")
    timeout_ms: int | None = None


class _Which(Struct):
    bins: list[str]


class _Run(Struct, rename="camel"):
    command: list[str]
    cwd: str | None = None
    env: dict[str, str] | None = None
    timeout_ms: int | None = None
    session_key: str | None = None
    run_id: str | None = None
    needs_screen_recording: bool | None = None


class _Notify(Struct):
    title: str | None = None
    body: str | None = None


def read_invocation(payload: object) -> Invocation | None:
    """Read the event's payload. ``None`` if it is none: then there is no id to answer to."""
    try:
        found = msgspec.convert(payload, _Invocation)
    except msgspec.ValidationError:
        return None
    return Invocation(found.id, found.node_id, found.command, found.params_json, _timeout(found.timeout_ms))


def read(invocation: Invocation) -> Asked:
    """Read what is asked. Never raises, whatever comes."""
    reader = _READERS.get(invocation.command)
    return Unknown() if reader is None else reader(invocation)


def _run(invocation: Invocation) -> Run | Invalid:
    said = _params(invocation, _Run)
    if isinstance(said, Invalid):
        return said
    env = said.env or {}
    if not said.command or not said.command[0].strip():
        return Invalid("command required")
    if len(said.command) > MAX_ARGUMENTS or len(env) > MAX_VARIABLES:
        return Invalid("too many arguments or variables")
    if not all(map(_is_argument, (*said.command, *env, *env.values(), said.cwd or ""))) or _has_odd_name(env):
        return Invalid("an argument or a variable cannot be given to a program")
    if said.needs_screen_recording:
        return Invalid("PERMISSION_MISSING: screenRecording")
    return Run(
        argv=tuple(said.command),
        cwd=said.cwd or None,
        env=env,
        timeout_ms=invocation.timeout_ms if said.timeout_ms is None else _timeout(said.timeout_ms),
        session=said.session_key or "node",
        run=said.run_id or "",
    )


def _which(invocation: Invocation) -> Which | Invalid:
    said = _params(invocation, _Which)
    if isinstance(said, Invalid):
        return said
    if len(said.bins) > MAX_BINS:
        return Invalid("too many bins")
    return Which(tuple(dict.fromkeys(name.strip() for name in said.bins)))


def _notify(invocation: Invocation) -> Notify | Invalid:
    said = _params(invocation, _Notify)
    if isinstance(said, Invalid):
        return said
    title, body = (said.title or "").strip(), (said.body or "").strip()
    if not title and not body:
        return Invalid("title or body required")
    return Notify(title[:LONGEST_TITLE], body[:LONGEST_NOTICE])


_READERS: Final[Mapping[str, Callable[[Invocation], Asked]]] = {
    RUN: _run,
    WHICH: _which,
    NOTIFY: _notify,
    GET_APPROVALS: lambda _: GetApprovals(),
    SET_APPROVALS: lambda _: SetApprovals(),
}


def _params(invocation: Invocation, kind: type[T]) -> T | Invalid:
    if invocation.params is None:
        return Invalid("paramsJSON required")
    plain = decode(invocation.params, MAX_FRAME)
    if not isinstance(plain, Plain):
        return Invalid("paramsJSON cannot be read")
    try:
        return msgspec.convert(plain.value, kind)
    except msgspec.ValidationError as error:
        # The message tells where and of what type, and repeats no value.
        return Invalid(f"invalid {invocation.command} params: {error}")


def _timeout(asked: int | None) -> int:
    return DEFAULT_TIMEOUT_MS if asked is None else min(max(asked, MIN_TIMEOUT_MS), MAX_TIMEOUT_MS)


def _is_argument(text: str) -> bool:
    """Can the system pass it on as it is?"""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _has_odd_name(env: Mapping[str, str]) -> bool:
    return any(not name or "=" in name for name in env)
