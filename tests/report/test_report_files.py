"""CSV, Markdown and LaTeX: exact texts, and each read back by a reader of its own."""

import csv
import io
import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mbcost import escape
from mbcost.report import FORMATS, Column, Table, render
from mbcost.report.delimited import write_csv
from mbcost.report.paper import Setting

NAME = Column("name", "layer", "name")
COUNT = Column("mult_adds", "mult-adds", "count")

# Everything that means something to one of the formats, and a little that means nothing.
TEXT = st.text(st.sampled_from("aZ09_*/-+#~^&%$\\{}[]()<>|`'\"!.,:;= é×\n\t\r\x1b"), max_size=12)

# --- CSV ---------------------------------------------------------------------------------------------------


def test_csv_is_keys_and_plain_numbers(layers: Table) -> None:
    assert render(layers, "csv") == (
        "name,kind,output,mult_adds,share,params,ratio\n"
        "conv_1,convolution,32x112x112,10838016,0.2632835821,928,\n"
        "conv_2/depthwise,depthwise,32x112x112,3612672,0.08776119403,352,\n"
        "conv_2/pointwise,pointwise,64x112x112,25690112,0.6240796020,2176,0.1267361111\n"
        "fc,classifier,1000x1x1,1024000,0.02487562189,1025000,\n"
    )


def test_csv_quotes_and_keeps_exact_numbers_exact(changes: Table) -> None:
    assert render(changes, "csv") == (
        "alpha,params,mult_adds,remark\n"
        "3/4,1234,0.0213,a | b\n"
        '6/7,-21888,-0.3333333333,"the ""new"" one, _much_ smaller"\n'
        "1,0,0,\n"
    )


def test_csv_columns_add_up_to_the_tables_total(layers: Table) -> None:
    rows = list(csv.DictReader(io.StringIO(render(layers, "csv"))))
    assert layers.total is not None
    assert sum(int(row["mult_adds"]) for row in rows) == layers.total[3]
    assert sum(int(row["params"]) for row in rows) == layers.total[5]


@given(st.lists(st.tuples(TEXT, st.integers(), TEXT | st.none()), max_size=5))
def test_csv_reads_back(rows: list[tuple[str, int, str | None]]) -> None:
    table = Table("", (NAME, COUNT, Column("remark", "remark")), tuple(rows))
    text = render(table, "csv")
    assert text.count("\n") == len(rows) + 1
    read = list(csv.reader(io.StringIO(text), strict=True))
    assert read == [
        ["name", "mult_adds", "remark"],
        *[[escape.csv(a), str(n), escape.csv(b or "")] for a, n, b in rows],
    ]


def test_csv_streams_more_rows_than_it_looks_at_together() -> None:
    stream = io.StringIO()
    write_csv((NAME, COUNT), ((f"conv_{i}", i) for i in range(10_000)), stream)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 10_001
    assert lines[-1] == "conv_9999,9999"


def test_csv_refuses_a_float_among_counts() -> None:
    with pytest.raises(TypeError, match=r"not the float 1\.5"):
        render(Table("", (COUNT,), ((1,), (1.5,))), "csv")


# --- Markdown ----------------------------------------------------------------------------------------------


def test_markdown_as_written(layers: Table) -> None:
    assert (
        render(layers, "markdown")
        == """\
**mobilenet_v1, four layers, alpha 1, resolution 224**

| layer            | kind        | output     |      mult-adds |        share |        params | of standard |
| :--------------- | :---------- | :--------- | -------------: | -----------: | ------------: | ----------: |
| conv_1           | convolution | 32x112x112 |     10,838,016 |      26.33 % |           928 |           - |
| conv_2/depthwise | depthwise   | 32x112x112 |      3,612,672 |       8.78 % |           352 |           - |
| conv_2/pointwise | pointwise   | 64x112x112 |     25,690,112 |      62.41 % |         2,176 |      0.1267 |
| fc               | classifier  | 1000x1x1   |      1,024,000 |       2.49 % |     1,025,000 |           - |
| **total**        |             |            | **41,164,800** | **100.00 %** | **1,028,456** |             |

- convention torch: mult-adds of convolutions and linear layers, 61.30 % of them above
"""
    )


