"""What import does with code of every sort: each case with its outcome."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import nets
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mbcost.cli import run
from mbcost.errors import MbcostError
from mbcost.importers import Imported, Source, import_code, raised, tracer
from mbcost.importers.graph import read_graph
from mbcost.importers.live import import_model

pytestmark = [
    pytest.mark.frameworks,
    # what people still use and PyTorch means to drop: TorchScript, eager quantisation
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]

NETS = str(Path(nets.__file__))
IMAGE = [[3, 32, 32]]


def traced(name: str, inputs: list[list[int]] | None = None, **args: Any) -> Imported:
    """A builder of nets.py, imported in this process."""
    inputs = inputs or IMAGE
    session = tracer.Session(f"{NETS}:{name}", None, {})
    session.target = getattr(nets, name)
    sizes = [inputs]
    if len(inputs[0]) == 3:
        sizes.append([[inputs[0][0], *(side + 1 for side in inputs[0][1:])], *inputs[1:]])
    document = json.loads(json.dumps(session.answer(args, sizes)))
    return raised(read_graph(document), Source(session.code, args, inputs))


def counted(name: str, inputs: list[list[int]] | None = None) -> tuple[int, int]:
    """Mult-adds by PyTorch's counter, and params, each parameter once; on the CPU it misses attention, so without data."""
    with torch.device("meta"):
        model = getattr(nets, name)().eval()
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(*[torch.empty(1, *shape, device="meta") for shape in inputs or IMAGE])
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    return counter.get_total_flops() // 2, sum(parameter.numel() for parameter in model.parameters())


def rows(table: Imported) -> list[tuple[str, int, int]]:
    return [(row.kind, row.mult_adds, row.params) for row in table.network.cost().rows]


EXACT = {
    "Shared": IMAGE, "Tied": [[16]], "in_place": IMAGE, "Outputs": IMAGE, "Checkpointed": IMAGE, "WithFunction": IMAGE,
    "weight_norm": IMAGE, "lstm": [[16, 8]], "encoder": [[10, 32]], "Scripted": IMAGE, "Einsum": IMAGE, "conv1d": [[4, 64]],
    "conv3d": [[3, 6, 8, 8]], "TwoInputs": [[3, 32, 32], [5]], "Lazy": IMAGE, "Written": IMAGE, "Transposed": IMAGE, "Unused": IMAGE,
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_its_cost_is_what_the_framework_counts(name: str) -> None:
    inputs = EXACT[name]
    cost = traced(name, inputs).network.cost()
    assert cost.exact
    if name == "Lazy":
        assert (cost.mult_adds, cost.params) == (30 * 30 * 27 * 8 + 32, 27 * 8 + 8 + 36)
        return
    assert (cost.mult_adds, cost.params) == counted(name, inputs)


def test_a_shared_layer_costs_each_time_and_has_its_params_once() -> None:
    assert rows(traced("Shared"))[1:3] == [("conv", 64 * 9 * 256, 584), ("custom", 64 * 9 * 256, 0)]


def test_a_second_head_is_a_row_that_reads_the_body() -> None:
    assert "from: conv_out" in traced("Outputs").text


def test_weights_that_a_run_leaves_out_are_a_row_that_names_them() -> None:
    assert "weights that this run does not use: extra" in traced("Unused").text


def test_one_axis_is_a_column() -> None:
    table = traced("conv1d", [[4, 64]])
    assert [row.output for row in table.network.cost().rows] == [(8, 32, 1), (8, 30, 1)]


def test_a_compiled_module_is_traced_as_it_was_written() -> None:
    assert rows(traced("compiled")) == rows(traced("in_place"))


def test_what_nobody_knows_makes_a_lower_bound_and_names_its_place() -> None:
    table = traced("Mysterious")
    cost = table.network.cost()
    assert not cost.exact
    assert cost.mult_adds == 30 * 30 * 8 * 31 - 30 * 30 * 8 * 4 + 30 * 30 * 8 * 4
    assert any("nobody knows the cost of" in remark for remark in table.remarks)


def test_a_shape_that_depends_on_values_is_not_known() -> None:
    table = traced("Nonzero")
    assert not table.network.cost().exact
    assert any("zeros" in remark for remark in table.remarks)


def test_a_branch_on_values_runs_on_zeros_and_says_so() -> None:
    table = traced("Branching")
    assert table.network.cost().mult_adds == 30 * 30 * 27 * 4
    assert any("zeros" in remark for remark in table.remarks)


def test_an_accelerator_is_not_needed() -> None:
    assert traced("OnCuda").network.cost().mult_adds == 30 * 30 * 27 * 4


def test_integer_weights_are_not_known() -> None:
    table = traced("quantised", [[16]])
    assert not table.network.cost().exact


def test_a_model_is_left_as_it_was() -> None:
    torch.manual_seed(7)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(0.5), nn.ReLU()).train()
    model[1].eval()
    calls: list[object] = []
    model.register_forward_hook(lambda *_: calls.append(1))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    tensors = [id(tensor) for tensor in [*model.parameters(), *model.buffers()]]
    modes = [module.training for module in model.modules()]
    hooks = [len(module._forward_hooks) for module in model.modules()]
    states = random.getstate(), torch.get_rng_state()
    tracer.TorchModel(torch, model, 1000).traces([IMAGE, [[3, 33, 33]]])
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert [id(tensor) for tensor in [*model.parameters(), *model.buffers()]] == tensors
    assert [module.training for module in model.modules()] == modes
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    assert not torch.nn.modules.module._global_forward_hooks
    assert not torch.nn.modules.module._global_forward_pre_hooks


