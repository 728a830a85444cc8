"""Every rule: where it finds something, and where it must not."""

import pytest

from mbcost import loads
from mbcost.lint import RULES, lint
from mbcost.network import variant_of
from mbcost.tables import models

CONV = "op: conv, kernel_size: 3, out_channels: 16"
FOUND = [
    # code, rows, head, (row, fact) of every finding of that code
    ("MB201", "- {op: conv, name: classifier, kernel_size: 1, out_channels: 10}\n- {op: global_pool}", "",
     [("classifier", "`classifier` classifies a map of 32 x 32, and `global_pool_1` pools it afterwards")]),
    ("MB201", "- {op: conv, kernel_size: 1, out_channels: 10, norm: none, activation: none}\n- {op: dropout}\n- {op: avg_pool, kernel_size: 32, stride: 1, padding: valid}", "",
     [("conv_1", "`conv_1` classifies a map of 32 x 32, and `avg_pool_1` pools it afterwards")]),
    ("MB202", "- {op: pointwise, out_channels: 32}\n- {op: depthwise, input: 32x32x64}", "",
     [("depthwise_1", "`depthwise_1` is depthwise and its input is printed with 64 channels, but it reads 32")]),
    ("MB202", "- {op: depthwise, output: 32x32x64}", "",
     [("depthwise_1", "`depthwise_1` is depthwise and its output is printed with 64 channels, but it reads 16")]),
    ("MB202", "- {op: conv, kernel_size: 3, out_channels: 32, groups: 16}", "",
     [("conv_1", "`conv_1` has 16 groups on 16 channels in and 32 out: not one kernel a channel")]),
    ("MB202", "- {op: conv, kernel_size: 3, out_channels: 8, groups: 8}", "",
     [("conv_1", "`conv_1` has 8 groups on 16 channels in and 8 out: not one kernel a channel")]),
    ("MB202", "- {op: conv, kernel_size: 3, out_channels: 16, groups: 16}", "",
     [("conv_1", "`conv_1` is depthwise at alpha 1 alone: `groups` (=16) never sees alpha, its channels do")]),
    ("MB203", f"- {{{CONV}, bias: true}}", "", [("conv_1", "`conv_1` has a bias, and norm: batch takes it away again")]),
    ("MB203", f"- {{{CONV}, norm: none, activation: none}}\n- {{op: norm}}", "", [("conv_1", "`conv_1` has a bias, and `norm_1` below it takes it away again")]),
    ("MB203", "- {op: separable, out_channels: 16, bias: true, repeat: 2}", "",
     [("separable_1/depthwise", "`separable_1/depthwise` has a bias, and norm: batch takes it away again")]),
    ("MB204", f"- {{{CONV}, activation: none}}\n- {{op: norm}}", "", [("norm_1", "`norm_1`: norm batch again, directly below `conv_1`")]),
    ("MB204", f"- {{{CONV}}}\n- {{op: activation}}", "", [("activation_1", "`activation_1`: relu again, directly below `conv_1`")]),
    ("MB204", "- {op: global_pool}\n- {op: global_pool}\n- {op: dropout}\n- {op: dropout}\n- {op: softmax}\n- {op: softmax}", "",
     [("global_pool_2", "`global_pool_2`: global_pool again, directly below `global_pool_1`"), ("dropout_2", "`dropout_2`: dropout again, directly below `dropout_1`"),
      ("softmax_2", "`softmax_2`: softmax again, directly below `softmax_1`")]),
    ("MB205", f"- {{{CONV}}}\n- {{{CONV}}}", "", [("", "this conv row says the same as the one above it (line 6)")]),
    ("MB205", "- {op: b}", "blocks: {b: {layers: [{op: depthwise, stride: 1}, {op: depthwise, stride: 1}]}}", [("", "this depthwise says the same as the one above it (line 5)")]),
    ("MB406", f"- {{{CONV}}}\nignore: [{{code: MB203, why: x}}, {{code: MB204, row: conv_*, why: x}}, {{code: MB203, row: con_*, why: x}}, {{code: MB001, why: x}}]", "",
     [("", "`ignore` names the rows `con_*`, and there are none"), ("", "`ignore` names the code `MB001`, which is no finding")]),
    ("MB302", "- {op: separable, out_channels: 1}", "",
     [("separable_1", "`separable_1`: 163,840 mult-adds, where a standard 3 x 3 convolution from 16 to 1 channels needs 147,456")]),
    ("MB302", "- {op: depthwise, kernel_size: 1}\n- {op: pointwise, out_channels: 64}", "",
     [("depthwise_1", "`depthwise_1` with `pointwise_1`: 1,064,960 mult-adds, where a standard 1 x 1 convolution from 16 to 64 channels needs 1,048,576")]),
    ("MB206", f"- {{{CONV}}}\n- {{op: max_pool, kernel_size: 2, stride: 2}}\n- {{{CONV}}}\n- {{op: flatten}}\n- {{op: linear, out_channels: 10}}", "",
     [("conv_1", "`conv_1` has a batch norm that nothing in this table says")]),
    ("MB302", "- {op: separable, out_channels: 64, multiplier: 8}", "",
     [("separable_1", "`separable_1`: 9,568,256 mult-adds, where a standard 3 x 3 convolution from 16 to 64 channels needs 9,437,184")]),
    ("MB401", f"- {{{CONV}}}", "blocks: {a: {layers: [{op: dropout}]}, b: {layers: [{op: c}]}, c: {layers: [{op: dropout}]}}",
     [("", "no row calls the block `a`"), ("", "no row calls the block `b`"), ("", "no row calls the block `c`")]),
    ("MB402", "- {op: b, n: 8}", "blocks: {b: {params: {n: ~, stride: 1}, layers: [{op: pointwise, out_channels: $n, stride: 1}]}}",
     [("", "block `b` has the parameter `stride` and never uses it")]),
    ("MB402", "- {op: b, from: [input, input, input]}", "blocks: {b: {inputs: [x, y, z], layers: [{op: dropout}, {op: dropout, from: z}]}}",
     [("", "block `b` has the input `y` and never reads it")]),
    ("MB402", "- {op: b, from: [input, input]}", "blocks: {b: {inputs: [x, y], layers: [{op: dropout, from: y}]}}",
     [("", "block `b` has the input `x` and never reads it")]),
    ("MB403", f"- {{{CONV}, activation: relu}}", "defaults: {separable: {activation: relu6}, conv: {activation: relu6, norm: batch}, '*': {se: 1/4}}",
     [("", "the default `activation` of `separable` is never used: no row is `separable`"),
      ("", "the default `activation` of `conv` is never used: every `conv` row gives `activation` itself"),
      ("", "the default `se` of `*` is never used: no row has a field `se`")]),
    ("MB404", "- {op: pointwise, name: left, out_channels: 16}\n- {op: pointwise, name: right, from: input, out_channels: 16}\n- {op: add, from: [right, input]}", "",
     [("left", "nobody reads `left`, and it does not look like an output")]),
    ("MB404", "- {op: concat, name: c, from: [input, input]}\n- {op: global_pool, from: input}", "", [("c", "nobody reads `c`, and it does not look like an output")]),
    ("MB405", f"- {{{CONV}}}\nerrata: [{{row: conv_9, field: stride, printed: 2, why: x}}]", "", [("", "an erratum is about `conv_9`, and there is no such row")]),
]  # fmt: skip
SILENT = [
    ("MB201", "- {op: global_pool}\n- {op: linear, name: classifier, out_channels: 10}"),
    ("MB201", "- {op: flatten}\n- {op: linear, name: classifier, out_channels: 10}"),
    ("MB202", "- {op: conv, kernel_size: 3, out_channels: 16, groups: 2}\n- {op: depthwise, multiplier: 2, input: 32x32x16, output: 32x32x32}"),
    ("MB203", f"- {{{CONV}, norm: none}}\n- {{{CONV}, norm: layer, bias: true}}\n- {{{CONV}, norm: none, activation: relu}}\n- {{op: norm}}"),
    ("MB204", f"- {{{CONV}, activation: none}}\n- {{op: activation}}\n- {{op: norm}}\n- {{op: dropout}}\n- {{op: flatten}}"),
    ("MB205", f"- {{{CONV}}}\n- {{{CONV}, stride: 2}}\n- {{{CONV}, stride: 2, name: a}}\n- {{{CONV}, stride: 2, name: b}}\n- {{op: dropout}}\n- {{op: dropout}}"),
    ("MB205", f"- {{{CONV}, stride: 2}}\n- {{{CONV}, stride: 2}}"),
    ("MB205", "- {op: b}\n- {op: b}\nblocks: {b: {params: {stride: 2}, layers: [{op: depthwise, stride: $stride}]}}"),
    ("MB205", f"- {{{CONV}}}\n- {{{CONV}}}\ndefaults: {{conv: {{stride: 2}}}}"),
    ("MB206", f"- {{{CONV}, norm: batch}}\n- {{op: max_pool, kernel_size: 2, stride: 2}}\n- {{{CONV}}}\n- {{op: flatten}}\n- {{op: linear, out_channels: 10}}"),
    ("MB302", "- {op: separable, out_channels: 2}\n- {op: depthwise}\n- {op: softmax}"),
    ("MB402", "- {op: b, from: [input, input], n: 2}\nblocks: {b: {params: {n: ~}, inputs: [x, y], layers: [{op: dropout}, {op: avg_pool, kernel_size: [$n, $n], stride: 1}, {op: upsample, like: y}]}}"),
    ("MB404", f"- {{{CONV}, name: head, norm: none, activation: none}}\n- {{{CONV}, from: input}}\n- {{op: conv, kernel_size: 1, out_channels: 8}}"),
    ("MB404", "- {op: custom, name: head, mult_adds: 5, params: 7}\n- {op: custom, name: other, from: input, mult_adds: 5, cost: unknown}\n- {op: global_pool, from: input}"),
    ("MB405", f"- {{{CONV}}}\n- {{op: separable, out_channels: 8}}\nerrata: [{{row: conv_1, field: stride, printed: 2, why: x}}, {{row: separable_1/depthwise, field: stride, printed: 2, why: x}}]"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "rows", "head", "expected"), FOUND)
