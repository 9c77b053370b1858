"""``exec-policy.json`` in the state directory: the owner's word on what a gateway may run here (``docs/node.md``).

It is read anew for every request, so that a change counts at once, and written by the owner's own commands alone.
What cannot be read allows nothing and is never written over (threats.md S4).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from clawdbot.client.private_files import PrivateFiles
from clawdbot.errors import StoreCorrupt
from clawdbot.node import policy as policies
from clawdbot.node.policy import Mode, Policy, Rule
from clawdbot.wire.plain import MAX_FRAME, Plain, decode

NAME: Final = "exec-policy.json"
VERSION: Final = 1

_HINT: Final = "mend it, or move it away: without it nothing is run"


@dataclass(frozen=True, slots=True)
class Kept:
    """The policy, and the SHA-256 of the file that says so; without a file nothing is allowed."""

    policy: Policy
    digest: str | None


class _Rule(Struct, forbid_unknown_fields=True):
    program: str
    args: list[str] | None = None


class _File(Struct, forbid_unknown_fields=True):
    version: int
    mode: Mode
    allow: list[_Rule] = []
    env: list[str] = []


class PolicyFile:
    """The policy of a state directory. Every method raises :class:`~clawdbot.errors.StoreError` if it cannot be had."""

    def __init__(self, state_dir: Path) -> None:
        self._files = PrivateFiles(state_dir.resolve(), "")
        self.path = self._files.folder / NAME

    def read(self) -> Kept:
        """The policy as it is now."""
        data = self._files.read(NAME)
        return Kept(Policy(), None) if data is None else Kept(self._decode(data), hashlib.sha256(data).hexdigest())

    def set_mode(self, mode: Mode) -> None:
        """From now on this happens to requests."""
        self._change(lambda kept: replace(kept.policy, mode=mode))

    def allow(self, rule: Rule) -> None:
        """List a program. The first one makes a policy that allows what is listed; one that denies goes on doing so."""

        def change(kept: Kept) -> Policy:
            old = kept.policy if kept.digest else Policy(Mode.ALLOWLIST)
            return replace(old, rules=tuple(dict.fromkeys((*old.rules, rule))))

        self._change(change)

    def disallow(self, program: str) -> bool:
        """Take a program off the list, with whatever arguments it is there. Answers whether it was there."""
        before = self._change(
            lambda kept: replace(kept.policy, rules=tuple(r for r in kept.policy.rules if r.program != program))
        )
        return any(rule.program == program for rule in before.rules)

    def _change(self, change: Callable[[Kept], Policy]) -> Policy:
        """Write what becomes of the policy; answers with what it was."""
        with self._files.locked():
            kept = self.read()
            fresh = change(kept)
            if fresh != kept.policy:
                self._files.replace(NAME, _encode(fresh))
            return kept.policy

    def _decode(self, data: bytes) -> Policy:
        plain = decode(data, MAX_FRAME)
        if not isinstance(plain, Plain):
            raise self._corrupt("no JSON, or an object with a property twice")
        try:
            found = msgspec.convert(plain.value, _File)
        except msgspec.ValidationError as error:
            raise self._corrupt(str(error)) from None
        if found.version != VERSION:
            raise self._corrupt(f'its "version" is not {VERSION}')
        for name in found.env:
            if policies.is_dangerous(name):
                raise self._corrupt(f"{name} makes programs run what they are not for, and cannot be allowed")
        rules = tuple(Rule(rule.program, None if rule.args is None else tuple(rule.args)) for rule in found.allow)
        return Policy(found.mode, rules, frozenset(found.env))

    def _corrupt(self, why: str) -> StoreCorrupt:
        return StoreCorrupt(f"{self.path} is not what it must be: {why}", hint=_HINT)


def _encode(policy: Policy) -> bytes:
    document: dict[str, object] = {
        "version": VERSION,
        "mode": policy.mode.value,
        "allow": [_rule(rule) for rule in policy.rules],
    }
    if policy.env:
        document["env"] = sorted(policy.env)
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _rule(rule: Rule) -> dict[str, object]:
    return {"program": rule.program} if rule.args is None else {"program": rule.program, "args": list(rule.args)}
