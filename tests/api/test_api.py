"""The public API: what the commands can, Python can, with the same numbers."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import mbcost
from mbcost.cli import COMMANDS, run
from tests.inline import says

V1 = mbcost.load("mobilenet_v1")


def document(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> Any:
    """What a command prints as JSON."""
    assert run([*args, "-f", "json"]) == code
    return json.loads(capsys.readouterr().out)


def test_the_package_lists_what_it_offers() -> None:
    offered = set(mbcost.__all__)
    assert offered <= set(dir(mbcost))
    assert {"load", "loads", "check", "compare", "diff", "Network", "Cost", "Grid", "Formula", "Solution"} <= offered
    for name in offered:
        assert name == "__version__" or getattr(mbcost, name).__doc__, name
    for name in ("cost", "grid", "standard", "having"):
        assert getattr(mbcost.Network, name).__doc__, name


PUBLIC = {
    "list": (mbcost.models,),
    "import": (mbcost.from_code, mbcost.from_module, mbcost.from_builder),
    "show": (mbcost.Network.show,),
    "table": (mbcost.Network.cost, mbcost.Cost.explain),
    "compare": (mbcost.Network.compare, mbcost.compare),
    "conv": (mbcost.conv,),
    "formula": (mbcost.Network.formula, mbcost.Network.sensitivity),
    "sweep": (mbcost.Network.grid,),
    "solve": (mbcost.Network.solve,),
    "check": (mbcost.check,),
    "diff": (mbcost.Network.diff, mbcost.diff),
    "history": (mbcost.history,),
    "reproduce": (mbcost.reproduce,),
    "explore": (mbcost.explorer,),
    "conventions": (mbcost.Network.conventions,),
    "memory": (mbcost.Network.memory,),
    "roofline": (mbcost.Network.roofline,),
    "lint": (mbcost.Network.lint,),
    "schema": (mbcost.schema,),
    "help": (),  # texts
}


def test_every_command_has_a_public_call() -> None:
    assert set(PUBLIC) == set(COMMANDS)
    for call in [call for calls in PUBLIC.values() for call in calls]:
        assert call.__doc__
        owner, _, name = call.__qualname__.rpartition(".")
        assert name in dir({"": mbcost, "Network": mbcost.Network, "Cost": mbcost.Cost}[owner])


def test_the_calls_beside_networks_are_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    names = [model["name"] for model in document(capsys, "list", "efficientnet_b")["models"]]
    assert sorted(names) == [name for name in mbcost.models() if "efficientnet_b" in name]
    line = document(capsys, "table", "mobilenet_v1", "--layer", "conv_1")["formulas"][0]
    assert V1.cost().explain("conv_1")[0].symbols == line["symbols"]
    with says("there is no layer `cnv_1`", "did you mean `conv_1`"):
        V1.cost().explain("cnv_1")
    bare = mbcost.conv(512, 256, (3, 5), size="14x20", stride=2, alpha="0.75", convention="thop", batch=2)
    said = document(
        capsys, "conv", "512", "256", "-k", "3x5", "--size", "14x20", "--stride", "2", "-a", "0.75", "--convention", "thop", "--batch", "2"
    )  # fmt: skip
    assert (said["standard"]["mult_adds"], said["theory"]) == (bare.standard.mult_adds, float(bare.theory))
    found = V1.roofline("31.2", bits=8, alpha="0.5")
    said = document(capsys, "roofline", "mobilenet_v1", "--ridge-point", "31.2", "--bits", "8", "-a", "0.5")
    assert [layer["time"] for layer in said["layers"]] == [str(layer.time) for layer in found.layers]
    with says("a roofline is that of a device"):
        V1.roofline()
    said = document(capsys, "formula", "mobilenet_v1", "--sensitivity")
    assert said["partials"][0]["derivative"] == V1.sensitivity().partials[0].derivative
    tables = mbcost.reproduce("mobilenet_v1", ["4"])
    said = document(capsys, "reproduce", "mobilenet_v1", "--table", "4")
    assert [cell["verdict"] for cell in said["tables"][0]["cells"]] == [cell.verdict for cell in tables[0].cells]
    assert run(["show", "mobilenet_v1"]) == 0
    assert capsys.readouterr().out == V1.show()
    for budgets in ([], ["--budgets"]):
        assert run(["schema", *budgets]) == 0
        assert json.loads(capsys.readouterr().out) == mbcost.schema(budgets=bool(budgets))


def test_a_history_and_a_page_are_the_commands(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["check", "mobilenet_v1", "--max-params", "5M", "--append", "runs.jsonl"]) == 0
    (entry,) = mbcost.history("runs.jsonl")
    assert (entry.status, entry.params) == ("pass", V1.cost().params)
    assert (
        run(["explore", "mobilenet_v1@0.5/160", "--max-mult-adds", "300M", "--classes", "10", "-o", "page.html"]) == 0
    )
    page = mbcost.explorer("mobilenet_v1@0.5/160", max_mult_adds="300M", classes=10)
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    with says("max_params", "no"):
        mbcost.explorer(V1, max_params="many")
    with says("is a pickle"):
        mbcost.from_code("net.pkl")
    with says("net.onnx is read, not run"):
        mbcost.from_code("net.onnx", vary="width")


def test_a_text_is_a_table() -> None:
    text = "format: 1\ninput: {channels: 3, resolution: 8}\nlayers:\n  - {op: conv, kernel_size: 3, out_channels: 4}\n"
    assert mbcost.loads(text).cost().mult_adds == 9 * 3 * 4 * 64
    with says("net.yaml:4", "kernel"):
        mbcost.loads(text.replace("kernel_size", "kernel"), "net.yaml")


def test_solving_is_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    said = document(capsys, "solve", "mobilenet_v2", "--max-mult-adds", "150M", "--max-params", "2M", "-r", "128,192")
    found = mbcost.load("mobilenet_v2").solve(max_mult_adds="150M", max_params="2M", resolution=[128, 192])
    assert found is not None
    assert (said["alpha"]["from"], said["resolution"]) == (str(found.alpha), list(found.size))
    assert (said["mult_adds"], said["params"], said["binding"]) == (
        *[found.values[q] for q in ("mult_adds", "params")],
        found.binding,
    )
    fixed = V1.solve(alpha="0.5", max_mult_adds="100M")
    assert fixed is not None
    assert document(capsys, "solve", "mobilenet_v1", "-a", "0.5", "--max-mult-adds", "100M")["resolution"] == list(
        fixed.size
    )
    bytes_ = V1.solve(max_model_bytes="4MiB", bits=8)
    assert bytes_ is not None
    assert bytes_.values["model_bytes"] <= 4 << 20


def test_solving_without_an_answer_or_without_a_question() -> None:
    assert V1.solve(max_params=10_000) is None
    for ask, words in (
        (V1.solve, "solve needs a limit"),
        (lambda: V1.solve(max_parms="3M"), "there is no quantity `parms`"),
        (lambda: V1.solve(max_params="1M", min_params="2M"), "min_params (=2000000) is above max_params (=1000000)"),
        (lambda: V1.solve(max_params="1M", rho="1/2", resolution=128), "rho and a resolution are both given"),
    ):
        with says(words):
            ask()
    unknown = mbcost.loads(
        "format: 1\nrounding: floor\ninput: {channels: 3, resolution: 8}\n"
        "layers:\n  - {op: conv, kernel_size: 3, out_channels: 8}\n  - {op: softmax, cost: unknown}\n"
    )
    with says("no network is known to be within the limits", "softmax_1"):
        unknown.solve(max_mult_adds="20000")


def test_networks_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    models = "mobilenet_v1@0.5/160", "mobilenet_v2@/224"
    said = document(capsys, "compare", *models)
    found = mbcost.compare(*models)
    assert [(m["mult_adds"], m["params"]) for m in said["models"]] == [(c.mult_adds, c.params) for c in found]
    assert mbcost.compare(V1, V1.standard())[1].mult_adds == V1.compare().total.standard.mult_adds
    with says("`mobilenet_v1@0.5` and alpha= both set the alpha"):
        mbcost.compare("mobilenet_v1@0.5", alpha="1")


def test_a_difference_is_the_command_s(capsys: pytest.CaptureFixture[str]) -> None:
    said = document(capsys, "diff", "mobilenet_v1", "mobilenet_v2")
    found = V1.diff("mobilenet_v2")
    assert said["total"]["mult_adds"]["difference"] == found.total("mult_adds")
    assert [layer["name"] for layer in said["layers"]] == [change.name for change in found.changed]
    assert repr(V1.diff(V1)) == "<Difference mobilenet_v1 -> mobilenet_v1: 0 of 30 layers, +0 mult-adds>"


def test_conventions_lint_and_memory(capsys: pytest.CaptureFixture[str]) -> None:
    said = document(capsys, "conventions", "mobilenet_v1")["conventions"]
    assert [(c["name"], c["reported"]) for c in said] == [(c.convention.name, c.reported) for c in V1.conventions()]
    assert len(V1.lint(alpha="0.35").findings) == len(
        document(capsys, "lint", "mobilenet_v1", "-a", "0.35")["findings"]
    )
    assert V1.memory().elements == V1.cost().total("peak_memory") == 1204224


def test_budgets_files(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mbcost-budgets.yaml"
    file.write_text("format: 1\nbudgets: [{model: mobilenet_v1, max: {mult_adds: 500M}}]\n")
    monkeypatch.chdir(tmp_path)
    for outcome in (mbcost.check(), mbcost.check(str(file))):
        assert not outcome.passed
        assert outcome.failures[0].over == 68_740_352
        assert repr(outcome) == "<Outcome: 1 of 1 over>"


def test_what_a_notebook_shows() -> None:
    cost = V1.cost("0.75", resolution=192)
    assert "<td" in cost._repr_html_()
    assert "239,273,472" in cost._repr_html_()
    assert V1._repr_html_() == V1.cost()._repr_html_()
    assert repr(V1) == "<Network mobilenet_v1: 224 x 224, rounding floor>"
    assert repr(V1.cost(alpha="1/3", ideal=True)).startswith("<Idealised cost of mobilenet_v1, alpha 1/3")
    grid = V1.grid(["0.5", 1], [128, 224])
    assert repr(grid) == "<Grid of mobilenet_v1: 2 alphas x 2 resolutions>"
    assert grid._repr_html_().count("<tr>") == 5
    formula = V1.formula()
    assert (
        repr(formula)
        == "<Formula of mobilenet_v1: mult-adds = rho^2 (539492352 alpha^2 + 28224000 alpha) + 1024000 alpha>"
    )
    assert formula._repr_latex_().startswith(r"$$\begin{aligned}\text{mult-adds} &= ")
    assert r" \\ \text{params} &= " in formula._repr_latex_()
    best = V1.solve(max_mult_adds="300M")
    assert repr(best) == (
        f"<Solution alpha 737/1024, resolution 224 x 224: 299,816,242 mult_adds, {V1.cost('737/1024').params:,} params>"
    )
    assert "300,711,737" in best._repr_html_()


def test_a_name_from_outside_is_text_in_a_notebook() -> None:
    text = "format: 1\nname: net\ninput: {channels: 3, resolution: 8}\nlayers:\n  - {op: conv, name: a, kernel_size: 3, out_channels: 4}\n"
    network = mbcost.loads(text)
    network.table.name = "<script>alert(1)</script>"
    for shown in (network.cost()._repr_html_(), network._repr_html_(), network.grid([1])._repr_html_()):
        assert "<script" not in shown
        assert "&lt;script" in shown


def test_rows_as_dictionaries_and_as_a_frame(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = V1.cost("0.75")
    layers = document(capsys, "table", "mobilenet_v1", "-a", "0.75")["layers"]
    rows = cost.as_dicts()
    assert [row["mult_adds"] for row in rows] == [layer["mult_adds"] for layer in layers]
    assert rows[1]["total_activations"] == layers[1]["quantities"]["total_activations"]
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=list))
    assert cost.to_pandas() == rows
    assert V1.grid(["0.5"]).to_pandas()[0]["mult_adds"] == 149_497_088
    monkeypatch.setitem(sys.modules, "pandas", None)
    with says("pandas is not installed", "cost.as_dicts()"):
        cost.to_pandas()


def test_arrays_and_fractions() -> None:
    many = V1.cost(np.array([0.5, 0.75]), resolution=np.array([224, 192]))
    assert many.mult_adds.tolist() == [149_497_088, 239_273_472]
    assert V1.cost(np.float64(0.5)).mult_adds == 149_497_088
    assert V1.cost("1/3", ideal=True).mult_adds == Fraction(539_492_352, 9) + Fraction(28_224_000 + 1_024_000, 3)
    with says("alphas must be a list, not str"):
        V1.grid("0.5")