def test_a_rule_finds_what_it_is_for(linted, code, rows, head, expected) -> None:
    report = linted(rows, "rounding: floor" if not head else f"rounding: floor\n{head}")
    assert report.errors == ()
    assert [(finding.row, finding.fact) for finding in report.findings if finding.code == code] == expected


@pytest.mark.parametrize(("code", "rows"), SILENT)
def test_a_rule_is_silent_where_nothing_is_wrong(linted, code, rows) -> None:
    report = linted(rows)
    assert report.errors == ()
    assert [finding.fact for finding in report.findings if finding.code == code] == []


def test_every_rule_is_tried() -> None:
    tried = {code for code, *_ in FOUND}
    assert set(RULES) - tried == {
        "MB101",
        "MB102",
        "MB103",
        "MB301",
        "MB303",
        "MB304",
        "MB407",
        "MB501",
    }  # the others are below, in test_lint_sizes and in test_expect


def test_rows_that_a_paper_prints_twice_are_no_finding_unless_the_table_knows_repeat(linted) -> None:
    rows = f"- {{{CONV}}}\n- {{{CONV}}}"
    paper = 'rounding: floor\nsource: {paper: "arXiv:1905.02244", table: 1}'
    assert linted(rows, paper).findings == ()
    assert [f.code for f in linted(rows + f"\n- {{{CONV}, stride: 2, repeat: 2}}", paper).findings] == ["MB205"]


