"""How fast whole sweeps are, against what the machine can do: ratios of medians taken in turn in one run.

    python tests/benchmarks/grid.py            (needs the extra `arrays`)

Pure Python: a million MobileNetV1 points against a bare loop that does six integer multiply-adds a point. NumPy: 1000 x 1000
points against fills of a preallocated result, and against the SymPy expression compiled by lambdify (common subexpressions
on) over the same million points laid flat. CSV: a sweep of a million points, a whole process, against writing the same
lines with the csv module.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import mbcost

SIDE = 1000
ALPHAS = [Fraction(k, 1000) for k in range(251, 251 + SIDE)]
SIZES = list(range(1, 1 + SIDE))


class Ratio(NamedTuple):
    """One line of the report: what was measured, against what, and how often the second fits into the first."""

    what: str
    seconds: float
    against: str
    reference: float
    bound: str

    def __str__(self) -> str:
        ratio = self.seconds / self.reference
        shown = f"{1 / ratio:9.1f} times faster" if self.bound.startswith("at least") else f"{ratio:9.2f} times"
        return f"{self.what:52} {self.seconds * 1000:10.3f} ms  {shown}  {self.against} ({self.reference * 1000:.3f} ms); {self.bound}"


def timed(work: Callable[[], Any]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def in_turn(works: list[Callable[[], Any]], rounds: int) -> list[float]:
    """The medians of some works that take turns, so that what slows the machine slows them all."""
    times: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for own, work in zip(times, works, strict=True):
            own.append(timed(work))
    return [median(own) for own in times]


def bare_loop() -> int:
    """Six integer multiply-adds a point, and nothing else."""
    a, b, c, d, e, f = 10_838_016, 17_385_984, 539_492_352, 25_690_112, 51_380_224, 1_024_000
    u, v, w, x, y, z = 112, 56, 28, 14, 7, 1
    total = 0
    for _ in range(SIDE * SIDE):
        total = a * u + b * v + c * w + d * x + e * y + f * z
    return total


def in_pure_python() -> list[Ratio]:
    network = mbcost.load("mobilenet_v1")
    whole, loop = in_turn([lambda: network.grid(ALPHAS, SIZES).mult_adds, bare_loop], 5)
    return [Ratio("pure Python, mobilenet_v1, 1,000,000 points", whole, "a bare loop", loop, "at most 1.2")]


def in_numpy() -> list[Ratio]:
    found = []
    alphas, sizes = np.arange(251, 251 + SIDE) / 1000, np.arange(1, 1 + SIDE)
    result = np.empty((SIDE, SIDE), dtype=np.int64)
    for name, most in (
        ("mobilenet_v1", 12),
        ("mobilenet_v2", 20),
        ("mobilenet_v3_large", 20),
        ("mobilenet_v3_small", 20),
    ):
        network = mbcost.load(name)
        ready = network.grid(alphas, sizes).factors("mult_adds")

        def product(ready: Any = ready) -> None:
            ready.product(result)

        def whole(network: Any = network) -> None:
            _ = network.grid(alphas, sizes).mult_adds

        multiplied, called, fill = in_turn([product, whole, lambda: result.fill(7)], 101)
        found.append(Ratio(f"NumPy, {name}, product of ready factors", multiplied, "a fill", fill, "at most 8"))
        found.append(Ratio(f"NumPy, {name}, whole call", called, "a fill", fill, f"at most {most}"))
    return found


def peaks() -> list[Ratio]:
    """The peak memory of a million points, the largest of dozens of sums, against the mult-adds of the same grid."""
    alphas, sizes = np.arange(251, 251 + SIDE) / 1000, np.arange(1, 1 + SIDE)
    found = []
    for name in ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large"):
        network = mbcost.load(name)

        def grid(quantity: str, network: Any = network) -> Callable[[], Any]:
            return lambda: network.grid(alphas, sizes).total(quantity)

        peak, work = in_turn([grid("peak_memory"), grid("mult_adds")], 21)
        found.append(Ratio(f"NumPy, {name}, peak memory", peak, "mult-adds", work, "at most 20"))
    return found


def against_sympy() -> list[Ratio]:
    from sympy import Integer, Symbol, ceiling, floor, lambdify

    network = mbcost.load("mobilenet_v1")
    alpha, resolution = Symbol("alpha", positive=True), Symbol("r", integer=True, positive=True)
    total: Any = Integer(0)
    size: Any = resolution
    channels: Any = Integer(3)
    for row in network.cost().rows:  # the same walk, with SymPy's floor and ceiling
        if not row.weights:
            continue
        stride = row.stride[0] if row.stride else 1
        width = row.output[0]
        size = ceiling(size / stride) if stride > 1 else size
        kernel = row.kernel_size[0] if row.kernel_size else 1
        scaled = floor(width * alpha) if row.kind != "linear" else Integer(width)
        if row.kind == "linear":
            total += channels * scaled
        else:
            total += kernel**2 * (scaled if row.kind == "depthwise" else channels * scaled) * size**2
        channels = scaled
    compiled = lambdify([alpha, resolution], total, "numpy", cse=True)
    alphas, sizes = np.arange(251, 251 + SIDE) / 1000, np.arange(1, 1 + SIDE)
    flat_alphas, flat_sizes = np.repeat(alphas, SIDE), np.tile(sizes, SIDE)
    exact = network.grid(alphas, sizes).mult_adds
    assert (
        np.count_nonzero(compiled(flat_alphas, flat_sizes).reshape(SIDE, SIDE) != exact) < SIDE * SIDE // 100
    )  # binary alphas
    order = np.random.default_rng(1).permutation(SIDE * SIDE)
    mixed_alphas, mixed_sizes = flat_alphas[order], flat_sizes[order]
    assert (network.cost(alpha=flat_alphas, resolution=flat_sizes).mult_adds == exact.ravel()).all()
    assert (network.cost(alpha=mixed_alphas, resolution=mixed_sizes).mult_adds == exact.ravel()[order]).all()
    whole, flat, mixed, symbolic = in_turn(
        [
            lambda: network.grid(alphas, sizes).mult_adds,
            lambda: network.cost(alpha=flat_alphas, resolution=flat_sizes).mult_adds,
            lambda: network.cost(alpha=mixed_alphas, resolution=mixed_sizes).mult_adds,
            lambda: compiled(flat_alphas, flat_sizes),
        ],
        15,
    )
    return [
        Ratio("NumPy, mobilenet_v1, grid of 1,000,000 points", whole, "lambdify", symbolic, "at least 10"),
        Ratio("NumPy, mobilenet_v1, the same grid laid flat", flat, "lambdify", symbolic, "at least 10"),
        Ratio("NumPy, mobilenet_v1, the same points shuffled", mixed, "lambdify", symbolic, "at least 1, and exact"),
    ]


def to_csv() -> list[Ratio]:
    lines = [("mobilenet_v1", "0.251", size, 568_740_352, 4_231_976) for size in SIZES]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "sweep.csv"), Path(folder, "lines.csv")

        def sweep() -> None:
            arguments = [
                "sweep",
                "mobilenet_v1",
                "-a",
                "0.251:1.25:0.001",
                "-r",
                "1:1000:1",
                "-f",
                "csv",
                "-o",
                str(ours),
            ]
            subprocess.run([sys.executable, "-m", "mbcost", *arguments], check=True)

        def write() -> None:
            with theirs.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                for _ in ALPHAS:
                    writer.writerows(lines)

        mine, plain = in_turn([sweep, write], 5)
        assert len(ours.read_text(encoding="utf-8").splitlines()) == SIDE * SIDE + 1
    return [Ratio("mbcost sweep, 1,000,000 lines of CSV, whole process", mine, "csv.writer", plain, "at most 2")]


if __name__ == "__main__":
    for measure in (in_pure_python, in_numpy, peaks, against_sympy, to_csv):
        for ratio in measure():
            print(ratio, flush=True)
