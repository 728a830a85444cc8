"""One answer and a 16-point sweep against the tools people use today: whole cold processes, in turn, median of ratios.

    pip install -e '.[bench]'       (torch first: pip install torch==2.13.0; torchvision with --no-deps)
    python tests/benchmarks/peers.py [runs]

The question is MobileNetV2: at 0.75 / 192, then at alpha 0.35, 0.5, 0.75, 1 by resolution 128, 160, 192, 224. Each peer
builds torchvision's network (Keras its own) without weights and counts it as its documentation says. A peer that is not
installed has a row that says so. Keras counts no mult-adds, only params; onnx-tool is given a file exported beforehand,
so no model has to be built: both stand apart.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median

ONE = "[(0.75, 192)]"
SWEEP = "[(a, r) for a in (0.35, 0.5, 0.75, 1.0) for r in (128, 160, 192, 224)]"
OURS = {
    ONE: ["table", "mobilenet_v2", "-a", "0.75", "-r", "192", "-f", "json"],
    SWEEP: ["sweep", "mobilenet_v2", "-a", "0.35,0.5,0.75,1", "-r", "128,160,192,224", "-f", "json"],
}
IMPORT = """
import torch
try:
    import torchvision
except RuntimeError:  # a CPU build of torch beside a CUDA wheel of torchvision: two box operators, which no one here uses
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{{name}}", "(Tensor boxes, Tensor scores, float threshold) -> Tensor")
from torchvision.models import mobilenet_v2
"""
BUILD = (
    IMPORT
    + """
import contextlib, io
def each(count):
    for alpha, size in {points}:
        model = mobilenet_v2(weights=None, width_mult=alpha).eval()
        with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
            result = count(model, size)
        print(alpha, size, result)
"""
)
PEERS = {
    "torch FlopCounterMode": BUILD
    + """
from torch.utils.flop_counter import FlopCounterMode
def count(model, size):
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 3, size, size))
    return counter.get_total_flops() // 2
each(count)
""",
    "fvcore": BUILD
    + """
import logging; logging.disable(logging.WARNING)
from fvcore.nn import FlopCountAnalysis
each(lambda model, size: FlopCountAnalysis(model, torch.zeros(1, 3, size, size)).total())
""",
    "ptflops (pytorch)": BUILD
    + """
from ptflops import get_model_complexity_info
each(lambda model, size: get_model_complexity_info(model, (3, size, size), as_strings=False,
     print_per_layer_stat=False, backend="pytorch")[0])
""",
    "thop": BUILD
    + """
from thop import profile
each(lambda model, size: profile(model, inputs=(torch.zeros(1, 3, size, size),), verbose=False)[0])
""",
    "torchinfo": BUILD
    + """
from torchinfo import summary
each(lambda model, size: summary(model, input_size=(1, 3, size, size), verbose=0).total_mult_adds)
""",
    "calflops": BUILD
    + """
from calflops import calculate_flops
each(lambda model, size: calculate_flops(model, input_shape=(1, 3, size, size), print_results=False,
     print_detailed=False, output_as_string=False)[1])
""",
}
APART = {
    "Keras (params only)": """
import os
os.environ.setdefault("KERAS_BACKEND", "torch")
from keras.applications import MobileNetV2
for alpha, size in {points}:
    print(alpha, size, MobileNetV2(input_shape=(size, size, 3), alpha=alpha, weights=None).count_params())
""",
    "onnx-tool (ready file)": """
import contextlib, io, onnx_tool
for alpha, size in {points}:
    with contextlib.redirect_stdout(io.StringIO()):
        model = onnx_tool.Model({folder!r} + f"/{{alpha}}_{{size}}.onnx")
        model.graph.shape_infer(None)
        model.graph.profile()
    print(alpha, size, model.graph.macs[0])
""",
}
EXPORT = (
    IMPORT
    + """
for alpha, size in {points}:
    model = mobilenet_v2(weights=None, width_mult=alpha).eval()
    torch.onnx.export(model, torch.zeros(1, 3, size, size), {folder!r} + f"/{{alpha}}_{{size}}.onnx", dynamo=False)
"""
)
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def seconds(command: list[str]) -> float | None:
    """Seconds of one whole process; None if it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=False)
    if done.returncode or not done.stdout:
        return None
    return time.perf_counter() - start


def ratio(peer: list[str], ours: list[str], runs: int) -> float | None:
    """How many times longer the peer takes, median over pairs run in turn."""
    if seconds(peer) is None or seconds(ours) is None:
        return None
    pairs = [(seconds(peer), seconds(ours)) for _ in range(runs)]
    return median(a / b for a, b in pairs if a and b)


def main(runs: int) -> None:
    """Print the table of the README."""
    print(f"MobileNetV2, whole cold processes, times the run time of mbcost, median of {runs} pairs run in turn\n")
    print(f"{'peer':26s} {'one answer':>12s} {'16-point sweep':>16s}")
    found: dict[str, list[float]] = {ONE: [], SWEEP: []}
    with tempfile.TemporaryDirectory() as folder:
        seconds([sys.executable, "-c", EXPORT.format(points=SWEEP, folder=folder)])
        for name, program in {**PEERS, **APART}.items():
            cells: list[str] = []
            for points, arguments in OURS.items():
                text = program.format(points=points, folder=folder)
                value = ratio([sys.executable, "-c", text], [sys.executable, "-m", "mbcost", *arguments], runs)
                cells.append("-" if value is None else f"{value:.0f} x")
                if value is not None and name in PEERS:
                    found[points].append(value)
            print(f"{name:26s} {cells[0]:>12s} {cells[1]:>16s}", flush=True)
    if all(found.values()):
        print(
            f"\nfastest that gives mult-adds: {min(found[ONE]):.1f} x for one answer, {min(found[SWEEP]):.1f} x for the sweep"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
