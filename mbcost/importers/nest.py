"""Rows to fewer rows: branches where paths meet again, and the building blocks of the MobileNets where layers make them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

from mbcost.dims import Arithmetic, Rounding, parse_rounding
from mbcost.errors import MbcostError
from mbcost.importers.graph import Scope
from mbcost.importers.row import Row, readers

__all__ = ["Home", "nested", "squeezed"]

JOINS = {"add", "multiply", "concat", "matmul"}
LONGEST = 24
"""Rows of one branch; a longer one is written below the others, and read by name."""

TAIL = ("norm", "activation", "bias")
WINDOW = ("kernel_size", "stride", "padding", "dilation")


class Home:
    """Which call of a module some layers run in, and which they have to themselves."""

    def __init__(self, rows: list[Row], scopes: tuple[Scope, ...], apart: frozenset[int] = frozenset()) -> None:
        self.scopes = scopes
        self.apart = apart
        self.inside: dict[int, int] = {}
        for row in rows:
            within: set[int] = set()
            for scope in row.scopes:
                within.update(self._chain(scope))
            for at in within:
                self.inside[at] = self.inside.get(at, 0) + 1

    def _chain(self, scope: int) -> list[int]:
        """A call and those around it, the innermost first."""
        found = []
        while scope >= 0:
            found.append(scope)
            scope = self.scopes[scope].parent
        return found

    def common(self, scopes: list[int]) -> int:
        """The innermost call that several run in; -1 for none."""
        if not scopes:
            return -1
        shared = self._chain(scopes[0])
        for scope in scopes[1:]:
            own = set(self._chain(scope))
            shared = [at for at in shared if at in own]
        return shared[0] if shared else -1

    def own(self, scopes: list[int]) -> int:
        """The largest call with nothing in it but what runs in the innermost one that several run in."""
        at = self.common(scopes)
        while at >= 0:
            parent = self.scopes[at].parent
            if parent < 0 or not self.scopes[parent].path or self.inside.get(parent) != self.inside.get(at):
                break
            at = parent
        return at

    def blocks(self, rows: list[Row]) -> bool:
        """Whether rows may be one block: ``apart`` are weighted layers of the run that have to be rows of their own."""
        return not any(number in self.apart for row in rows for number, _ in row.at.values())

    def alone(self, rows: list[Row]) -> bool:
        """Whether a call runs these rows and no more; where modules are not known, nothing speaks against it."""
        scopes = [scope for row in rows for scope in row.scopes]
        at = self.common(scopes)
        return not scopes or (at >= 0 and self.scopes[at].path != "" and self.inside[at] == len(rows))


def nested(rows: list[Row], home: Home) -> list[Row]:
    """The rows of a table, in order, below its input (the first of ``rows``)."""
    _growing(rows)
    top = _branched(rows)
    read = readers(top)
    for row in rows:
        if "like" in row.fields:  # it is read for its size
            read.setdefault(id(row.fields["like"]), []).append(row)
            read[id(row.fields["like"])].append(row)
    return _blocks(top, home, top=True, read=read)


# ------------------------------------------------------------------------------------------------------------ branches


def _growing(rows: list[Row]) -> None:
    """A concat of all that came before and one more (DenseNet) is a concat of the concat before and one more."""
    paths: dict[tuple[int, int], int] = {}  # from the start of a list of sources, one source further
    known: dict[int, Row] = {}  # by where its list of sources ends
    for row in rows:
        if row.op != "concat":
            continue
        place, found = 0, None
        for number, source in enumerate(row.sources, 1):
            place = paths.setdefault((place, id(source)), len(paths) + 1)
            if 1 < number < len(row.sources) and place in known:
                found = known[place], number
        if found is not None:
            row.sources = [found[0], *row.sources[found[1] :]]
        if row.fields.get("activation") == "none":
            known[place] = row


def _branched(rows: list[Row]) -> list[Row]:
    """Rows whose inputs come from one row by paths of their own have those paths as branches."""
    count: dict[int, int] = {}
    liked = {id(row.fields["like"]) for row in rows if "like" in row.fields}
    for row in rows:
        for source in row.sources:
            count[id(source)] = count.get(id(source), 0) + 1
    gone: set[int] = set()
    for row in rows:
        if row.op not in JOINS or len(row.sources) < 2:
            continue
        branches, starts = [], []
        for source in row.sources:
            branch: list[Row] = []
            at = source
            while (
                at.op != "input"
                and len(at.sources) == 1
                and count[id(at)] == 1
                and id(at) not in liked
                and len(branch) <= LONGEST
            ):
                branch.insert(0, at)
                at = at.sources[0]
            branches.append(branch)
            starts.append(at)
        start = starts[0]
        if any(at is not start for at in starts) or max(map(len, branches)) > LONGEST or _depth(branches) > 12:
            continue
        if any("like" in one.fields for branch in branches for one in branch):
            continue
        count[id(start)] -= len(branches) - 1
        row.branches, row.sources = branches, [start]
        gone.update(id(one) for branch in branches for one in branch)
    return [row for row in rows[1:] if id(row) not in gone]


def _depth(branches: list[list[Row]]) -> int:
    return max((1 + _depth(row.branches or []) for branch in branches for row in branch), default=0)


# ------------------------------------------------------------------------------------------------------ building blocks


def _blocks(items: list[Row], home: Home, *, top: bool, read: dict[int, list[Row]]) -> list[Row]:
    """A list of rows with its building blocks as one row each."""
    for row in items:
        if row.branches is not None:
            row.branches = [_blocks(branch, home, top=False, read=read) for branch in row.branches]
    for row in items:
        if home.blocks([row, *(inner for branch in row.branches or [] for inner in branch)]):
            _squeeze_excite(row)
            _residual(row)
    found: list[Row] = []
    at = 0
    while at < len(items):
        taken = 1
        for match in (_inverted, _fused, _separable):
            group = match(items, at)
            if group is None:
                continue
            length, op, fields = group
            members = items[at : at + length]
            if (
                not home.blocks(members)
                or not _alone(members, read, top=top)
                or (match is _fused and not home.alone(members))
            ):
                continue
            _become(members[-1], op, fields, members)
            if "inverted" in op and "stride" not in fields and members[-1].shape[0] == members[-1].read[0]:
                fields["residual"] = False  # by its shape it would have one
            taken = length
            break
        at += taken
        found.append(items[at - 1])
    return found


def _alone(rows: list[Row], read: dict[int, list[Row]], *, top: bool) -> bool:
    """Whether rows follow each other and are read by nobody else."""
    return all(
        len(below.sources) == 1 and below.sources[0] is above and not (top and len(read.get(id(above), [])) != 1)
        for above, below in pairwise(rows)
    )


def _become(row: Row, op: str, fields: dict[str, Any], rows: list[Row]) -> None:
    """Make a row stand for several, the last of which it is: those that read it still do."""
    first, at = rows[0], _widths(op, rows)
    remarks = dict.fromkeys(one.remark for one in rows if one.remark)
    for one in rows:
        if one is not row:
            _take_over(row, one)
    row.op, row.fields, row.sources, row.read, row.branches = op, fields, first.sources, first.read, None
    row.at = at
    row.remark = "; ".join(remarks)


def _widths(op: str, rows: list[Row]) -> dict[str, tuple[int, str]]:
    """Which layers of the run have the widths of a building block: those into it, inside it, and out of it."""
    convs = [row for row in rows if row.op in {"conv", "linear"}]
    if not convs:
        return rows[0].at
    if not all(row.at for row in convs):
        return {}
    first, last = convs[0].at, convs[-1].at
    if op == "squeeze_excite":
        return {"in": first["in"], "expanded": first["in"], "reduced": first["out"]}
    found = {"in": rows[0].at["in"], "out": last["out"]}
    if op == "fused_inverted_residual":
        found["expanded"] = first["out"] if len(convs) > 1 else first["in"]
    for row in rows:
        if row.op == "depthwise" and op == "inverted_residual":
            found["expanded"] = row.at["in"]
            if row is not rows[0]:
                found["expand"] = first["out"]
        elif row.op == "squeeze_excite":
            found["reduced"] = row.at["reduced"]
    return found


def _take_over(row: Row, other: Row) -> None:
    row.scopes = sorted({*row.scopes, *other.scopes})
    row.mult_adds = None if row.mult_adds is None or other.mult_adds is None else row.mult_adds + other.mult_adds
    row.params += other.params
    row.inexact |= other.inexact
    for one in [inner for branch in other.branches or [] for inner in branch]:
        _take_over(row, one)


def _is_one(row: Row) -> bool:
    """A 1 x 1 convolution of stride 1."""
    return (
        row.op == "conv"
        and row.fields["kernel_size"] == (1, 1)
        and not row.fields.keys() & {"stride", "padding", "groups", "dilation"}
    )


def _tail(row: Row) -> tuple[Any, ...]:
    return row.fields["norm"], row.fields["bias"]


def _squeeze_excite(row: Row) -> None:
    """A product of a map with what two layers make of its average."""
    if row.op != "multiply" or row.fields["activation"] != "none" or row.branches is None or len(row.branches) != 2:
        return
    gate = next((branch for branch in row.branches if branch), [])
    if [] not in row.branches or len(gate) != 3:
        return
    pool, reduce, expand = gate
    if (
        pool.op != "global_pool"
        or pool.fields
        or not all(_gate(one) for one in (reduce, expand))
        or expand.shape[0] != row.shape[0]
    ):
        return
    fields = {
        "se": (reduce.shape[0], row.shape[0], row.shape[0]), "se_activation": reduce.fields["activation"],
        "se_gate": expand.fields["activation"],
    }  # fmt: skip
    sources, read = row.sources, row.read
    _become(row, "squeeze_excite", fields, [*gate, row])
    row.sources, row.read = sources, read


def _gate(row: Row) -> bool:
    return (_is_one(row) or row.op == "linear") and row.fields["norm"] == "none" and row.fields["bias"]


def _residual(row: Row) -> None:
    """A sum of a map and of what a building block makes of it."""
    if (
        row.op != "add"
        or row.fields["activation"] != "none"
        or row.branches is None
        or len(row.branches) != 2
        or [] not in row.branches
    ):
        return
    inner = next((branch for branch in row.branches if branch), [])
    sources = row.sources
    if (
        len(inner) == 1
        and inner[0].op in {"inverted_residual", "fused_inverted_residual"}
        and inner[0].fields.get("residual") is False
    ):
        fields = {key: value for key, value in inner[0].fields.items() if key != "residual"}
        _become(row, inner[0].op, fields, [*inner, row])
    elif len(inner) == 2 and (group := _fused(inner, 0)) and inner[1].shape == inner[0].read:
        _become(row, group[1], group[2], [*inner, row])
    elif (
        len(inner) == 1
        and inner[0].op == "conv"
        and inner[0].fields["kernel_size"] != (1, 1)
        and inner[0].shape == inner[0].read
    ):
        (conv,) = inner
        if conv.fields.keys() & {"stride", "padding", "groups"}:
            return
        fields = {key: conv.fields[key] for key in ("kernel_size", "dilation", *TAIL) if key in conv.fields}
        _become(
            row,
            "fused_inverted_residual",
            {**fields, "expansion": Fraction(1), "out_channels": conv.shape[0]},
            [conv, row],
        )
    row.sources = sources


def _inverted(items: list[Row], at: int) -> tuple[int, str, dict[str, Any]] | None:
    """[expand 1 x 1], depthwise, [squeeze-and-excite], project 1 x 1 without activation."""
    rows = items[at : at + 4]
    expand = rows.pop(0) if rows and _is_one(rows[0]) else None
    if not rows or rows[0].op != "depthwise" or "multiplier" in rows[0].fields:
        return None
    depthwise = rows[0]
    excite = rows[1] if len(rows) > 1 and rows[1].op == "squeeze_excite" else None
    rest = rows[2 if excite else 1 :]
    if not rest or not _is_one(rest[0]) or rest[0].fields["activation"] != "none":
        return None
    project = rest[0]
    active = depthwise.fields["activation"]
    if _tail(project) != _tail(depthwise) or (active == "none" and not expand):
        return None
    alike = expand is None or (_tail(expand) == _tail(depthwise) and expand.fields["activation"] == active)
    if not alike:
        return None
    group = [row for row in (expand, depthwise, excite, project) if row is not None]
    inputs = group[0].read[0]
    fields = {key: depthwise.fields[key] for key in (*WINDOW, *TAIL) if key in depthwise.fields}
    fields["expansion"] = Fraction(depthwise.read[0], inputs)
    fields["out_channels"] = project.shape[0]
    if expand is not None and expand.shape[0] == expand.read[0]:
        fields["expand"] = "always"
    if excite is not None:
        reduced, expanded, _ = excite.fields["se"]
        fields["se"] = (reduced, expanded, inputs)
        fields["se_activation"], fields["se_gate"] = excite.fields["se_activation"], excite.fields["se_gate"]
    return len(group), "inverted_residual", fields


def _fused(items: list[Row], at: int) -> tuple[int, str, dict[str, Any]] | None:
    """A K x K convolution to the expanded width, and a 1 x 1 projection without activation."""
    group = items[at : at + 2]
    if len(group) < 2:
        return None
    conv, project = group
    if (
        conv.op != "conv"
        or conv.fields["kernel_size"] == (1, 1)
        or "groups" in conv.fields
        or conv.fields["activation"] == "none"
    ):
        return None
    if (
        not _is_one(project)
        or project.fields["activation"] != "none"
        or _tail(project) != _tail(conv)
        or conv.shape[0] == conv.read[0]
    ):
        return None
    fields = {key: conv.fields[key] for key in (*WINDOW, *TAIL) if key in conv.fields}
    fields["expansion"] = Fraction(conv.shape[0], conv.read[0])
    fields["out_channels"] = project.shape[0]
    return 2, "fused_inverted_residual", fields


def _separable(items: list[Row], at: int) -> tuple[int, str, dict[str, Any]] | None:
    """A depthwise convolution and a 1 x 1 convolution alike in norm and activation."""
    group = items[at : at + 2]
    if len(group) < 2:
        return None
    depthwise, pointwise = group
    if (
        depthwise.op != "depthwise"
        or not _is_one(pointwise)
        or any(depthwise.fields[key] != pointwise.fields[key] for key in TAIL)
    ):
        return None
    fields = {
        key: depthwise.fields[key]
        for key in ("kernel_size", "multiplier", *WINDOW[1:], *TAIL)
        if key in depthwise.fields
    }
    fields["out_channels"] = pointwise.shape[0]
    return 2, "separable", fields


# ------------------------------------------------------------------------------------------------- squeeze ratios


RATIOS = [Fraction(1, n) for n in (4, 16, 2, 8, 1, 3, 6, 12, 24, 32, 10, 20)]
RULES = ("", "divisor:8", "floor", "divisor:4", "divisor:2", "divisor:16")
FURTHER = ("nearest-even:1", "nearest:1", "ceil:1", "floor:8", "nearest:8", "ceil:8")
"""Rules that only several alphas tell from those."""


Squeezed: TypeAlias = tuple[int, int, int]
"""A squeezed width, the expanded one, and the channels of the block's input."""


