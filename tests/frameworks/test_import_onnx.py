"""ONNX files written by hand: every operation is counted right, or its cost is unknown and that is said; never low in silence."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from make_onnx import TIMM, TORCHVISION, built, size_of
from torch.utils.flop_counter import FlopCounterMode

from mbcost.errors import MbcostError
from mbcost.importers import Imported, import_file
from tests.pace import within

onnx = pytest.importorskip("onnx")

pytestmark = pytest.mark.frameworks

OPSETS = '"" : %d, "com.microsoft" : 1, "own" : 1'


def model(
    body: str, weights: str = "", inputs: str = "float[1,3,32,32] x", opset: int = 18, functions: str = ""
) -> Any:
    """A model from ONNX's own text form; ``weights`` have no data: it is in a file that is not there."""
    head = f"<ir_version: 9, opset_import: [{OPSETS % opset}]>"
    made = onnx.parser.parse_model(f"{head} net ({inputs}) => (float[] y) <{weights}> {{ {body} }} {functions}")
    for value in made.graph.value_info:
        kind = value.type.tensor_type
        tensor = made.graph.initializer.add(name=value.name, data_type=kind.elem_type)
        tensor.dims.extend(dim.dim_value for dim in kind.shape.dim)
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="not_there.bin")
    del made.graph.value_info[:]
    return made


def imported(made: Any, folder: Path, inputs: list[list[int]] | None = None) -> Imported:
    path = folder / "net.onnx"
    path.write_bytes(made.SerializeToString())
    return import_file(str(path), inputs)


W = "float[8,3,3,3] w"
POOLED = "p = GlobalAveragePool(x) f = Flatten(p) "
BLOCK = '<opset_import: ["" : 18], domain: "own"> block (a, k) => (o) { c = Conv<pads=[1,1,1,1]>(a, k) o = Relu(c) }'

