"""Rules about words that say nothing: blocks nobody calls, parameters and defaults nobody reads, rows nobody consumes."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from mbcost.layers import KINDS
from mbcost.lint.findings import Finding
from mbcost.lint.rules import RULES, rule
from mbcost.lint.structure import is_output
from mbcost.lint.subject import Subject
from mbcost.network.specs import BlockSpec, Cell, GroupSpec, Item, RowSpec

__all__ = [
    "dead_row",
    "stray_erratum",
    "stray_ignore",
    "touched_copies",
    "unused_block",
    "unused_default",
    "unused_parameter",
]


@rule(
    "MB401",
    "A block that no row calls.",
    "A block that is written and never called is forgotten in `layers`, or called by a built-in kind's name.",
    "blocks: {fire: {params: {s: ~}, layers: [...]}}      # and no row says op: fire",
)
def unused_block(subject: Subject) -> Iterator[Finding]:
    """Blocks that cannot be reached from the rows of the table."""
    table = subject.table
    reached: set[str] = set()
    todo = list(_calls(table.items))
    while todo:
        name = todo.pop()
        if name in table.blocks and name not in reached:
            reached.add(name)
            todo += _calls(table.blocks[name].items)
    for name, block in table.blocks.items():
        if name not in reached:
            yield _at_block(
                subject,
                "MB401",
                block,
                f"no row calls the block `{name}`",
                f"call it, `- {{op: {name}, ...}}`, or remove it",
            )


@rule(
    "MB402",
    "A parameter or an input that its block never uses.",
    "Each call gives the parameter a value, and the value changes nothing: a `$` is missing, or a number was written out "
    "where the parameter was meant. An input that no `from` names is a map that is handed in for nothing.",
    "unit: {params: {out: ~, stride: 1}, layers: [{op: conv, kernel_size: 3, out_channels: $out, stride: 1}]}",
)
def unused_parameter(subject: Subject) -> Iterator[Finding]:
    """Parameters of blocks that no field of the block reads, and inputs that no row does."""
    for block in subject.table.blocks.values():
        used = {word for row in _rows(block.items) for cell in row.cells.values() for word in _words(cell.raw)}
        for name in block.params:
            if f"${name}" not in used:
                fact = f"block `{block.name}` has the parameter `{name}` and never uses it"
                yield _at_block(subject, "MB402", block, fact, f"write `${name}` where it is meant, or remove it", name)
        read = {source for row in _rows(block.items) for source in row.sources or ()}
        read |= {word for row in _rows(block.items) if "like" in row.cells for word in _words(row.cells["like"].raw)}
        first = block.items[0] if block.items else None
        if "input" in read or not (isinstance(first, RowSpec) and first.sources):
            read.add(block.inputs[0] if block.inputs else "input")  # the first row reads the first input unsaid
        for name in block.inputs:
            if name not in read:
                fact = f"block `{block.name}` has the input `{name}` and never reads it"
                yield _at_block(subject, "MB402", block, fact, f"write `from: {name}` where it is meant, or remove it")


@rule(
    "MB403",
    "A default that no row takes.",
    "Defaults for a kind that the table has no row of, or for a field that every such row gives itself, change nothing. "
    "Mostly the defaults are meant for another kind: `depthwise` where the rows are `separable`.",
    "defaults: {depthwise: {activation: relu6}}      # and all rows are op: separable",
)
def unused_default(subject: Subject) -> Iterator[Finding]:
    """Defaults by kind and field that no row of the table reads."""
    table = subject.table
    rows = [row for body in (table.items, *[block.items for block in table.blocks.values()]) for row in _rows(body)]
    for op, fields in table.defaults.items():
        meant = [row for row in rows if row.op in KINDS and op in {"*", row.op}]
        for name, cell in fields.items():
            takers = [row for row in meant if name in KINDS[row.op].fields]
            if not takers:
                what = f"no row is `{op}`" if op != "*" else f"no row has a field `{name}`"
            elif all(name in row.cells for row in takers):
                what = f"every `{op}` row gives `{name}` itself" if op != "*" else f"every row gives `{name}` itself"
            else:
                continue
            place = table.place(cell.line, cell.column)
            yield Finding(
                "MB403",
                place,
                "",
                f"the default `{name}` of `{op}` is never used: {what}",
                "remove it, or name the kind it is meant for",
            )


@rule(
    "MB404",
    "A row that nobody reads.",
    "Every row is counted, and a row that nobody reads is an output of the network, as a head of a detector is. A row that "
    "ends in a norm or a relu, or only joins or pools, is no head: the row below it has a `from` too many, or a concat one "
    "too few.",
    "- {op: pointwise, name: left, out_channels: 64}\n- {op: pointwise, name: right, from: input, out_channels: 64}\n"
    "- {op: add, from: [right, input]}      # left is counted and never read",
)
def dead_row(subject: Subject) -> Iterator[Finding]:
    """Rows whose output is neither read, nor the network's, nor like that of a head."""
    if subject.variant.standard:
        return  # in the twin a depthwise layer's place is empty, and what it read is read no more
    readers = subject.readers()
    layers = subject.placed.layers
    made = {row.output: row.name for row in subject.rows}
    for number, layer, spec in subject.layers():
        if number + 1 in readers or number == len(layers) - 1 or is_output(layer):
            continue
        row = made.get(number + 1, layer.name)
        fact = f"nobody reads `{row}`, and it does not look like an output"
        yield subject.finding(
            "MB404",
            spec,
            row,
            fact,
            f"read it, `from: {row}`, or remove it; a head has `norm: none` and `activation: none`",
        )


