"""Does what a gateway asks, as far as the policy allows, and says what came of it."""

import asyncio
import logging
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from clawdbot.domain.texts import visible
from clawdbot.errors import StoreError
from clawdbot.node import answers, notices, policy, programs, requests, runs
from clawdbot.node.answers import EVENT, RESULT, Code, Done, Failed, Outcome
from clawdbot.node.policy import MayNotRun, MayRun, Verdict, Why
from clawdbot.node.policy_file import NAME as POLICY_NAME
from clawdbot.node.policy_file import PolicyFile
from clawdbot.node.requests import Asked, GetApprovals, Invalid, Invocation, Notify, Run, SetApprovals, Unknown, Which
from clawdbot.node.terminal import Asker, Nobody

log = logging.getLogger("clawdbot.node")

REFUSES_CHANGES: Final = (
    'a node\'s exec policy is changed on the node itself: run "clawdbot node allow" or "clawdbot node policy" there'
)


@dataclass(frozen=True, slots=True)
class Message:
    """Something to tell the gateway: the params of a method of its."""

    method: str
    params: dict[str, object]


@dataclass(frozen=True, slots=True)
class Commands:
    """What this node can do.

    Attributes:
        policy: the owner's word, read anew each time.
        asker: whoever can be asked in the mode ``ask``.
        environ: our own environment, of which programs get little.
        home: where programs run unless the request names a folder.
    """

    policy: PolicyFile
    asker: Asker = field(default_factory=Nobody)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    home: Path = field(default_factory=Path.home)

    def declared(self) -> tuple[str, ...]:
        """What a gateway is told that it may ask for; ``system.notify`` only where something shows notices."""
        notify = (requests.NOTIFY,) if notices.find() is not None else ()
        return (requests.RUN, requests.WHICH, requests.GET_APPROVALS, *notify)

    async def perform(self, invocation: Invocation, *, limit: int) -> tuple[Message, ...]:
        """Do what is asked; answers with what the gateway is to be told, the result last.

        Args:
            limit: bytes of the largest frame that the gateway takes.
        """
        asked = requests.read(invocation)
        if isinstance(asked, Run):
            return await self._run(invocation, replace(asked, run=asked.run or str(uuid.uuid4())), limit)
        return (Message(RESULT, answers.result(invocation, await self._plain(asked))),)

    async def _plain(self, asked: Asked) -> Outcome:
        match asked:
            case Which(bins):
                found = await asyncio.to_thread(lambda: {name: programs.find(name) for name in bins if "/" not in name})
                return Done({"bins": {name: path for name, path in found.items() if path is not None}})
            case Notify():
                return await self._notify(asked)
            case GetApprovals():
                return await self._approvals()
            case SetApprovals():
                return Failed(Code.INVALID_REQUEST, REFUSES_CHANGES)
            case Invalid(message):
                return Failed(Code.INVALID_REQUEST, message)
            case Unknown():
                return Failed(Code.INVALID_REQUEST, "command not supported")
            case Run():
                raise AssertionError("a run is more than an outcome")

    async def _notify(self, notice: Notify) -> Outcome:
        program = notices.find()
        if program is None:
            return Failed(Code.UNAVAILABLE, "nothing shows notices on this node")
        ended = await notices.show(notice, program, self.environ)
        return Done({"ok": True}) if ended.success else Failed(Code.UNAVAILABLE, "the notice could not be shown")

    async def _approvals(self) -> Outcome:
        try:
            kept = await asyncio.to_thread(self.policy.read)
        except StoreError:
            return answers.refusal(Why.NO_POLICY)
        return Done(answers.approvals(kept.policy, name=POLICY_NAME, digest=kept.digest))

    # --- running programs

    async def _run(self, invocation: Invocation, run: Run, limit: int) -> tuple[Message, ...]:
        program = await asyncio.to_thread(programs.resolve, run.argv[0])
        verdict = await self._verdict(run, program)
        if isinstance(verdict, MayNotRun):
            log.info("not run: %s (%s)", visible(run.argv[0]), verdict.why)
            refusal = answers.refusal(verdict.why, verdict.what)
            return Message(EVENT, answers.denied(run, verdict.why)), Message(
                RESULT, answers.result(invocation, refusal)
            )
        cwd = run.cwd or str(self.home)
        if program is None or not await asyncio.to_thread(programs.is_folder, cwd):
            ended = runs.Ended(error="no such program" if program is None else "no such folder")
        else:
            env = policy.environment(self.environ, run.env, programs.SEARCH_PATH)
            ended = await runs.run([program, *run.argv[1:]], env=env, cwd=Path(cwd), seconds=run.timeout_ms / 1000)
            log.info("ran %s (%s)", visible(program), _ending(ended))
        return (
            Message(EVENT, answers.finished(run, ended)),
            Message(RESULT, answers.run_result(invocation, ended, limit)),
        )

    async def _verdict(self, run: Run, program: str | None) -> Verdict:
        try:
            kept = await asyncio.to_thread(self.policy.read)
        except StoreError as error:
            log.error("nothing is run: %s", error)
            return MayNotRun(Why.NO_POLICY)
        verdict = policy.decide(kept.policy, program, run.argv[1:], run.env)
        if program is None or isinstance(verdict, MayRun | MayNotRun):
            return verdict
        variables = answers.shown([f"{name}={value}" for name, value in run.env.items()])
        command = answers.shown([program, *run.argv[1:]])
        match await self.asker.ask(command, run.cwd or str(self.home), variables):
            case None:
                return MayNotRun(Why.NOBODY_TO_ASK)
            case False:
                return MayNotRun(Why.USER_SAID_NO)
            case True:
                return MayRun()


def _ending(ended: runs.Ended) -> str:
    if ended.error is not None:
        return f"not started: {ended.error}"
    if ended.timed_out:
        return "took too long"
    return "ended by a signal" if ended.code is None else f"exit code {ended.code}"