# The body, weights, input, mult-adds and params: kernel x channels x positions, by hand.
CASES: dict[str, tuple[str, str, str, int, int]] = {
    "same upper": ('y = Conv<auto_pad="SAME_UPPER", strides=[2,2]>(x, w)', W, "float[1,3,33,33] x", 216 * 17 * 17, 216),
    "same lower": ('y = Conv<auto_pad="SAME_LOWER", strides=[2,2]>(x, w)', W, "float[1,3,33,33] x", 216 * 17 * 17, 216),
    "valid": ('y = Conv<auto_pad="VALID">(x, w)', W, "float[1,3,32,32] x", 216 * 30 * 30, 216),
    "open sides with names": ("y = Conv<pads=[1,1,1,1]>(x, w)", W, "float[N,3,H,W] x", 216 * 224 * 224, 216),
    "dilated": ("y = Conv<dilations=[2,2]>(x, w)", W, "float[1,3,32,32] x", 216 * 28 * 28, 216),
    "grouped": ("y = Conv<group=3, pads=[1,1,1,1]>(x, w)", "float[6,1,3,3] w", "float[1,3,32,32] x", 54 * 32 * 32, 54),
    "along one axis": ("y = Conv<pads=[2,2], strides=[2]>(x, w)", "float[8,4,5] w", "float[1,4,50] x", 160 * 25, 160),
    "along three axes": ("y = Conv<pads=[1,1,1,1,1,1]>(x, w)", "float[8,3,3,3,3] w", "float[1,3,8,8,8] x", 648 * 512, 648),
    "transposed, output padding": ("y = ConvTranspose<strides=[2,2], pads=[1,1,1,1], output_padding=[1,1]>(x, w)", "float[3,5,3,3] w",
                                   "float[1,3,16,16] x", 135 * 16 * 16, 135),
    "transposed, output shape": ("y = ConvTranspose<strides=[2,2], output_shape=[32,32]>(x, w)", "float[3,5,3,3] w", "float[1,3,16,16] x", 135 * 256, 135),
    "Gemm, transB": (POOLED + "y = Gemm<transB=1>(f, w, b)", "float[10,3] w, float[10] b", "float[1,3,8,8] x", 30, 40),
    "Gemm": (POOLED + "y = Gemm(f, w, b)", "float[3,10] w, float[10] b", "float[1,3,8,8] x", 30, 40),
    "Gemm, transA": ("p = GlobalAveragePool(x) f = Flatten<axis=2>(p) y = Gemm<transA=1>(f, w)", "float[3,10] w", "float[1,3,8,8] x", 30, 30),
    "MatMul by a constant": (POOLED + "m = MatMul(f, w) y = Add(m, b)", "float[3,10] w, float[10] b", "float[1,3,8,8] x", 30, 40),
    "MatMul of a constant": ("s = Constant<value_ints=[1,3,64]>() f = Reshape(x, s) y = MatMul(w, f)", "float[10,3] w", "float[1,3,8,8] x", 30 * 64, 30),
    "a weight turned over": (POOLED + "t = Transpose(w) y = MatMul(f, t)", "float[10,3] w", "float[1,3,8,8] x", 30, 30),
    "a weight of a direction and a length": ("n = Mul(g, v) y = Conv(x, n)", "float[8,1,1,1] g, float[8,3,3,3] v", "float[1,3,32,32] x", 216 * 900, 224),
    "constants alone": ("k = MatMul(a, b) z = Add(x, k) y = Relu(z)", "float[32,16] a, float[16,32] b", "float[1,3,32,32] x", 16 * 32 * 32, 1024),
    "mean as pool": ("c = Conv(x, w) y = ReduceMean<keepdims=0>(c, a)", W + ", int64[2] a", "float[1,3,32,32] x", 216 * 900, 216),
    "HardSwish": ("c = Conv(x, w) y = HardSwish(c)", W, "float[1,3,32,32] x", 216 * 900, 216),
    "LayerNormalization": ("c = Conv(x, w) t = Transpose<perm=[0,2,3,1]>(c) y = LayerNormalization<axis=-1>(t, g, b)", W + ", float[8] g, float[8] b",
                           "float[1,3,32,32] x", 216 * 900, 232),
    "Resize": ("c = Conv(x, w) k = Constant<value = float[4] {1.0, 1.0, 2.0, 2.0}>() r = Resize(c, , k) y = Conv(r, v)", W + ", float[4,8,1,1] v",
               "float[1,3,32,32] x", 216 * 900 + 32 * 3600, 248),
    "Split": ("c = Conv(x, w) k = Constant<value_ints=[4,4]>() a, b = Split<axis=1>(c, k) y = Conv(b, v)", W + ", float[4,4,1,1] v",
              "float[1,3,32,32] x", 216 * 900 + 16 * 900, 232),
    "Slice": (("c = Conv(x, w) s = Constant<value_ints=[2]>() e = Constant<value_ints=[6]>() a = Constant<value_ints=[1]>() z = Slice(c, s, e, a) "
              "y = Conv(z, v)"), W + ", float[4,4,1,1] v", "float[1,3,32,32] x", 216 * 900 + 16 * 900, 232),
    "Pad with axes": ("p = Constant<value_ints=[1,1,1,1]>() a = Constant<value_ints=[2,3]>() q = Pad(x, p, , a) y = Conv(q, w)", W,
                      "float[1,3,32,32] x", 216 * 1024, 216),
    "a size that is computed": (("s = Shape(x) i = Constant<value_int=2>() h = Gather(s, i) one = Constant<value_ints=[1]>() "
                                "m = Constant<value_ints=[-1]>() u = Reshape(h, m) n = Concat<axis=0>(one, m, u) r = Reshape(x, n) y = MatMul(r, w)"),
                                "float[32,4] w", "float[1,3,32,32] x", 96 * 32 * 4, 128),
    "Einsum": ('y = Einsum<equation="nchw,oc->nohw">(x, w)', "float[7,3] w", "float[1,3,32,32] x", 21 * 1024, 21),
    "Einsum of maps": ('y = Einsum<equation="nchw,ndhw->ncd">(x, x)', "", "float[1,3,32,32] x", 9 * 1024, 0),
    "an embedding": ("e = Gather(t, x) y = MatMul(e, w)", "float[100,16] t, float[16,4] w", "int64[1,20] x", 64 * 20, 1664),
    "QLinearConv": ("y = QLinearConv<pads=[1,1,1,1]>(x, s, z, w, ws, wz, s, z, b)",
                    "int8[8,3,3,3] w, float s, uint8 z, float[8] ws, int8[8] wz, int32[8] b", "uint8[1,3,32,32] x", 216 * 1024, 224),
    "ConvInteger": ("q, s, z = DynamicQuantizeLinear(x) c = ConvInteger(q, w, z, wz) f = Cast<to=1>(c) k = Mul(s, ws) y = Mul(f, k)",
                    "int8[8,3,3,3] w, int8 wz, float ws", "float[1,3,32,32] x", 216 * 900, 216),
    "MatMulInteger": (POOLED + "q, s, z = DynamicQuantizeLinear(f) c = MatMulInteger(q, w, z, wz) g = Cast<to=1>(c) y = Add(g, b)",
                      "int8[3,10] w, int8 wz, float[10] b", "float[1,3,8,8] x", 30, 40),
    "quantised around a convolution": (
        ("q = QuantizeLinear(x, s, z) d = DequantizeLinear(q, s, z) k = DequantizeLinear<axis=0>(w, ws, wz) i = DequantizeLinear(b, ws, wb) "
        "y = Conv<pads=[1,1,1,1]>(d, k, i)"), "int8[8,3,3,3] w, float s, uint8 z, float[8] ws, int8[8] wz, int32[8] wb, int32[8] b",
        "float[1,3,32,32] x", 216 * 1024, 224),
    "FusedConv": ('y = com.microsoft.FusedConv<activation="Relu", pads=[1,1,1,1]>(x, w, b)', W + ", float[8] b", "float[1,3,32,32] x", 216 * 1024, 224),
    "FusedConv with a sum": ('y = com.microsoft.FusedConv<activation="Relu", pads=[1,1,1,1]>(x, w, b, x)', "float[3,3,3,3] w, float[3] b",
                             "float[1,3,32,32] x", 81 * 1024, 84),
    "a branch that is known": (
        ("k = Constant<value = bool {1}>() y = If(k) <then_branch = t () => (float[] p) { p = Conv(x, w) }, else_branch = e () => (float[] q) "
        "{ q = Identity(x) }>"), W, "float[1,3,32,32] x", 216 * 900, 216),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_operation_is_counted(case: str, tmp_path: Path) -> None:
    body, weights, inputs, mult_adds, params = CASES[case]
    made = model(body, weights, inputs)
    if case == "mean as pool":
        made.graph.initializer[-1].CopyFrom(onnx.helper.make_tensor("a", 7, [2], [2, 3]))
    found = imported(made, tmp_path)
    cost = found.network.cost()
    assert (cost.mult_adds, cost.params) == (mult_adds, params)
    assert cost.exact


def test_local_functions_are_what_they_are_made_of(tmp_path: Path) -> None:
    body = "t = own.block(x, w) y = own.block(t, v)"
    cost = imported(model(body, W + ", float[8,8,3,3] v", functions=BLOCK), tmp_path).network.cost()
    assert (cost.mult_adds, cost.params, cost.exact) == ((216 + 576) * 1024, 216 + 576, True)


def test_an_attention_operation_is_two_products(tmp_path: Path) -> None:
    cost = imported(model("y = Attention(x, x, x)", "", "float[1,4,10,8] x", opset=23), tmp_path).network.cost()
    assert (cost.mult_adds, cost.exact) == (2 * 4 * 10 * 10 * 8, True)


def test_a_recurrent_layer_costs_its_weights_at_every_step(tmp_path: Path) -> None:
    body = "t = Transpose<perm=[1,0,2]>(x) y, h, c = LSTM<hidden_size=12>(t, w, r, b)"
    weights = "float[1,48,8] w, float[1,48,12] r, float[1,96] b"
    cost = imported(model(body, weights, "float[1,16,8] x"), tmp_path).network.cost()
    assert (cost.mult_adds, cost.params, cost.exact) == (16 * (48 * 8 + 48 * 12), 48 * 20 + 96, True)


UNKNOWN = {
    "a branch that depends on values": (
        ("m = ReduceMax<keepdims=0>(x) k = Cast<to=9>(m) y = If(k) <then_branch = t () => (float[1,8,30,30] p) { p = Conv(x, w) }, "
        "else_branch = e () => (float[1,8,30,30] q) { q = Conv(x, v) }>"), W + ", float[8,3,3,3] v"),
    "a product of three": ('y = Einsum<equation="nchw,oc,po->nphw">(x, v, w)', "float[7,3] v, float[5,7] w"),
    "an unknown operation of the standard": ("c = Conv(x, w) y = Celu(c)", W),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_nobody_knows_is_said(case: str, tmp_path: Path) -> None:
    found = imported(model(*UNKNOWN[case]), tmp_path)
    assert not found.network.cost().exact
    assert "cost: unknown" in found.text
    assert any("nobody knows" in remark for remark in found.remarks)


REFUSED = {
    "an operation of another's, of no known shape": ("c = Conv(x, w) y = com.microsoft.Mystery(c)", W, "the shape of `y`, of Mystery, is not known"),
    "a loop": (("n = Constant<value = int64 {3}>() k = Constant<value = bool {1}>() y = Loop(n, k, x) <body = b (int64 i, bool c, float[1,3,32,32] a) "
               "=> (bool d, float[1,3,32,32] o) { d = Identity(c) o = Conv<pads=[1,1,1,1]>(a, w) }>"), "float[3,3,3,3] w", "of Loop, is not known"),
    "a ring": ("a = Conv<pads=[1,1,1,1]>(b, w) b = Add(a, x) y = Relu(a)", "float[3,3,3,3] w", "a Conv reads `b`, which nothing before it gives"),
    "a size of 10^12": ("p = Constant<value_ints=[0,0,1000000000000,0,0,0,0,0]>() q = Pad(x, p) y = Relu(q)", "", "too large"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_by_name(case: str, tmp_path: Path) -> None:
    body, weights, words = REFUSED[case]
    with pytest.raises(MbcostError) as caught:
        imported(model(body, weights), tmp_path)
    assert words in str(caught.value)


def test_declared_shapes_serve_where_no_rule_does(tmp_path: Path) -> None:
    made = model("c = com.microsoft.Mystery(x) y = Conv(c, w)", W)
    made.graph.value_info.add(name="c").type.CopyFrom(onnx.helper.make_tensor_type_proto(1, [1, 3, 32, 32]))
    found = imported(made, tmp_path)
    assert not found.network.cost().exact
    assert found.network.cost().mult_adds == 216 * 900
    with pytest.raises(MbcostError, match="of Mystery, is not known"):  # they are those of the file's own size
        imported(made, tmp_path, [[3, 64, 64]])


def test_a_fixed_batch_is_said(tmp_path: Path) -> None:
    found = imported(model("y = Conv(x, w)", W, "float[8,3,32,32] x"), tmp_path)
    assert found.network.cost().mult_adds == 216 * 900
    assert any("8 in the file, is taken for the batch" in remark for remark in found.remarks)


def function(name: str, *calls: str) -> Any:
    nodes = []
    for number, call in enumerate(calls):
        ends = ["x" if number == 0 else f"t{number}"], ["y" if number == len(calls) - 1 else f"t{number + 1}"]
        nodes.append(onnx.helper.make_node(call, *ends, domain="" if call == "Relu" else "own"))
    opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("own", 1)]
    return onnx.helper.make_function("own", name, ["x"], ["y"], nodes, opsets)


def with_functions(*functions: Any) -> Any:
    made = model("y = own.a0(x)")
    made.functions.extend(functions)
    return made


def relus(count: int) -> Any:
    made = model("y = Relu(x)")
    nodes = [onnx.helper.make_node("Relu", [f"r{i}" if i else "x"], [f"r{i + 1}"]) for i in range(count)]
    made.graph.node.extend(nodes)
    return made


HOSTILE: dict[str, Callable[[], Any]] = {
    "functions in a ring": lambda: with_functions(function("a0", "a1"), function("a1", "a0")),
    "functions that double": lambda: with_functions(*[function(f"a{i}", f"a{i + 1}", f"a{i + 1}") for i in range(40)], function("a40", "Relu")),
    "a chain of functions": lambda: with_functions(*[function(f"a{i}", f"a{i + 1}") for i in range(10_000)], function("a10000", "Relu")),
    "as many zeros as it says": lambda: model("s = Constant<value_ints=[100000,100000,100000]>() c = ConstantOfShape(s) y = Add(x, c)"),
    "a range": lambda: model("a = Constant<value_int=0>() b = Constant<value_int=1000000000000>() c = Constant<value_int=1>() r = Range(a, b, c) y = Add(x, r)"),
    "60,000 operations": lambda: relus(60_000),
    "2,500 operations": lambda: relus(2_500),
    "sizes that grow": lambda: model("s0 = Shape(x) " + " ".join(f"s{i + 1} = Mul(s{i}, s{i})" for i in range(2_000)) + " y = Relu(x)"),
    "one map joined 10,000 times": lambda: model("y = Concat<axis=1>(" + ", ".join(["x"] * 10_000) + ")"),
}  # fmt: skip
MEASURED = """
import sys, time
from mbcost.errors import MbcostError
from mbcost.importers import import_file
import onnx
began = time.process_time()
try:
    import_file(sys.argv[1])
except MbcostError:
    pass
used = time.process_time() - began
print(used, next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def measured(path: Path) -> tuple[float, float]:
    """Seconds of processor time, and megabytes, that importing a file takes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes / 1024


LOOSE = 3  # times the bound: another process beside this one may take half of what a core gives


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_soon_and_small(case: str, tmp_path: Path) -> None:
    data = HOSTILE[case]().SerializeToString()
    assert len(data) < 1_500_000
    (tmp_path / "net.onnx").write_bytes(data)
    seconds, megabytes = measured(tmp_path / "net.onnx")
    assert within(seconds, 2 * LOOSE)
    assert megabytes < 300


def test_100_megabytes_of_weights_take_less_than_two_seconds(tmp_path: Path) -> None:
    made = model(
        " ".join(f"r{i + 1} = Conv(r{i}, w{i})" for i in range(100)).replace("r0", "x") + " y = Relu(r100)",
        inputs="float[1,512,7,7] x",
    )
    for number in range(100):
        made.graph.initializer.add(name=f"w{number}", data_type=1, dims=[512, 512, 1, 1], raw_data=bytes(1 << 20))
    path = tmp_path / "net.onnx"
    path.write_bytes(made.SerializeToString())
    assert path.stat().st_size > 100_000_000
    seconds, _ = measured(path)
    assert within(seconds, 2 * LOOSE)
    assert import_file(str(path)).network.cost().mult_adds == 100 * 512 * 512 * 49


FILES = Path(__file__).parent / "onnx"


@pytest.mark.parametrize("name", [*TORCHVISION, *TIMM])
def test_exports_by_both_exporters_cost_what_the_network_does(name: str, tmp_path: Path) -> None:
    """PyTorch's counter on the network, and its parameters; a folded norm leaves a bias, where it had two values a channel."""
    network = built(name).to("meta")
    side = size_of(name)
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        network(torch.zeros(1, 3, side, side, device="meta"))
    params = sum(values.numel() for values in network.parameters())
    norms = sum(
        values.numel()
        for module in network.modules()
        if "norm" in type(module).__name__.lower()
        for values in module.parameters(recurse=False)
    )
    for exporter in ("script", "dynamo"):
        path = tmp_path / f"{exporter}.onnx"
        path.write_bytes(gzip.decompress((FILES / f"{name}.{exporter}.onnx.gz").read_bytes()))
        found = import_file(str(path))
        cost = found.network.cost()
        left = sum(row.norm_params for row in cost.rows)
        assert cost.mult_adds == flops.get_total_flops() // 2
        assert cost.params == params - (norms - left) // 2
        assert cost.exact
        if left < norms:
            assert any("folded" in remark for remark in found.remarks)
