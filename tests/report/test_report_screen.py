"""The table on a terminal: exact pictures, and what holds at every width."""

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from mbcost.report import Column, Table, render
from mbcost.report.cells import LEFT, cell_texts

NATURAL = """\
mobilenet_v1, four layers, alpha 1, resolution 224

layer             kind         output       mult-adds     share     params  of standard
───────────────────────────────────────────────────────────────────────────────────────
conv_1            convolution  32x112x112  10,838,016   26.33 %        928            -
───────────────────────────────────────────────────────────────────────────────────────
conv_2/depthwise  depthwise    32x112x112   3,612,672    8.78 %        352            -
conv_2/pointwise  pointwise    64x112x112  25,690,112   62.41 %      2,176       0.1267
───────────────────────────────────────────────────────────────────────────────────────
fc                classifier   1000x1x1     1,024,000    2.49 %  1,025,000            -
───────────────────────────────────────────────────────────────────────────────────────
total                                      41,164,800  100.00 %  1,028,456

convention torch: mult-adds of convolutions and linear layers, 61.30 % of them above
"""

AT_80 = """\
mobilenet_v1, four layers, alpha 1, resolution 224

layer             kind         output       mult-adds     share     params
──────────────────────────────────────────────────────────────────────────
"""

AT_40 = """\
mobilenet_v1, four layers, alpha 1,
resolution 224

layer              mult-adds     params
───────────────────────────────────────
conv_1            10,838,016        928
───────────────────────────────────────
conv_2/depthwise   3,612,672        352
conv_2/pointwise  25,690,112      2,176
───────────────────────────────────────
fc                 1,024,000  1,025,000
───────────────────────────────────────
total             41,164,800  1,028,456

convention torch: mult-adds of
  convolutions and linear layers,
  61.30 % of them above
columns left out at this width: kind,
  output, share, of standard; widen the
  terminal or use -f csv
"""

AT_34 = """\
layer        mult-adds     params
─────────────────────────────────
conv_1      10,838,016        928
─────────────────────────────────
conv_2/      3,612,672        352
 depthwise
conv_2/     25,690,112      2,176
 pointwise
─────────────────────────────────
fc           1,024,000  1,025,000
─────────────────────────────────
total       41,164,800  1,028,456
"""


def test_off_a_terminal_everything_is_there(layers: Table) -> None:
    assert render(layers, "table") == NATURAL


def test_a_wide_terminal_changes_nothing(layers: Table) -> None:
    assert render(layers, "table", width=200) == NATURAL
    assert render(layers, "table", width=87) == NATURAL


def test_a_heading_breaks_before_a_column_is_left_out(layers: Table) -> None:
    text = render(layers, "table", width=86)
    assert text.splitlines()[2].split() == ["of"]
    assert text.splitlines()[3].endswith("  share     params  standard")
    assert "left out" not in text


def test_at_80_columns_the_least_important_column_goes_first(layers: Table) -> None:
    text = render(layers, "table", width=80)
    assert text.startswith(AT_80)
    assert text.endswith("\ncolumns left out at this width: of standard; widen the terminal or use -f csv\n")


def test_at_40_columns_counts_are_whole(layers: Table) -> None:
    assert render(layers, "table", width=40) == AT_40


def test_names_fold_only_when_nothing_else_is_left(layers: Table) -> None:
    assert render(layers._replace(title="", notes=()), "table", width=34).startswith(AT_34)


def test_numbers_overflow_rather_than_break(layers: Table) -> None:
    text = render(layers, "table", width=20)
    assert "conv_2/     25,690,112      2,176\n pointwise\n" in text


@pytest.mark.parametrize("width", [-5, 0, 1, 3])
def test_one_column_is_always_left(width: int) -> None:
    columns = (Column("a", "a", "count", 1), Column("b", "b", "count", 2))
    lines = render(Table("", columns, ((1024, 2048),)), "table", width=width).splitlines()
    assert lines[:3] == ["    a", "─────", "1,024"]


def test_signs_fractions_and_dashes(changes: Table) -> None:
    assert render(changes, "table") == (
        "what 50 % & more cost\n"
        "\n"
        "alpha   params  mult-adds  remark\n"
        "────────────────────────────────────────────────────────\n"
        " 0.75   +1,234    +2.13 %  a | b\n"
        '  6/7  -21,888   -33.33 %  the "new" one, _much_ smaller\n'
        "    1        0     0.00 %  -\n"
    )


def test_a_text_wraps_between_words(changes: Table) -> None:
    assert render(changes, "table", width=52).splitlines()[4:] == [
        " 0.75   +1,234    +2.13 %  a | b",
        '  6/7  -21,888   -33.33 %  the "new" one, _much_',
        "                           smaller",
        "    1        0     0.00 %  -",
    ]


