"""Printed sizes, strides on points, odd maps."""

from pathlib import Path

import pytest

from mbcost.errors import MbcostError
from mbcost.layers.printed import PRINTED, Printed
from mbcost.lint import lint
from mbcost.network import variant_of
from tests.pace import within


def facts(report, code):
    assert report.errors == ()
    return [(finding.row, finding.fact) for finding in report.findings if finding.code == code]


def test_the_misprint_of_table_1_is_found_and_named(tables: Path) -> None:
    report = lint(str(tables / "mobilenet_v1_as_printed.yaml"))
    (finding,) = report.findings
    assert (finding.code, finding.row, finding.place.line, finding.place.column) == ("MB101", "depthwise_13", 30, 20)
    assert finding.fact == (
        "`depthwise_13`: stride 2 gives 4 x 4 x 1024, but `conv_14`'s input is printed as 7 x 7 x 1024 (line 31); "
        "stride 1 fits every printed size"
    )
    assert "errata: [{row: depthwise_13, field: stride, printed: 2, why: ...}]" in finding.help


def test_with_the_misprint_mended_nothing_is_left_and_the_count_is_the_papers(tables: Path) -> None:
    path = str(tables / "mobilenet_v1_as_printed.yaml")
    assert lint(path, variant_of(set={"depthwise_13.stride": 1})).findings == ()
    import mbcost

    network = mbcost.load(path)
    assert network.cost().mult_adds == 533_833_216
    assert network.cost(set={"depthwise_13.stride": 1}).mult_adds == 568_740_352


def test_the_misprint_is_named_where_it_makes_a_map_vanish_too(tables: Path, tmp_path: Path) -> None:
    text = (tables / "mobilenet_v1_as_printed.yaml").read_text()
    pool = "  - {op: avg_pool, kernel_size: 7, stride: 1, padding: valid, input: 7x7x1024}"
    path = tmp_path / "pool.yaml"
    path.write_text(text.replace("  - [global_pool, ~, ~,  ~, 7x7x1024]", pool))
    report = lint(str(path))
    assert [code for code, _ in report.errors] == ["MB002"]
    assert "a window of 7 does not fit a map of 4" in report.errors[0][1].fact
    assert [(finding.code, finding.row) for finding in report.findings] == [("MB101", "depthwise_13")]
    assert report.findings[0].fact.endswith("stride 1 fits every printed size")


@pytest.mark.parametrize(
    ("rows", "row", "said"),
    [
        # a stride left out, in a block's parameter, in a composite with a residual, under a repeat
        ("- {op: conv, kernel_size: 3, out_channels: 8}\n- {op: conv, kernel_size: 1, out_channels: 8, input: 16x16x8}", "conv_1",
         "stride 1 gives 32 x 32 x 8, but `conv_2`'s input is printed as 16 x 16 x 8 (line 7); stride 2 fits every printed size"),
        ("- {op: inverted_residual, expansion: 2, out_channels: 16, stride: 2, output: 32^2 x 16}", "inverted_residual_1",
         "stride 2 gives 16 x 16 x 16, but its own output is printed as 32 x 32 x 16; stride 1 fits every printed size"),
        ("- {op: separable, out_channels: 16, stride: 1, repeat: 3}\n- {op: global_pool, input: [16, 16, 16]}", "separable_3",
         "stride 1 gives 32 x 32 x 16, but `global_pool_1`'s input is printed as 16 x 16 x 16 (line 7); stride 2 fits every printed size"),
        ("- {op: pointwise, out_channels: 24}\n- {op: conv, kernel_size: 3, out_channels: 8, input: 32x32x32}", "pointwise_1",
         "out_channels 24 gives 32 x 32 x 24, but `conv_1`'s input is printed as 32 x 32 x 32 (line 7); out_channels 32 fits every printed size"),
    ],
)  # fmt: skip
def test_the_row_that_causes_a_wrong_size_is_named(linted, rows, row, said) -> None:
    assert facts(linted(rows), "MB101") == [(row, f"`{row}`: {said}")]


def test_a_size_that_nothing_explains_is_a_plain_finding_and_what_follows_from_it_is_none(linted) -> None:
    rows = "- {op: dropout, input: 9x9}\n- {op: conv, kernel_size: 3, out_channels: 8, input: 9x9x16}\n- {op: global_pool, input: 9x9x8}"
    assert facts(linted(rows), "MB101") == [
        ("dropout_1", "`dropout_1`: its input is printed as 9 x 9, but the rows above give 32 x 32 x 16")
    ]


def test_two_misprints_are_two_findings(linted) -> None:
    rows = (
        "- {op: separable, out_channels: 16, stride: 2, input: 32x32x16, output: 32x32x16}\n"
        "- {op: separable, out_channels: 16, stride: 2, input: 32x32x16, output: 16x16x16}\n"
        "- {op: separable, out_channels: 16, input: 16x16x16, output: 8x8x16}\n"
        "- {op: global_pool, input: 8x8x16}"
    )
    assert [row for row, _ in facts(linted(rows), "MB101")] == ["separable_1", "separable_3"]


def test_an_erratum_about_a_printed_size_acknowledges_it(linted) -> None:
    rows = "- {op: dropout, input: 9x9x16}\nerrata: [{row: dropout_1, field: input, printed: 9x9x16, why: a slip}]"
    assert linted(rows).findings == ()


