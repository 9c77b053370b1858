"""``make bench``: measure everything, or some of it; what came out as lines, JSON and plots.

    python -m benchmarks [--quick] [--only connect,start] [--without-reference] [--into FOLDER]

Exit code 0 whatever was measured: numbers of a busy machine are no verdict.
"""

import argparse
import asyncio
import importlib
import os
import resource
from pathlib import Path

import msgspec

from benchmarks import machine, plots, servers
from benchmarks.figures import BARE, OURS, REFERENCE, Figure, brief, ratio
from benchmarks.plan import Plan

NAMES = ("connect", "listing", "announce", "memory", "start", "commands", "door", "approve", "invoke", "page")


class Results(msgspec.Struct):
    """What is written as JSON."""

    machine: dict[str, str]
    figures: list[Figure]


def show(figure: Figure) -> None:
    print(f"\n{figure.target}. {figure.name} [{figure.unit}]")
    for who, sample in figure.samples.items():
        print(f"     {who:<10} {sample}")
    for other in (REFERENCE, BARE):
        times = ratio(figure.samples, OURS, other)
        if times is not None:
            print(f"     {OURS} / {other} = {brief(times)}")
    for goal in figure.goals:
        said = {True: "reached", False: "NOT REACHED", None: "not measured"}[goal.reached]
        value = "" if goal.value is None else f": {brief(goal.value)}"
        print(f"     {goal.text}{value}  {said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few and small rounds: does everything run?")
    parser.add_argument("--only", default=",".join(NAMES), help=f"some of {','.join(NAMES)}")
    parser.add_argument("--without-reference", action="store_true")
    parser.add_argument("--into", type=Path, default=Path(".cache/bench"), help="where JSON and plots go")
    asked = parser.parse_args()
    reference = None if asked.without_reference else servers.reference()
    if reference is None:
        print("without the reference: no ratios to it (make bench-peer installs it)")
    plan = Plan(asked.quick, reference, rounds=2 if asked.quick else 5, many=500 if asked.quick else 10_000)
    _, measuring = machine.processors()
    results = Results(machine.description(), [])
    for name, value in results.machine.items():
        print(f"{name:<11} {value}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, measuring)
    for name in asked.only.split(","):
        target = importlib.import_module(f"benchmarks.targets.{name}")
        for figure in asyncio.run(target.measure(plan)):
            results.figures.append(figure)
            show(figure)
    asked.into.mkdir(parents=True, exist_ok=True)
    (asked.into / "results.json").write_bytes(msgspec.json.format(msgspec.json.encode(results)))
    plots.draw(results.figures, asked.into)
    print(f"\nwritten to {asked.into}")


if __name__ == "__main__":
    main()