@rule(
    "MB405",
    "An erratum about a row that there is not.",
    "Errata say what a printed table has otherwise, row by row; one whose row the table does not have has lost it, mostly "
    "when rows were renamed or renumbered.",
    "errata: [{row: separable_14, field: stride, printed: 2, why: ...}]      # there are 13",
)
def stray_erratum(subject: Subject) -> Iterator[Finding]:
    """Errata whose row the table does not have."""
    table = subject.table
    if not table.errata or not subject.rows:
        return
    known = {row.name for row in subject.rows} | {layer.name for layer in subject.placed.layers}
    line = next((i for i, text in enumerate(table.text.splitlines(), 1) if "errata" in text), 1)
    for erratum in table.errata:
        row = str(erratum["row"])
        if row not in known:
            yield Finding(
                "MB405",
                table.place(line, 1),
                "",
                f"an erratum is about `{row}`, and there is no such row",
                "`mbcost table` prints the names",
            )


@rule(
    "MB406",
    "An ignored finding that there cannot be.",
    "Under `ignore` a table names findings that are meant, each with its code, a glob of rows and a reason. A code that does "
    "not exist, or a glob that matches no row, ignores nothing: mostly it is misspelt, or the rows were renamed.",
    "ignore: [{code: MB404, row: heads_*, why: outputs of the detector}]      # the rows are called head_1 ...",
)
def stray_ignore(subject: Subject) -> Iterator[Finding]:
    """What is ignored and cannot be found."""
    known = {row.name for row in subject.rows} | {layer.name for layer in subject.placed.layers}
    for one in subject.table.ignored:
        place = subject.table.place(one.line, one.column)
        if one.code not in RULES:
            what = f"`ignore` names the code `{one.code[:20]}`, which is no finding"
            yield Finding("MB406", place, "", what, "`mbcost lint --codes` lists them; an error cannot be ignored")
        elif one.row != "*" and known and not any(fnmatchcase(name, one.row) for name in known):
            what = f"`ignore` names the rows `{one.row[:60]}`, and there are none"
            yield Finding("MB406", place, "", what, "`mbcost table` prints the names; * stands for any text")


@rule(
    "MB407",
    "A change in a base that touches some copies of a row.",
    "`base.set` names rows as `mbcost table` prints them, and a row that the base repeats is several of those: a change that "
    "names one touches that copy alone. To change all of them, use a glob or name each; where some are meant, say so under `ignore`.",
    "base: {model: mobilenet_v1, set: {separable_7.kernel_size: 5}}      # one of five rows of 512 channels: separable_7 to separable_11",
)
def touched_copies(subject: Subject) -> Iterator[Finding]:
    """Rows of the base that are written once, stand in the network several times, and are changed in some of them."""
    base = subject.table.base
    if base is None:
        return
    copies: dict[tuple[str, int, int], list[str]] = {}
    for laid in subject.rows:
        if laid.table is not subject.table:
            copies.setdefault((laid.table.file, laid.spec.line, laid.spec.column), []).append(laid.name)
    for key in base.set:
        row, _, field = key.rpartition(".")
        if field == "repeat" or row.startswith("defaults."):
            continue
        for names in copies.values():
            touched = [name for name in names if _changes(base.set, name, field)]
            if field == "stride" and touched == names[:1]:
                continue  # it is 1 in the others anyway
            if touched and row == touched[0] and len(touched) < len(names):  # once, at the first
                what = f"`base.set` changes `{field}` in {_some(touched)}, and not in every copy of that row: {_some(names)}"
                place = subject.table.place(base.line, base.column)
                yield Finding(
                    "MB407",
                    place,
                    row,
                    what,
                    f"name all of them, by a glob; or say why it is meant: ignore: [{{code: MB407, row: {row}, why: ...}}]",
                )


def _changes(changes: dict[str, Any], name: str, field: str) -> bool:
    """Whether some changes reach this field of this row."""
    return any(fnmatchcase(f"{name}.{field}", key) for key in changes)


def _some(names: list[str]) -> str:
    told = ", ".join(f"`{name}`" for name in names[:6])
    return told + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _rows(items: tuple[Item, ...]) -> Iterator[RowSpec]:
    """Every row of a body, those of its groups and branches included."""
    for item in items:
        if isinstance(item, GroupSpec):
            yield from _rows(item.items)
            continue
        yield item
        for branch in item.branches or ():
            yield from _rows(branch)


def _calls(items: tuple[Item, ...]) -> set[str]:
    return {row.op for row in _rows(items)}


def _words(raw: object) -> list[str]:
    return [word for word in (raw if isinstance(raw, list) else [raw]) if isinstance(word, str)]


def _at_block(subject: Subject, code: str, block: BlockSpec, fact: str, help: str, param: str = "") -> Finding:
    """A finding at a block: at the default of a parameter where it has one, else at the block's first row."""
    cell: Cell | None = block.params.get(param)
    first = block.items[0] if block.items else None
    line, column = (cell.line, cell.column) if cell else (first.line, first.column) if first else (1, 1)
    return Finding(code, subject.table.place(line, column), "", fact, help)