def test_channels_after_alpha(linted) -> None:
    rows = (
        "- {op: separable, out_channels: 32, repeat: 3}\n- {op: conv, kernel_size: 1, out_channels: 10, width: fixed}"
    )
    assert linted(rows).findings == ()
    (finding,) = linted(rows, alpha="0.35").findings
    assert (finding.code, finding.row, finding.copies) == ("MB301", "separable_1/pointwise", 2)
    assert (
        finding.message
        == "MB301 `separable_1/pointwise` has 11 channels at alpha 0.35, no multiple of 8 (and 2 more rows of this line)"
    )
    assert finding.help == "round with divisor:8, or choose an alpha at which it has 8 or 16"
    assert linted(rows, alpha="0.35", rounding="divisor:8").findings == ()


def test_one_channel_is_one_channel(linted) -> None:
    assert "MB301 `pointwise_1` has 1 channel at alpha 1, no multiple of 8" in str(
        linted("- {op: pointwise, out_channels: 1}").findings[0]
    )


@pytest.mark.parametrize("row", ["{op: activation, activation: relu}", "{op: norm, norm: group}"])
def test_a_doubled_layer_is_found_once(linted, row: str) -> None:
    assert [finding.code for finding in linted(f"- {row}\n- {row}").findings] == ["MB204"]


def test_widths_at_alpha_1_are_the_papers_own(linted) -> None:
    rows = "- {op: pointwise, out_channels: 30}"
    assert [f.fact for f in linted(rows).findings] == ["`pointwise_1` has 30 channels at alpha 1, no multiple of 8"]
    assert linted(rows, 'rounding: floor\nsource: {paper: "arXiv:1707.01083"}').findings == ()
    assert linted(rows, "").findings == ()  # no rounding: alpha cannot touch it


