"""Every format of every table, the schema for editors, and tables that are shown and read back."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import mbcost
from mbcost import loads
from mbcost.tables import configs_folder, models
from mbcost.tables.writer import expanded
from tests.conftest import Said

Say = Callable[..., Said]
README = (Path(mbcost.__file__).parent.parent / "README.md").read_text(encoding="utf-8")
ROOT = Path(mbcost.__file__).parent.parent


# ---- formats


@pytest.mark.parametrize("format", ["csv", "markdown", "latex", "table"])
@pytest.mark.parametrize(
    "args",
    [
        ["table", "mobilenet_v1"],
        ["compare", "mobilenet_v1"],
        ["list"],
        ["conv", "8", "8", "--size", "7"],
        ["table", "mobilenet_v1", "--by", "kind"],
    ],
)
def test_every_format_of_every_table(args: list[str], format: str, say: Say) -> None:
    said = say(*args, "-f", format)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("\n")
    assert "\x1b" not in said.out
    assert "…" not in said.out
    if format == "markdown":
        assert re.search(r"(?m)^\| *:?-+", said.out)
    if format == "latex":
        assert "\\begin{tabular" in said.out or "\\begin{longtable" in said.out
        assert said.out.count("{") == said.out.count("}")


def test_csv_is_a_header_and_plain_integers(say: Say) -> None:
    rows = list(csv.DictReader(io.StringIO(say("table", "mobilenet_v1", "-f", "csv").out)))
    layers = [row for row in rows if not row["name"].startswith("total")]
    assert {"name", "kind", "input", "output", "kernel_size", "stride", "mult_adds", "params"} <= set(rows[0])
    assert sum(int(row["mult_adds"]) for row in layers) == 568_740_352
    assert sum(int(row["params"]) for row in layers) == 4_231_976
    assert len(layers) == 30


def test_the_schema_takes_every_shipped_table_and_refuses_broken_ones(say: Say) -> None:
    import yaml

    schema = json.loads(say("schema").out)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    checked = validator(schema)
    for model in models():
        text = Path(configs_folder(), "models", f"{model}.yaml").read_text(encoding="utf-8")
        problems = [error.message for error in checked.iter_errors(yaml.safe_load(text))]
        assert problems == [], model
    good = {
        "format": 1,
        "input": {"channels": 3, "resolution": 32},
        "layers": [{"op": "conv", "kernel_size": 3, "out_channels": 4}],
    }
    assert checked.is_valid(good)
    for change in ({"format": 2}, {"layer": []}, {"layers": [{"op": "depthwise", "strid": 2}]}, {"layers": [{"op": "linear", "norm": "no"}]},
                   {"layers": [{"op": "depthwise", "stride": 0}]}, {"rounding": "round"}):  # fmt: skip
        assert not checked.is_valid(good | change), change
    dense = {"op": "dense", "out_channels": 10}
    nested = {"op": "add", "branches": [[], [{"repeat": 2, "layers": [dense]}]]}
    listed = {"columns": ["op", "out_channels"], "layers": [["dense", 10]]}
    for change in ({"layers": [dense]}, {"layers": [nested]}, listed):
        assert not checked.is_valid(good | change), change
        assert checked.is_valid(
            good | change | {"blocks": {"dense": {"params": {"out_channels": 1}, "layers": good["layers"]}}}
        ), change
    for size in (1, 65_536, "32x48", [32, 48]):
        assert checked.is_valid(good | {"input": {"resolution": size}}), size
    for wrong in ({"channels": 3}, {"resolution": 32, "channel": 3}, {"resolution": 32, "channels": 0}, {"resolution": 0}, {"resolution": 65_537},
                  {"resolution": "32"}, {"resolution": "x32"}, {"resolution": [32]}, {"resolution": [32, 48, 3]}, {"resolution": [0, 48]}, 32):  # fmt: skip
        assert not checked.is_valid(good | {"input": wrong}), wrong
    for whole in ({"format": 1}, {"format": 1, "layers": []}, {"format": 1, "input": {"resolution": 32}}):
        assert not checked.is_valid(whole), whole


def test_what_is_not_written_in_a_table_is_not_written_out(say: Say) -> None:
    table = "format: 1\nname: net\n{}input: {{channels: 3, resolution: 32}}\nlayers:\n  - {{op: pointwise, out_channels: 4}}\n"
    head = 'source: {paper: "a b"}\nimplementation: "models/net.py, \\"v2\\""\n'
    bare, full = expanded(loads(table.format("")).table), expanded(loads(table.format(head)).table)
    assert full.splitlines()[2:4] == head.splitlines()
    assert bare.splitlines() == [line for line in full.splitlines() if line not in head.splitlines()]
    assert bare.splitlines()[2] == "input: {channels: 3, resolution: 32}"
    oblong = expanded(loads(table.format("").replace("32", "32x48")).table)
    assert oblong.splitlines()[2] == "input: {channels: 3, resolution: 32x48}"


@pytest.mark.parametrize("model", models())
def test_a_shown_table_is_read_back(model: str, say: Say, tmp_path: Path) -> None:
    """Both as it is shipped and with every default written out; the counts stay the same at other points too."""
    net = mbcost.load(model)
    points: list[dict[str, Any]] = [{}, {"resolution": 2 * net.base_resolution[0]}]
    points += [{"alpha": "1.3"}] if net.rounding is not None and "shuffle" not in model else []
    for args in (["show", model], ["show", model, "--expanded"]):
        path = tmp_path / "shown.yaml"
        path.write_text(say(*args).out, encoding="utf-8")
        shown = mbcost.load(str(path))
        for point in points:
            try:
                expected = net.cost(**point)
            except mbcost.MbcostError:
                continue  # a width that groups or halves do not divide
            found = shown.cost(**point)
            if "--expanded" in args:
                assert (found.mult_adds, found.params, found.norm_stats) == (
                    expected.mult_adds,
                    expected.params,
                    expected.norm_stats,
                )
            else:
                assert found.rows == expected.rows


def test_lint_finds_nothing_to_refuse_in_the_shipped_tables(say: Say) -> None:
    for model in models():
        said = say("lint", str(Path(configs_folder(), "models", f"{model}.yaml")))
        assert said.code == 0, (model, said)