def test_colour_is_bold_heading_and_total_and_nothing_else(layers: Table) -> None:
    text = render(layers, "table", color=True)
    lines = text.splitlines()
    assert {line for line in lines if "\x1b" in line} == {lines[2], lines[11]}
    assert set(re.findall(r"\x1b\[[0-9;]*m", text)) == {"\x1b[1m", "\x1b[0m"}
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in lines]
    assert plain == NATURAL.splitlines()


def test_colour_is_the_callers_decision_alone(layers: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = render(layers, "table", color=True)
    for name, value in {"NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "30", "LINES": "2"}.items():
        monkeypatch.setenv(name, value)
        assert render(layers, "table") == NATURAL
        assert render(layers, "table", color=True) == coloured


def test_ascii_where_the_stream_takes_no_more() -> None:
    table = Table(
        "α × ρ², ½",
        (Column("a", "α", "name"), Column("n", "mult–adds", "count")),
        (("straße", 1024),),
        ("…", 1024),
        ("2 ≤ 3",),
    )
    for fmt in ("table", "markdown", "latex", "csv"):
        assert render(table, fmt, ascii=True).isascii()
    assert render(table, "table", ascii=True) == (
        "alpha x rho^2, \\xbd\n"
        "\n"
        "alpha      mult-adds\n"
        "--------------------\n"
        "stra\\xdfe      1,024\n"
        "--------------------\n"
        "...            1,024\n"
        "\n"
        "2 <= 3\n"
    )


def test_wide_characters_keep_the_columns_straight() -> None:
    table = Table("", (Column("n", "layer", "name"), Column("c", "params", "count")), (("畳み込み", 1), ("conv", 22)))
    assert [cell_len(line) for line in render(table, "table").splitlines()] == [16, 16, 16, 16]


def test_nothing_in_a_name_reaches_the_terminal_as_a_command() -> None:
    table = Table("t\x1b]0;", (Column("n", "la\tyer", "name"),), (("[bold]:smile:\x1b[2J\nfc",),), notes=("a\rb",))
    text = render(table, "table", color=True)
    assert "[bold]:smile:\\x1b[2J\\nfc" in text
    assert re.sub(r"\x1b\[[01]m|\n", "", text).isprintable()


@pytest.mark.parametrize("fmt", ["table", "csv", "markdown", "latex"])
def test_a_table_without_rows_or_columns_is_still_a_table(fmt: str) -> None:
    columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
    assert "params" in render(Table("none", columns, ()), fmt)
    assert render(Table("", columns, (), total=("", 0)), fmt, width=10 if fmt == "table" else None).endswith("\n")
    assert render(Table("", (), ()), fmt).endswith("\n")


def test_empty_columns_and_rows_keep_their_place() -> None:
    columns = (Column("a", "", "text"), Column("n", "n", "count"), Column("z", "", "text"))
    table = Table("", columns, (("", 1, ""), ("", "", ""), ("", 2, "")), sections=(2,))
    assert render(table, "table").splitlines() == ["   n", "───────", "   1", "", "───────", "   2"]


def test_sections_outside_the_rows_draw_nothing(layers: Table) -> None:
    strange = layers._replace(sections=(0, -1, 4, 99, 1, 1, 3))
    assert render(strange, "table") == NATURAL


def test_a_row_that_does_not_fit_its_columns_is_an_error(layers: Table) -> None:
    for broken in (layers._replace(rows=(("conv", 1),)), layers._replace(total=("total",))):
        with pytest.raises(ValueError, match="zip"):
            render(broken, "table")


# --- what holds at every width -----------------------------------------------------------------------------

WORD = st.text("abcdefgh", min_size=1, max_size=9)
NAMES = st.lists(WORD, min_size=1, max_size=4).flatmap(
    lambda parts: st.lists(st.sampled_from("/_"), min_size=len(parts), max_size=len(parts)).map(
        lambda glue: "".join(p + g for p, g in zip(parts, glue, strict=True))[:-1]
    )
)
TEXTS = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
RATIONALS = st.fractions(-5, 5, max_denominator=10**6)
VALUES = {
    "name": NAMES,
    "text": TEXTS,
    "count": st.integers(0, 10**13),
    "delta": st.integers(-(10**10), 10**10),
    "share": RATIONALS,
    "percent_change": RATIONALS,
    "ratio": RATIONALS,
    "number": RATIONALS,
    "shape": st.tuples(st.integers(1, 4096), st.integers(1, 512), st.integers(1, 512)),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=8))
    columns = tuple(
        Column(f"key_{i}", draw(TEXTS.filter(lambda t: len(t) < 25)), kind, draw(st.integers(0, 3)))
        for i, kind in enumerate(kinds)
    )
    row = st.tuples(*[VALUES[kind] | st.none() for kind in kinds])
    return Table(
        draw(TEXTS),
        columns,
        tuple(draw(st.lists(row, max_size=6))),
        draw(st.none() | row),
        tuple(draw(st.lists(TEXTS, max_size=2))),
        tuple(draw(st.lists(st.integers(0, 6), max_size=3))),
    )


def shown_columns(table: Table, text: str) -> list[int]:
    """The indices of the columns that are on the screen, by the note about those that are not."""
    flat = " ".join(text.split())
    if "columns left out at this width: " not in flat:
        return list(range(len(table.columns)))
    note = flat.split("columns left out at this width: ")[1].split("; widen the terminal")[0]
    left_out = note.split(", ")
    shown = []
    for i, column in enumerate(table.columns):
        if left_out and left_out[0] == column.heading and column.priority > 0:
            del left_out[0]
        else:
            shown.append(i)
    return shown


def least_width(table: Table) -> int:
    """The narrowest the columns of priority 0 can get, counted independently of the renderer."""
    texts, total = cell_texts(table)
    widths = []
    for i, column in enumerate(table.columns):
        if column.priority:
            continue
        parts = column.heading.split(" ")
        for cell in [*texts[i], *([total[i]] if total else [])]:
            if column.kind == "name":
                first, *rest = re.findall(r"[^/_]*[/_]|[^/_]+", cell) or [""]
                parts += [first, *[" " + piece for piece in rest]]
            else:
                parts += cell.split(" ") if column.kind == "text" else [cell]
        widths.append(max(1, *map(len, parts)))
    return sum(widths) + 2 * (len(widths) - 1)


@settings(max_examples=120, deadline=None)
@given(tables(), st.integers(20, 250))
def test_no_number_is_ever_cut(table: Table, width: int) -> None:
    distinct = table._replace(columns=tuple(c._replace(heading=f"h{i}") for i, c in enumerate(table.columns)))
    text = render(distinct, "table", width=width)
    shown = shown_columns(distinct, text)
    cells, total = cell_texts(distinct)
    body = text.splitlines()
    for i in shown:
        if distinct.columns[i].kind in {"name", "text"}:
            continue
        for cell in [*cells[i], *([total[i]] if total else [])]:
            assert any(f" {cell} " in f" {line} " for line in body)
    assert "…" not in text
    assert all(distinct.columns[i].priority > 0 for i in range(len(cells)) if i not in shown)


@settings(max_examples=120, deadline=None)
@given(tables(), st.integers(20, 250))
def test_no_line_is_longer_than_the_terminal_where_the_columns_that_must_stay_fit(table: Table, width: int) -> None:
    longest = max(map(len, render(table, "table", width=width).splitlines()))
    if any(column.priority == 0 for column in table.columns) and least_width(table) <= width:
        assert longest <= width
    coloured = render(table, "table", width=width, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == render(table, "table", width=width).split()


@settings(max_examples=100, deadline=None)
@given(tables())
def test_at_natural_width_each_cell_stands_whole_under_its_heading(table: Table) -> None:
    lines = render(table._replace(title="", notes=(), sections=()), "table").splitlines()
    texts, total = cell_texts(table)
    columns = [
        [c.heading, *cells, *([total[i]] if total else [])]
        for i, (c, cells) in enumerate(zip(table.columns, texts, strict=True))
    ]
    widths = [max(map(len, cells)) for cells in columns]
    expected = [
        "  ".join(
            cell.ljust(width) if column.kind in LEFT else cell.rjust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ).rstrip()
        for row in zip(*columns, strict=True)
    ]
    assert [line for line in lines if set(line) != {"─"}] == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.integers(20, 250))
def test_the_printed_column_adds_up_to_the_printed_total(counts: list[int], width: int) -> None:
    columns = (Column("name", "layer", "name"), Column("mult_adds", "mult-adds", "count"))
    table = Table("", columns, tuple((f"conv{i}", n) for i, n in enumerate(counts)), ("total", sum(counts)))
    printed = [
        int(n.replace(",", ""))
        for n in re.findall(r"(?<!\S)[\d,]+$", render(table, "table", width=width), re.MULTILINE)
    ]
    assert printed[:-1] == counts
    assert sum(printed[:-1]) == printed[-1]


def test_a_thousand_rows_cost_no_more_than_they_must() -> None:
    rows = tuple((f"conv_{i}", Fraction(i, 1000)) for i in range(1000))
    table = Table("", (Column("n", "layer", "name"), Column("s", "share", "share")), rows)
    assert len(render(table, "table", width=80).splitlines()) == 1002