def test_printed_sizes_are_compared_at_alpha_1_and_the_tables_resolution(linted) -> None:
    rows = "- {op: conv, kernel_size: 3, out_channels: 16, stride: 2, input: 32x32x16, output: 16x16x16}"
    assert linted(rows, alpha="0.5", resolution=64).findings == ()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("224x224x3", Printed(224, 224, 3)), ("7 x 5 x 16", Printed(7, 5, 16)), ("112^2 x 16", Printed(112, 112, 16)), ("14²×512", Printed(14, 14, 512)),
        ("7x7", Printed(7, 7, None)), ("1^2", Printed(1, 1, None)), (["16", "7", "5"], Printed(7, 5, 16)),
    ],
)  # fmt: skip
def test_sizes_are_read_as_papers_print_them(text, size) -> None:
    assert PRINTED.read(text) == size
    assert PRINTED.read(PRINTED.text(size)) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7x",
        "x7",
        "0x7x3",
        "7x7x0",
        "7x7x7x7",
        "1e2x3",
        "-7x7",
        "70000x1x1",
        ["1", "2"],
        ["1", "2", "x"],
        "$p",
        "٣x٣",
    ],
)
def test_what_is_no_size_is_refused(text) -> None:
    with pytest.raises(MbcostError, match="is not a"):
        PRINTED.read(text)


def test_a_printed_size_that_cannot_be_read_is_an_error_of_the_table(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "format: 1\ninput: {resolution: 8}\nlayers: [{op: dropout, input: 7x7x}, {op: dropout, cost: free}]\n"
    )
    assert [(code, error.place.column, error.fact) for code, error in lint(str(path)).errors] == [
        ("MB001", 31, "`input`: `7x7x` is not a size such as 224x224x3, 112^2 x 16, 7x7 or [3, 224, 224]"),
        ("MB001", 58, "`cost`: `free` is not `unknown`"),
    ]


def test_a_stride_on_a_point(linted) -> None:
    rows = "- {op: global_pool}\n- {op: separable, out_channels: 8, stride: 2}\n- {op: max_pool, kernel_size: 1}"
    assert facts(linted(rows), "MB102") == [
        ("separable_1/depthwise", "`separable_1/depthwise` has stride 2 on a map of 1 x 1")
    ]


def test_a_stride_on_an_odd_map_where_a_fixed_padding_gives_another(linted) -> None:
    rows = "- {op: conv, kernel_size: 4, out_channels: 8, stride: 2}\n- {op: max_pool, kernel_size: 2, stride: [1, 2]}"
    said = "stride 2 on a map of 225 x 225: `same` gives 113 x 113, a fixed padding 112 x 112"
    pooled = "stride 1 x 2 on a map of 113 x 113: `same` gives 113 x 57, a fixed padding 112 x 56"
    assert facts(linted(rows, size=225), "MB103") == [
        ("conv_1", f"`conv_1`: {said}"),
        ("max_pool_1", f"`max_pool_1`: {pooled}"),
    ]
    assert facts(linted(rows), "MB103") == []


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("side", [37, 75, 113])
def test_the_fixed_padding_of_the_message_is_that_of_the_table_that_writes_it(linted, kernel, side) -> None:
    import mbcost

    def made(padding: object) -> int:
        row = f"{{op: conv, kernel_size: {kernel}, out_channels: 8, stride: 2, padding: {padding}}}"
        table = f"format: 1\ninput: {{channels: 3, resolution: {side}}}\nlayers: [{row}]"
        return int(mbcost.loads(table).cost().rows[0].output[1])

    same, fixed = made("same"), made((kernel - 1) // 2)
    found = facts(linted(f"- {{op: conv, kernel_size: {kernel}, out_channels: 8, stride: 2}}", size=side), "MB103")
    assert bool(found) == (same != fixed)
    if found:
        assert found[0][1].endswith(f"`same` gives {same} x {same}, a fixed padding {fixed} x {fixed}")


@pytest.mark.parametrize(
    "row",
    [
        "{op: conv, kernel_size: 3, out_channels: 8, stride: 2, padding: 1}",
        "{op: conv, kernel_size: 1, out_channels: 8, stride: 2}",
    ],
)
def test_a_padding_that_is_written_or_does_not_matter_is_no_finding(linted, row) -> None:
    assert facts(linted(f"- {row}", size=225), "MB103") == []


def test_a_wrong_input_size_is_one_finding_and_what_is_wrong_below_it_another(linted) -> None:
    rows = "- {op: conv, name: a, kernel_size: 3, out_channels: 8, input: 9x9x9}\n- {op: conv, name: b, kernel_size: 3, out_channels: 8, input: 9x9x9}"
    assert facts(linted(rows), "MB101") == [
        (
            "a",
            "`a`: out_channels 8 gives 9 x 9 x 8, but `b`'s input is printed as 9 x 9 x 9 (line 7); out_channels 9 fits every printed size",
        ),
        ("a", "`a`: its input is printed as 9 x 9 x 9, but the rows above give 32 x 32 x 16"),
    ]


def test_many_wrong_sizes_do_not_take_long(linted) -> None:
    from time import process_time

    rows = "\n".join(f"- {{op: separable, name: s{i}, out_channels: 16, input: 9x9x9}}" for i in range(5000))
    before = process_time()
    assert 1 <= len(facts(linted(rows), "MB101")) <= 100
    assert within(process_time() - before, 5)