def test_markdown_escapes_what_is_markup(changes: Table) -> None:
    text = render(changes, "markdown")
    assert text.startswith("**what 50 % \\& more cost**\n\n| alpha |")
    assert "|  0.75 |  +1,234 |   +2.13 % | a \\| b " in text
    assert '| the "new" one, \\_much\\_ smaller |' in text


def read_markdown(text: str) -> tuple[str, list[list[str]], list[str]]:
    """Title, table rows and notes as a Markdown parser prints them."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    rows: list[list[str]] = []
    title, notes, inside = "", [], ""
    for token in tokens:
        if token.type in {"tr_open", "list_item_open"}:
            inside = token.type
            if inside == "tr_open":
                rows.append([])
        elif token.type == "inline":
            assert token.children is not None
            assert {child.type for child in token.children} <= {"text", "strong_open", "strong_close", "text_special"}
            printed = "".join(child.content for child in token.children)
            if inside == "tr_open":
                rows[-1].append(printed)
            elif inside == "list_item_open":
                notes.append(printed)
            else:
                title = printed
    return title, rows, notes


@settings(max_examples=300)
@given(TEXT, st.lists(TEXT, min_size=1, max_size=3), TEXT, TEXT)
def test_markdown_prints_every_text_as_it_is(title: str, cells: list[str], heading: str, note: str) -> None:
    table = Table(
        title, (Column("t", heading), COUNT), tuple((cell, 1234) for cell in cells), ("total", 1234), (note, "end")
    )
    read_title, rows, notes = read_markdown(render(table, "markdown"))
    assert read_title == escape.line(title).strip()
    assert rows[0] == [escape.line(heading).strip(), "mult-adds"]
    assert rows[1:] == [*[[escape.line(cell).strip(), "1,234"] for cell in cells], ["total", "1,234"]]
    assert notes == [text for text in (escape.line(note).strip(), "end") if text]


# --- LaTeX -------------------------------------------------------------------------------------------------


def test_latex_as_written(layers: Table) -> None:
    assert render(layers, "latex") == (
        r"""% needs \usepackage{booktabs}
\begin{table*}[tbp]
  \centering
  \caption{mobilenet\_v1, four layers, alpha 1, resolution 224. convention torch: mult-adds of convolutions"""
        r""" and linear layers, 61.30 \% of them above.}
  \label{tab:mobilenet-v1-four-layers-alpha-1-resolution-224}
  \begin{tabular}{lllrrrr}
    \toprule
    layer & kind & output & mult-adds & share & params & of standard \\
    \midrule
    conv\_1 & convolution & $32{\times}112{\times}112$ & 10{,}838{,}016 & 26.33\,\% & 928 & - \\
    \midrule
    conv\_2/depthwise & depthwise & $32{\times}112{\times}112$ & 3{,}612{,}672 & 8.78\,\% & 352 & - \\
    conv\_2/pointwise & pointwise & $64{\times}112{\times}112$ & 25{,}690{,}112 & 62.41\,\% & 2{,}176 & 0.1267 \\
    \midrule
    fc & classifier & $1000{\times}1{\times}1$ & 1{,}024{,}000 & 2.49\,\% & 1{,}025{,}000 & - \\
    \midrule
    total &  &  & 41{,}164{,}800 & 100.00\,\% & 1{,}028{,}456 &  \\
    \bottomrule
  \end{tabular}
