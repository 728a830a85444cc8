"""ONNX and TFLite files: equal to the networks they were made of, and broken ones refused soon and small."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_oracles import torchvision_models

import mbcost
from mbcost.cli import run
from mbcost.errors import MbcostError
from mbcost.importers import Imported, import_file
from mbcost.importers.live import import_model
from tests.pace import within

pytest.importorskip("onnx")
pytest.importorskip("tflite")

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

FILES = Path(__file__).parents[1] / "memory" / "tflite"
NAMES = sorted(path.name.removesuffix(".tflite.gz") for path in FILES.glob("*.tflite.gz"))


def unpacked(name: str, folder: Path) -> str:
    path = folder / "net.tflite"
    path.write_bytes(gzip.decompress((FILES / f"{name}.tflite.gz").read_bytes()))
    return str(path)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("pooled")])
def test_a_tflite_file_costs_what_its_table_does(name: str, tmp_path: Path) -> None:
    """They have 10 classes; a folded norm leaves a bias a channel, where the norm had two values."""
    model, alpha, side = name.rsplit("_", 2)
    found = import_file(unpacked(name, tmp_path))
    cost = found.network.cost()
    kept = (
        {"conv_1.width": "fixed"} if "minimalistic" in model else None
    )  # Keras' first convolution has 16 channels at every alpha
    table = mbcost.load(model).cost(alpha=alpha, resolution=side, classes=10, set=kept)
    assert (cost.mult_adds, cost.params) == (
        table.mult_adds,
        table.params - sum(row.norm_params for row in table.rows) // 2,
    )
    assert cost.exact
    assert "folded" in found.remarks[0]


def exported(name: str, folder: Path, *, dynamo: bool) -> tuple[Imported, mbcost.Cost]:
    options: dict[str, Any] = {"init_weights": False} if name == "googlenet" else {}
    model = torchvision_models().get_model(name, weights=None, **options).eval()
    path = str(folder / "net.onnx")
    torch.onnx.export(
        model, (torch.zeros(1, 3, 224, 224),), path, dynamo=dynamo, **({"verbose": False} if dynamo else {})
    )
    return import_file(path), import_model(model).network.cost()


@pytest.mark.parametrize("name", ["mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1", "resnet18", "mnasnet0_5", "shufflenet_v2_x0_5", "regnet_y_400mf"])  # fmt: skip
def test_an_onnx_export_costs_what_its_network_does(name: str, tmp_path: Path) -> None:
    found, cost = exported(name, tmp_path, dynamo=False)
    own = found.network.cost()
    norms = sum(row.norm_params for row in cost.rows)
    assert own.mult_adds == cost.mult_adds
    assert own.params == cost.params - norms // 2 + sum(row.norm_params for row in own.rows) // 2
    assert own.exact


def test_the_newer_exporter_gives_the_same(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    found, cost = exported("mobilenet_v2", tmp_path, dynamo=True)
    assert found.network.cost().mult_adds == cost.mult_adds
    assert found.network.cost(resolution=192).mult_adds == mbcost.load("mobilenet_v2").cost(resolution=192).mult_adds


def test_a_file_stands_where_a_model_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = unpacked("mobilenet_v2_1_128", tmp_path)
    assert run(["table", path, "-f", "json"]) == 0
    said = capfd.readouterr()
    table = mbcost.load("mobilenet_v2").cost(resolution=128, classes=10)
    assert json.loads(said.out)["total"]["mult_adds"] == table.mult_adds
    assert "runs" not in said.err
    assert run(["table", path, "--arg", "a=1"]) == 2
    assert "is read, not run" in capfd.readouterr().err


def patched(name: str, folder: Path, place: Callable[[Any], int], number: int) -> str:
    """A file with one number of four bytes changed: the first of a vector that is found in its graph."""
    import tflite

    path = unpacked(name, folder)
    data = bytearray(Path(path).read_bytes())
    at = place(tflite.Model.GetRootAs(data, 0).Subgraphs(0))
    data[at : at + 4] = number.to_bytes(4, "little", signed=True)
    Path(path).write_bytes(data)
    return path


def test_a_ring_of_operators_is_refused(tmp_path: Path) -> None:
    """The first convolution reads what the last operator puts out."""

    def first_input(graph: Any) -> int:
        table = graph.Operators(0)._tab
        return int(table.Vector(table.Offset(6)))

    outputs: list[int] = []

    def noted(graph: Any) -> int:
        outputs.append(int(graph.Outputs(0)))
        return first_input(graph)

    patched("mobilenet_v2_0.1_96", tmp_path, noted, 0)
    path = patched("mobilenet_v2_0.1_96", tmp_path, first_input, outputs[0])
    with pytest.raises(MbcostError, match="reads what no operator before it gives"):
        import_file(path)


def test_an_input_with_open_sides_is_refused(tmp_path: Path) -> None:
    """TFLite writes an open side as 1 beside a signature of -1: its cost at 1 x 1 would be low in silence."""

    import tflite

    path = unpacked("mobilenet_v2_0.1_96", tmp_path)
    data = bytearray(Path(path).read_bytes())
    graph = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    table = graph.Tensors(int(graph.Inputs(0)))._tab
    fields = table.Pos - int.from_bytes(data[table.Pos : table.Pos + 4], "little", signed=True)
    data[fields + 18 : fields + 20] = data[fields + 4 : fields + 6]  # the signature is the shape
    height = int(table.Vector(table.Offset(4))) + 4
    data[height : height + 4] = (-1).to_bytes(4, "little", signed=True)
    Path(path).write_bytes(data)
    with pytest.raises(MbcostError, match="leaves sides of its input open"):
        import_file(path)


BREAKS = """
import random, sys, time
from pathlib import Path
from mbcost.errors import MbcostError
from mbcost.importers import import_file
path, seed = sys.argv[1], random.Random(7)
whole = Path(path).read_bytes()
worst = 0.0
for number in range(60):
    data = bytearray(whole[: seed.randrange(len(whole))] if number % 3 == 0 else whole)
    for _ in range(seed.choice([1, 4, 64])):
        at = seed.randrange(min(len(data), 20_000 if number % 2 else len(data)) or 1) if data else 0
        if data:
            data[at] = seed.choice([0, 255, 127, 128, seed.randrange(256)])
    Path(path).write_bytes(data)
    began = time.process_time()
    try:
        import_file(path)
    except MbcostError:
        pass
    worst = max(worst, time.process_time() - began)
