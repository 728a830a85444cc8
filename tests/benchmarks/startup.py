"""What a query costs, as ratios measured side by side in one run.

    python tests/benchmarks/startup.py [runs]

Whole cold processes, in turn: a query of MobileNetV1 against a process that only imports click, rich.table, rich.console
and yaml. Then, in process, one count of MobileNetV1 with all its parts against a loop over plain integers, and how cost
grows with the rows of a table. Python must be able to keep its bytecode: unset PYTHONDONTWRITEBYTECODE, or install the
package first. Nothing is asserted here; the numbers depend on the machine, the ratios hardly.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from statistics import median

BARE = [sys.executable, "-c", "import click, rich.table, rich.console, yaml"]
QUERIES = {
    "table mobilenet_v1": ["table", "mobilenet_v1"],
    "table mobilenet_v1 -f json": ["table", "mobilenet_v1", "-f", "json"],
    "table mobilenet_v3_large -f json": ["table", "mobilenet_v3_large", "-f", "json"],
    "compare mobilenet_v1": ["compare", "mobilenet_v1"],
    "conv 512 512 --size 14": ["conv", "512", "512", "--size", "14"],
    "--help": ["--help"],
}
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def whole(command: list[str]) -> tuple[float, int]:
    """Seconds of one whole process, and its peak memory in KiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{command} failed")
    return seconds, usage.ru_maxrss


def processes(runs: int) -> None:
    """Queries against the bare import, in pairs."""
    print(f"whole processes against the bare import of click, rich and yaml, median of {runs} pairs")
    for name, arguments in QUERIES.items():
        command = [sys.executable, "-m", "mbcost", *arguments]
        whole(command), whole(BARE)
        pairs = [(whole(command), whole(BARE)) for _ in range(runs)]
        speed = median(a[0] / b[0] for a, b in pairs)
        memory = median(a[1] / b[1] for a, b in pairs)
        print(f"  {name:34s} time x {speed:.2f}   peak memory x {memory:.2f}")


def gate(runs: int) -> None:
    """A check of memory against the table of the same network, in pairs: at most 1.3 times."""
    table = [sys.executable, "-m", "mbcost", "table", "mobilenet_v2", "-f", "json"]
    check = [sys.executable, "-m", "mbcost", "check", "mobilenet_v2", "--max-peak-memory", "2MiB"]
    pairs = [(whole(check), whole(table)) for _ in range(runs + 1)][1:]
    print(f"check --max-peak-memory against table -f json: time x {median(a[0] / b[0] for a, b in pairs):.2f}")


def best(function: object, seconds: float = 0.5) -> float:
    """The best time of one call."""
    found = 1e9
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter()
        for _ in range(20):
            function()  # type: ignore[operator]
        found = min(found, (time.perf_counter() - start) / 20)
    return found


def counting() -> None:
    """One count with all its parts against plain integers."""
    import mbcost

    network = mbcost.load("mobilenet_v1")
    rows = [
        (row.kernel_size[0], row.stride[0], row.input[0], row.output[0], row.kind == "depthwise")
        for row in network.cost().rows
        if row.kernel_size and row.name != "classifier"
    ]

    def plain() -> tuple[int, int]:
        side, mult_adds, params = 224, 1024 * 1000, 1024 * 1000 + 1000
        for k, s, m, n, depthwise in rows:
            side = -(-side // s)
            weights = k * k * m if depthwise else k * k * m * n
            mult_adds += weights * side * side
            params += weights + 2 * n
        return mult_adds, params

    def whole_count() -> tuple[int, int]:
        cost = network.cost()
        return cost.mult_adds, cost.params

    if plain() != whole_count():
        raise SystemExit(f"{plain()} is not {whole_count()}")
    print(f"one MobileNetV1 count, all parts, against plain integers: x {best(whole_count) / best(plain):.1f}")


def growth() -> None:
    """Generated tables of 1,000, 10,000 and 100,000 rows: microseconds a row, by stage."""
    from mbcost import loads
    from mbcost.documents.nodes import parse_document
    from mbcost.network.collector import uncollected

    print("microseconds a row   reading YAML   + building   + counting")
    for rows in (1_000, 10_000, 100_000):
        lines = "\n".join("  - {op: separable, kernel_size: 3, out_channels: 64}" for _ in range(rows))
        text = f"format: 1\ninput: {{channels: 64, resolution: 56}}\nrounding: floor\nlayers:\n{lines}\n"
        start = time.perf_counter()
        uncollected(parse_document)(text, "generated")
        parsed = time.perf_counter() - start
        start = time.perf_counter()
        network = loads(text)
        network.placed()
        built = time.perf_counter() - start
        start = time.perf_counter()
        total = network.cost().mult_adds
        counted = time.perf_counter() - start
        if total != rows * (9 * 64 + 64 * 64) * 56 * 56:
            raise SystemExit("the total is wrong")
        print(
            f"  {rows:>15,}   {parsed / rows * 1e6:12.1f}   {(built - parsed) / rows * 1e6:10.1f}   {counted / rows * 1e6:10.1f}"
        )


if __name__ == "__main__":
    processes(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    gate(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
    counting()
    growth()