\end{table*}
"""
    )


def test_latex_has_a_caption_of_its_own_where_given(changes: Table) -> None:
    text = render(changes._replace(caption="Was it worth it?", notes=("Batch 1.", "--unit flops")), "latex")
    assert r"\caption{Was it worth it? Batch 1. -{}-unit flops.}" in text
    assert r"\label{tab:what-50-more-cost}" in text
    assert r"    6/7 & $-21{,}888$ & $-33.33$\,\% & the \symbol{34}new\symbol{34} one, \_much\_ smaller \\" in text
    assert r"    1 & 0 & 0.00\,\% & - \\" in text


PRINTED = {
    r"\textbackslash": "\\",
    r"\textasciitilde": "~",
    r"\textasciicircum": "^",
    r"\textless": "<",
    r"\textgreater": ">",
    r"\textbar": "|",
    **{"\\" + c: c for c in "_%&#${}"},
    r"$\times$": "×",
    r"\symbol{34}": '"',
}


def read_latex(cell: str) -> str:
    """What LaTeX prints for a cell: known commands only, every other special character is an error."""
    token = re.compile(r"\$\\times\$|\\symbol\{34\}|\\[a-z]+|\\[_%&#${}]|''|[`!?]`|--|[{}]|[\\%&#$_^~<>|\"]|.")
    printed, depth = "", 0
    for part in token.findall(cell):
        if part in PRINTED:
            printed += PRINTED[part]
        elif part in "{}":
            depth += 1 if part == "{" else -1
            assert depth >= 0
        else:
            assert part not in {*'\\%&#$_^~<>|"', "--", "''", "``", "!`", "?`"}
            printed += part
    assert depth == 0
    return printed


@settings(max_examples=300)
@given(st.lists(TEXT, min_size=1, max_size=4), TEXT)
def test_latex_prints_every_text_as_it_is(cells: list[str], title: str) -> None:
    table = Table(title, (Column("t", "layer"), COUNT), tuple((cell, 1234) for cell in cells))
    lines = render(table, "latex").splitlines()
    begin, end = lines.index(r"    \midrule") + 1, lines.index(r"    \bottomrule")
    assert end - begin == len(cells)
    for line, cell in zip(lines[begin:end], cells, strict=True):
        text, count = re.split(r"(?<!\\) & ", line.removeprefix("    ").removesuffix(r" \\"))
        assert read_latex(text) == escape.line(cell)
        assert count == "1{,}234"
        # After the line break before it, these would be read as its argument.
        assert not line.lstrip().startswith(("[", "*"))
    caption = next(line for line in lines if line.startswith(r"  \caption{"))
    printed = read_latex(caption.removeprefix(r"  \caption{").removesuffix("}"))
    assert printed.rstrip(".") == escape.line(title).strip().rstrip(".")


@pytest.mark.parametrize("sections", [(), (1,), (1, 3)])
def test_latex_opens_and_closes_what_it_should(layers: Table, sections: tuple[int, ...]) -> None:
    text = render(layers._replace(sections=sections), "latex")
    opened = re.findall(r"\\begin\{(\w+)\*?\}", text)
    closed = re.findall(r"\\end\{(\w+)\*?\}", text)
    assert opened == ["table", "tabular"] == closed[::-1]
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    assert text.count(r"\midrule") == 2 + len(sections)
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert len(rows) == 1 + len(layers.rows) + 1
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(layers.columns) - 1}


# --- all of them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_ends_in_one_newline_and_has_every_count(layers: Table, fmt: str) -> None:
    text = render(layers, fmt)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    fields = (
        text.replace("{,}", "" if fmt == "latex" else ",")
        .replace(",", " " if fmt == "csv" else "")
        .replace("}", " ")
        .split()
    )
    assert {"10838016", "3612672", "25690112", "1024000", "928", "352", "2176", "1025000"} <= set(fields)


@pytest.mark.parametrize("fmt", ["html", "Table", ""])
def test_an_unknown_format_names_the_known_ones(layers: Table, fmt: str) -> None:
    with pytest.raises(ValueError, match=f"unknown format `{fmt}`; the formats are table, json, csv, markdown, latex"):
        render(layers, fmt)


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fmt != "json"])  # where every kind but a few is itself
def test_an_unknown_kind_names_the_column(fmt: str) -> None:
    with pytest.raises(ValueError, match="column `flops` has the unknown kind `float`"):
        render(Table("", (Column("flops", "FLOPs", "float"),), ((Fraction(1),),)), fmt)


def test_a_long_table_breaks_across_pages_with_its_heading_on_each() -> None:
    rows = tuple((f"layer_{number}", number) for number in range(46))
    columns = (Column("name", "layer", "name"), Column("params", "params", "count"))
    text = render(Table("long", columns, rows, ("total", sum(range(46)))), "latex", setting=Setting(long=True))
    assert text.startswith("% needs \\usepackage{booktabs,longtable}\n\\begin{longtable}{lr}\n")
    assert text.count("layer & params") == 2
    assert text.count(r"\endfirsthead") == text.count(r"\endhead") == text.count(r"\end{longtable}") == 1
    assert text.count(r"layer\_") == 46
    assert r"\begin{table}" in render(Table("short", columns, rows[:45]), "latex")
