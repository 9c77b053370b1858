"""How long commands take, from the shell's side."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Device
from benchmarks.figures import OURS, REFERENCE, Figure, Goal, Sample, at_most, ratio, sample
from benchmarks.plan import Plan
from benchmarks.population import paired
from benchmarks.servers import CLAWDBOT, TOKEN, environ, home_with, ours, pinned, theirs

TARGET = 6
COMPLETION = {
    "_CLAWDBOT_COMPLETE": "bash_complete",
    "COMP_WORDS": "clawdbot pairing approve telegram ",
    "COMP_CWORD": "4",
}


@dataclass(frozen=True)
class Case:
    """A command.

    Attributes:
        share: of the reference's time that it may take; 0 if the reference has nothing like it.
        most: milliseconds that it may take, if that is said.
    """

    name: str
    words: Sequence[str]
    share: float = 0
    most: float = 0
    variables: Mapping[str, str] | None = None
    at_gateway: bool = False


CASES = (
    Case("clawdbot pairing list telegram", ("pairing", "list", "telegram"), share=1 / 10),
    Case("clawdbot devices list", ("devices", "list"), share=1 / 6, at_gateway=True),
    Case("clawdbot --help", ("--help",), most=120),
    Case("clawdbot pairing --help", ("pairing", "--help"), most=120),
    Case("completion of a pairing code in bash", (), most=120, variables=COMPLETION),
)


async def measure(plan: Plan) -> list[Figure]:
    devices = [Device(number, TOKEN) for number in range(1, 11)]
    with ExitStack() as stack:
        homes = {OURS: stack.enter_context(home_with())}
        at_gateway = {OURS: _beside(stack.enter_context(ours(paired(devices))).port)}
        programs: dict[str, Sequence[str]] = {OURS: CLAWDBOT}
        if plan.reference:
            homes[REFERENCE] = stack.enter_context(home_with())
            at_gateway[REFERENCE] = _beside(stack.enter_context(theirs(plan.reference, paired(devices))).port)
            programs[REFERENCE] = plan.reference
        return [_case(plan, case, programs, homes, at_gateway) for case in CASES]


def _beside(port: int) -> dict[str, str]:
    return {
        "CLAWDBOT_GATEWAY_PORT": str(port),
        "CLAWDBOT_GATEWAY_URL": f"ws://127.0.0.1:{port}",
        "CLAWDBOT_GATEWAY_TOKEN": TOKEN,
    }


def _case(
    plan: Plan,
    case: Case,
    programs: Mapping[str, Sequence[str]],
    homes: Mapping[str, Path],
    at_gateway: Mapping[str, dict[str, str]],
) -> Figure:
    times: dict[str, list[float]] = {}
    for count in range(plan.rounds + 1):  # the first one warms the caches
        for who, program in programs.items():
            if who == REFERENCE and not case.share:
                continue
            more = {**(case.variables or {}), **(at_gateway[who] if case.at_gateway else {})}
            took = _seconds([*program, *case.words], environ(homes[who], **more))
            if count:
                times.setdefault(who, []).append(took * 1000)
    samples = {who: sample(some) for who, some in times.items()}
    return Figure(TARGET, case.name, "ms", samples, _goals(case, samples))


def _goals(case: Case, samples: Mapping[str, Sample]) -> tuple[Goal, ...]:
    of_reference = (at_most("of the reference", ratio(samples, OURS, REFERENCE), case.share),) if case.share else ()
    at_all = (at_most("ms", samples[OURS].median, case.most),) if case.most else ()
    return (*of_reference, *at_all)


def _seconds(command: Sequence[str], variables: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(pinned(command), env=variables, capture_output=True, check=False)
    took = time.perf_counter() - started
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return took
