"""What an import costs beside the framework's own work, as ratios of processor time measured side by side in one run.

    python tests/benchmarks/imports.py [runs]

Whole cold processes, in turn: `mbcost import` of torchvision's MobileNetV2, plainly and with its width to vary, against a
process that imports the framework and builds the network, as this Python has them. Nothing is asserted here; the plain import
is meant to stay below 1.3 times that process, the parametric one below 3 times.
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

NETWORK = "torchvision.models:mobilenet_v2"
BUILD = [sys.executable, "-c", f"from mbcost.importers.tracer import find; find({NETWORK!r})()"]
IMPORT = [sys.executable, "-m", "mbcost", "import", NETWORK, "--python", sys.executable]
IMPORTS = {"plain": IMPORT, "--vary width_mult": [*IMPORT, "--vary", "width_mult"]}


def spent(command: list[str]) -> float:
    """Processor seconds of one whole process and its children."""
    before = os.times()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = os.times()
    if done.returncode:
        raise SystemExit(f"{command} failed")
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Print the ratios."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for command in [BUILD, *IMPORTS.values()]:
        spent(command)
    for name, command in IMPORTS.items():
        pairs = [(spent(command), spent(BUILD)) for _ in range(runs)]
        ratio = median(ours / theirs for ours, theirs in pairs)
        print(
            f"{name:<20} {median(a for a, _ in pairs):6.2f} s against {median(b for _, b in pairs):6.2f} s: {ratio:.2f} times"
        )


if __name__ == "__main__":
    main()