def squeezed(rows: list[Row], widths: Callable[[Row], list[Squeezed]] | None = None, rounding: str = "") -> list[Row]:
    """Squeezed widths as one ratio and one rule where a table has such, else as the ratio of each row.

    ``widths`` gives those of a row at several alphas, of a table that has a ``rounding``. Rows that no ratio and no rule
    describes are returned.
    """
    found = [row for row in everything(rows) if "se" in row.fields]
    left = []
    for op in ("inverted_residual", "squeeze_excite"):
        own = [row for row in found if row.op == op]
        several = [widths(row) if widths else [row.fields["se"]] for row in own]
        if own and not _squeeze(own, several, rounding):
            for row, at in zip(own, several, strict=True):
                if widths is None:
                    row.fields["se"] = Fraction(*row.fields["se"][:2])
                elif not _squeeze([row], [at], rounding):
                    left.append(row)
    return left


def everything(rows: list[Row]) -> list[Row]:
    """The rows, and those of their branches."""
    return [
        one for row in rows for one in [row, *(inner for branch in row.branches or [] for inner in everything(branch))]
    ]


def _squeeze(rows: list[Row], widths: list[list[Squeezed]], rounding: str) -> bool:
    bases = ("expanded", "input") if rows[0].op == "inverted_residual" else ("expanded",)
    rules = ("", *(rule for rule in (*RULES[1:], *(FURTHER if rounding else ())) if rule != rounding))
    every = list(dict.fromkeys(one for at in widths for one in at))
    for rule in rules:
        for base in bases:
            of = [(reduced, expanded if base == "expanded" else given) for reduced, expanded, given in every]
            ratios = dict.fromkeys([*RATIOS, *(Fraction(reduced, n) for reduced, n in of)])
            for ratio in list(ratios)[:40]:
                if all(_squeezed(ratio, n, rule or rounding) == reduced for reduced, n in of):
                    for row in rows:
                        row.fields["se"] = ratio
                        if base == "input":
                            row.fields["se_of"] = base
                        if rule:
                            row.fields["se_rounding"] = rule
                    return True
    return False


def _squeezed(ratio: Fraction, of: int, rule: str) -> int | None:
    rounding: Rounding | None = parse_rounding(rule) if rule else None
    try:
        channels = int(Arithmetic(1, 1, None).ratio(ratio, of, rounding))
    except MbcostError:
        return None
    return max(channels, 1)