def test_a_stated_cost_does_not_scale(linted) -> None:
    rows = "- {op: custom, mult_adds: 1000, params_per_channel: 2}"
    assert linted(rows).findings == ()
    (finding,) = linted(rows, resolution=64).findings
    assert (finding.code, finding.fact) == (
        "MB303",
        "`custom_1`: its mult_adds are those of the table, at alpha 1 and 64 x 64 too",
    )


def test_factors_an_output_element_are_told_away_from_their_resolution(linted, tmp_path) -> None:
    rows = "- {op: custom, name: attention, mult_adds_per_output: 9, params: 0, repeat: 2}"
    assert linted(rows).findings == ()
    (finding,) = linted(rows, resolution=64).findings
    said = "`attention_1`: its mult_adds_per_output were stated at 32 x 32, and are taken at 64 x 64 too"
    assert (finding.code, finding.fact, finding.copies) == ("MB304", said, 1)
    meant = f"{rows}\nignore: [{{code: MB304, row: attention_*, why: a filter of nine taps}}]"
    report = linted(meant, resolution=64)
    assert (report.findings, len(report.ignored)) == ((), 2)
    (tmp_path / "base.yaml").write_text(f"format: 1\ninput: {{resolution: 32}}\nlayers:\n{rows}\n")
    top = tmp_path / "top.yaml"
    top.write_text("format: 1\nbase: {model: base.yaml}\ninput: {resolution: 48}\nlayers: [{op: global_pool}]\n")
    (finding,) = lint(str(top)).findings
    assert (finding.code, finding.place.line, finding.copies) == ("MB304", 2, 1)


def test_a_finding_is_ignored_where_the_table_says_why(linted) -> None:
    rows = f"- {{{CONV}, name: a, bias: true}}\n- {{{CONV}, name: b, bias: true}}"
    assert [f.row for f in linted(rows).findings] == ["a", "b"]
    report = linted(f"{rows}\nignore: [{{code: MB203, row: a, why: as published}}]")
    assert [f.row for f in report.findings] == ["b"]
    assert [f.row for f in report.ignored] == ["a"]
    assert linted(f"{rows}\nignore: [{{code: MB203, why: as published}}]").findings == ()


def test_what_is_wrong_in_every_copy_of_a_row_is_told_once(linted) -> None:
    block = "blocks: {b: {layers: [{op: dropout}, {op: custom, params: 3}]}}"
    (error,) = linted("- {op: b, repeat: 12}", block).errors
    assert error[1].fact == "`custom` states no mult_adds in layer `b_1/custom_1` (and in 11 more rows of this line)"


@pytest.mark.parametrize("model", models())
def test_shipped_tables_have_no_errors_and_only_odd_maps(model: str) -> None:
    report = lint(model)
    assert report.errors == ()
    assert {finding.code for finding in report.findings} <= {"MB103"}


@pytest.mark.parametrize(
    "model",
    ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "resnet50", "squeezenet_1_0", "vgg16"],
)
def test_the_best_known_tables_have_none_at_all(model: str) -> None:
    assert lint(model).findings == ()


def test_rows_of_a_base_are_the_bases_business(tmp_path) -> None:
    (tmp_path / "base.yaml").write_text(
        "format: 1\ninput: {resolution: 32}\nlayers: [{op: conv, kernel_size: 3, out_channels: 8, bias: true, input: 9x9x3}]\n"
    )
    path = tmp_path / "top.yaml"
    path.write_text("format: 1\nbase: {model: base.yaml}\nlayers: [{op: global_pool}]\n")
    assert lint(str(path)).findings == ()
    assert sorted(f.code for f in lint(str(tmp_path / "base.yaml")).findings) == ["MB101", "MB203"]


def test_a_change_in_a_base_says_which_copies_of_a_row_it_touches(tmp_path) -> None:
    def found(changes: str, more: str = "") -> list[str]:
        path = tmp_path / "top.yaml"
        path.write_text(f"format: 1\nbase: {{model: mobilenet_v1, set: {{{changes}}}}}\n{more}")
        return [finding.fact for finding in lint(str(path)).findings if finding.code == "MB407"]

    copies = (
        "and not in every copy of that row: `separable_7`, `separable_8`, `separable_9`, `separable_10`, `separable_11`"
    )
    first = f"`base.set` changes `kernel_size` in `separable_7`, `separable_9`, {copies}"
    assert found("separable_7.kernel_size: 5, separable_9.kernel_size: 5, separable_13.kernel_size: 5") == [first]
    assert found("separable_8.kernel_size: 5") == [f"`base.set` changes `kernel_size` in `separable_8`, {copies}"]
    assert found("separable_*.kernel_size: 5, separable_7.kernel_size: 3, separable_7.repeat: 5") == []
    assert found("separable_8.kernel_size: 5", "ignore: [{code: MB407, row: separable_8, why: one}]") == []