def test_halves_and_inference_mode() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))

    class Inside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.inference_mode():
                return self.layers(x)

    found = [import_model(model, (3, 32, 32)) for model in (layers, Inside(), nn.Sequential(nn.Conv2d(3, 8, 3)).half())]
    with torch.inference_mode():
        found.append(import_model(layers, (3, 32, 32)))
    assert {(one.network.cost().mult_adds, one.network.cost().exact) for one in found} == {(900 * 216, True)}


def test_a_model_that_raises_is_left_as_it_was_too() -> None:
    class Fails(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError(f"no {self.conv(x).sum()}")

    model = Fails()
    with pytest.raises(RuntimeError):
        tracer.TorchModel(torch, model, 1000).traces([IMAGE])
    assert model.training
    assert str(model.conv.weight.device) == "cpu"
    assert not torch.nn.modules.module._global_forward_hooks


def failing(name: str, timeout: float = 300, inputs: list[list[int]] | None = None, **args: Any) -> str:
    """What is said of code that cannot be imported, by the process that runs it."""
    with pytest.raises(MbcostError) as caught:
        import_code(Source(f"{NETS}:{name}", args, inputs or IMAGE, sys.executable, timeout))
    return str(caught.value)


def test_a_builder_that_raises() -> None:
    said = failing("raises")
    assert said.startswith("ValueError: no weights at example.org")
    assert "raised in nets.py:" in said


def test_a_builder_that_is_missing() -> None:
    assert "has no `Shred`; did you mean Shared" in failing("Shred")


def test_a_class_that_needs_arguments() -> None:
    assert "missing 1 required positional argument: 'channels'" in failing("NeedsArguments")
    assert traced("NeedsArguments", channels=5).network.cost().rows[0].output[0] == 5


def test_a_builder_of_something_else() -> None:
    assert "gives no PyTorch module" in failing("nothing")


def test_a_builder_that_ends_the_process() -> None:
    assert "3" in failing("exits")


def test_a_builder_that_hangs() -> None:
    assert "took more than 8 seconds" in failing("hangs", timeout=8)


def test_a_loop_without_end() -> None:
    assert "runs more than 200,000 operations" in failing("random_depth", timeout=300)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="memory is limited on Unix alone")
def test_a_builder_that_allocates_without_end(tmp_path: Path) -> None:
    """On a machine of 4 GB, so that the test does not fill this one."""
    small = tmp_path / "python"
    small.write_text(f'#!/bin/sh\nulimit -d 4000000\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    small.chmod(0o755)
    with pytest.raises(MbcostError, match="needs more memory than this machine has"):
        import_code(Source(f"{NETS}:allocates", {}, IMAGE, str(small), 300))


def test_a_module_that_the_interpreter_does_not_have(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "no_such_package.nets:build", "--python", sys.executable]) == 2
    said = capfd.readouterr().err
    assert "no module named no_such_package" in said
    assert "--python" in said


def test_a_builder_that_prints_does_not_disturb_the_table(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["import", f"{NETS}:prints", "--python", sys.executable, "--input", "3x32x32"]) == 0
    said = capfd.readouterr()
    assert said.out.startswith("format: 1\n")
    assert "building" not in said.out


def test_a_model_in_a_module_needs_no_builder() -> None:
    assert import_code(Source(f"{NETS}:a_model", {}, IMAGE, sys.executable)).network.cost().params == 168


def test_the_same_bytes_twice() -> None:
    texts = {import_code(Source(f"{NETS}:Shared", {}, IMAGE, sys.executable)).text for _ in range(2)}
    assert len(texts) == 1
    (text,) = texts
    assert str(Path.home()) not in text
    assert os.sep + "nets.py" not in text