print(worst, next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux")
@pytest.mark.parametrize("kind", ["tflite", "onnx"])
def test_broken_files_are_errors_soon_and_small(kind: str, tmp_path: Path) -> None:
    path = unpacked("mobilenet_v2_0.1_96", tmp_path)
    if kind == "onnx":
        path = str(tmp_path / "net.onnx")
        torch.onnx.export(torchvision_models().mnasnet0_5().eval(), (torch.zeros(1, 3, 64, 64),), path, dynamo=False)
    done = subprocess.run(
        [sys.executable, "-c", BREAKS, path], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, kilobytes = map(float, done.stdout.split())
    assert kilobytes < 300_000
    assert within(seconds, 2)


def test_what_is_no_such_file_at_all(tmp_path: Path) -> None:
    for name in ("net.tflite", "net.onnx"):
        (tmp_path / name).write_bytes(b"\x00" * 10)
        with pytest.raises(MbcostError):
            import_file(str(tmp_path / name))


def test_an_exported_program_costs_what_its_network_does(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "net.pt2")
    model = torchvision_models().mobilenet_v2().eval()
    torch.export.save(torch.export.export(model, (torch.zeros(1, 3, 64, 64),)), path)
    assert run(["table", path, "--python", sys.executable, "--input", "3x64x64", "-f", "json"]) == 0
    total = json.loads(capfd.readouterr().out)["total"]
    table = mbcost.load("mobilenet_v2").cost(resolution=64)
    assert (total["mult_adds"], total["params"]) == (table.mult_adds, table.params)