def test_all_problems_at_once(linted) -> None:
    rows = (
        "- {op: conv, kernel_size: 3, out_channels: 8, groups: 5}\n"
        "- {op: linear, out_channels: 8}\n"
        "- {op: conv, kernel_size: 3, out_channels: 9, groups: 4}\n"
        "- {op: max_pool, kernel_size: 3, stride: 1, padding: valid}"
    )
    report = linted(rows)
    assert [(code, error.place.line, error.fact) for code, error in report.errors] == [
        ("MB002", 6, "`in_channels` (=16) must be divisible by `groups` (=5) in layer `conv_1`"),
        ("MB002", 7, "a linear layer on a map of 32 x 32 in layer `linear_1`"),
        ("MB002", 8, "`out_channels` (=9) must be divisible by `groups` (=4) in layer `conv_2`"),
        ("MB002", 9, "a window of 3 does not fit a map of 1 padded by 0: the map vanishes in layer `max_pool_1`"),
    ]


def test_rows_that_name_no_row_are_all_found(linted) -> None:
    rows = "- {op: dropout, from: x}\n- {op: dropout, name: a}\n- {op: dropout, name: a}\n- {op: add, from: [a]}\n- {op: conv, out_channels: 8}"
    assert [(error.place.line, error.fact) for _, error in linted(rows).errors] == [
        (6, "`from: x` names no earlier row of this body"), (8, "two rows are called `a`"), (9, "`add` needs two inputs or more"),
        (10, "`conv` needs `kernel_size`"),
    ]  # fmt: skip


def test_a_relu_before_the_pool_is_another_network_if_a_paper_says_so(linted) -> None:
    rows = "- {op: conv, name: classifier, kernel_size: 1, out_channels: 10, norm: none, width: fixed}\n- {op: global_pool}"
    assert [f.code for f in linted(rows).findings] == ["MB201"]
    assert linted(rows, 'source: {paper: "arXiv:1602.07360"}').findings == ()


def test_a_linear_classifier_above_the_pool_is_an_error_and_a_finding(linted) -> None:
    report = linted("- {op: linear, name: classifier, out_channels: 10}\n- {op: global_pool}")
    assert [error.fact for _, error in report.errors] == ["a linear layer on a map of 32 x 32 in layer `classifier`"]
    assert [(f.code, f.row) for f in report.findings] == [("MB201", "classifier")]


def test_a_depthwise_row_has_no_width_of_its_own() -> None:
    from mbcost.errors import MbcostError

    with pytest.raises(MbcostError) as caught:
        loads("format: 1\ninput: {resolution: 8}\nlayers: [{op: depthwise, out_channels: 64}]")
    assert caught.value.help == "it puts out the channels that it reads, `multiplier` times as many"


def test_the_standard_twin_can_be_looked_at_too() -> None:
    report = lint("mobilenet_v1", variant_of("0.35", standard=True))
    assert report.errors == ()
    assert {finding.code for finding in report.findings} == {"MB301"}


def test_the_introduction_to_keras_has_its_params_once_it_says_what_its_convolutions_are(linted) -> None:
    """The MNIST network of Keras' own introduction: `count_params` prints 34,826."""
    conv = "op: conv, kernel_size: 3, padding: valid"
    pool = "{op: max_pool, kernel_size: 2, stride: 2, padding: valid}"
    rows = (
        f"- {{{conv}, out_channels: 32}}\n- {pool}\n- {{{conv}, out_channels: 64}}\n- {pool}\n"
        "- {op: flatten}\n- {op: dropout}\n- {op: linear, out_channels: 10}"
    )
    assert "MB206" in [finding.code for finding in linted(rows).findings]
    plain = "defaults: {conv: {norm: none, bias: true}}"
    assert "MB206" not in [finding.code for finding in linted(rows, plain).findings]
    network = loads(f"format: 1\ninput: {{channels: 1, resolution: 28}}\n{plain}\nlayers:\n{rows}\n")
    assert network.cost().params == 34_826
