"""Attention among plain rows: a product of scores and values, all that leads to it and the convolution after it, as one row."""

from __future__ import annotations

from typing import Any

from mbcost.importers.row import Row, readers

__all__ = ["attended"]


def attended(rows: list[Row]) -> list[Row]:
    """The rows with tokens and their positions as one, with softmax in the scores, and with attention as one row where it is one."""
    read = readers(rows)
    gone: set[int] = set()
    for row in rows:
        if row.op == "activation" and row.fields["activation"] == "softmax":
            above = row.sources[0]
            if _scores(above.sources[0] if _biases(above, read) else above):
                _pass(row, above, read, gone)
        elif row.op == "tokens" and "extra" not in row.fields and row.sources[0].op == "tokens":
            above = row.sources[0]
            if "positions" not in above.fields and len(read[id(above)]) == 1:
                above.fields["positions"] = "learned"
                _pass(row, above, read, gone)
    for row in rows:
        if row.op == "matmul" and row.fields["product"] == "values":
            for form in (_attention, _mobile_mqa):
                group = form(row, read)
                if group is not None:
                    gone.update(id(one) for one in group)
                    break
    return [row for row in rows if id(row) not in gone]


def _pass(row: Row, above: Row, read: dict[int, list[Row]], gone: set[int]) -> None:
    """Let a row go; what read it reads the row above, which takes its params over."""
    for reader in read.get(id(row), []):
        reader.sources = [above if source is row else source for source in reader.sources]
    read[id(above)] = [one for one in read[id(above)] if one is not row] + read.get(id(row), [])
    above.params += row.params
    above.scopes = sorted({*above.scopes, *row.scopes})
    gone.add(id(row))


def _biases(row: Row, read: dict[int, list[Row]]) -> bool:
    """Whether a row only adds learned numbers to what it alone reads."""
    return (
        row.op == "custom"
        and row.mult_adds == 0
        and row.params > 0
        and len(row.sources) == 1
        and _only(row.sources[0], read) is row
    )


def _scores(row: Row) -> bool:
    return row.op == "matmul" and row.fields["product"] == "scores"


def _is_projection(row: Row) -> bool:
    """A 1 x 1 convolution, or a linear layer, without norm and activation."""
    return (
        row.op in {"conv", "linear"}
        and row.fields.get("kernel_size", (1, 1)) == (1, 1)
        and not row.fields.keys() & {"stride", "padding", "groups", "dilation"}
    )


def _only(row: Row, read: dict[int, list[Row]]) -> Row | None:
    """The one row that reads another."""
    found = read.get(id(row), [])
    return found[0] if len(found) == 1 else None


def _products(values: Row, read: dict[int, list[Row]]) -> tuple[Row, list[Row]] | None:
    """The scores that a mixture of values reads, and the rows of learned biases between."""
    between: list[Row] = []
    at = values.sources[0]
    while not _scores(at):
        if between or not _biases(at, read) or _only(at, read) is None:
            return None
        between.append(at)
        at = at.sources[0]
    heads = at.parts[0].facts["heads"]
    if _only(at, read) is None or any(row.params % heads for row in between):
        return None
    same = all(at.parts[0].facts[key] == values.parts[0].facts[key] for key in ("heads", "multi_query", "windows"))
    return (at, between) if same else None


def _fields(values: Row, scores: Row, between: list[Row], inputs: Row, biased: bool, project: Row) -> dict[str, Any]:
    """What a row of attention says of itself."""
    facts = scores.parts[0].facts
    heads, shared = facts["heads"], facts["multi_query"]
    key, value = scores.sources[1].shape[0] // (1 if shared else heads), values.shape[0] // heads
    found: dict[str, Any] = {"heads": heads}
    if key * heads != inputs.shape[0]:
        found["head_width"] = key
    if value != key:
        found["value_width"] = value
    if facts["windows"] > 1:
        found["windows"] = facts["windows"]
    if between:
        found["position_biases"] = sum(row.params for row in between) // heads
    if project.shape[0] != inputs.shape[0]:
        found["out_channels"] = project.shape[0]
    found["bias"] = biased
    if project.fields["bias"] != biased:
        found["out_bias"] = project.fields["bias"]
    return found


def _attention(values: Row, read: dict[int, list[Row]]) -> list[Row] | None:
    """Queries, keys and values out of one convolution; all rows but the last, which becomes the attention."""
    found, project = _products(values, read), _only(values, read)
    if found is None or project is None or not _is_projection(project):
        return None
    scores, between = found
    cuts = [*scores.sources, values.sources[1]]
    if scores.fields.get("multi_query") or len({id(cut) for cut in cuts}) != 3:
        return None
    for cut in cuts:
        if cut.op not in {"split", "slice", "custom"} or cut.mult_adds != 0 or cut.params or _only(cut, read) is None:
            return None
    joint = cuts[0].sources[0]
    if any(cut.sources != [joint] for cut in cuts) or not _is_projection(joint) or len(read[id(joint)]) != 3:
        return None
    if joint.shape[0] != sum(cut.shape[0] for cut in cuts):
        return None
    fields = _fields(values, scores, between, joint.sources[0], joint.fields["bias"], project)
    return _become(project, "attention", fields, joint.sources, [joint, *cuts, scores, *between, values])


def _mobile_mqa(values: Row, read: dict[int, list[Row]]) -> list[Row] | None:
    """One key and one value for all heads, on maps that a depthwise convolution each may have shrunk."""
    found, project = _products(values, read), _only(values, read)
    if found is None or project is None or not _is_projection(project):
        return None
    scores, between = found
    query, key, value = scores.sources[0], scores.sources[1], values.sources[1]
    ends = (query, key, value)
    if between or not all(_is_projection(end) and _only(end, read) for end in ends) or len(query.sources) != 1:
        return None
    (source,) = query.sources
    heads = scores.parts[0].facts["heads"]
    if not scores.parts[0].facts["multi_query"] or len({end.fields["bias"] for end in ends}) != 1:
        return None
    downs = []
    for end in (key, value):
        at = end.sources[0]
        chain: list[Row] = []
        while at is not source and len(chain) < 3 and len(at.sources) == 1 and _only(at, read):
            chain.append(at)
            at = at.sources[0]
        if at is not source:
            return None
        downs.append(chain[::-1])
    first, second = ([(row.op, row.fields) for row in chain] for chain in downs)
    fields = _fields(values, scores, [], source, query.fields["bias"], project)
    if first != second or query.shape[0] != heads * key.shape[0]:
        return None
    if first:
        down, *norm = downs[0]
        wanted = {"kernel_size", "stride", "norm", "activation", "bias"}
        if down.op != "depthwise" or down.fields.keys() != wanted or down.fields["bias"] == bool(norm) or len(norm) > 1:
            return None
        if norm and norm[0].op != "norm":
            return None
        fields["kernel_size"], fields["kv_stride"] = down.fields["kernel_size"], down.fields["stride"]
        if not norm:
            fields["norm"] = "none"
        elif norm[0].fields["norm"] != "batch":
            fields["norm"] = norm[0].fields["norm"]
    rows = [*(row for chain in downs for row in chain), *ends, scores, values]
    return _become(project, "mobile_mqa", fields, [source], rows)


def _become(row: Row, op: str, fields: dict[str, Any], sources: list[Row], group: list[Row]) -> list[Row]:
    """Make the last row of a group stand for all of it."""
    row.op, row.fields, row.sources, row.read = op, fields, list(sources), sources[0].shape
    for one in group:
        row.params += one.params
        row.mult_adds = None if None in (row.mult_adds, one.mult_adds) else (row.mult_adds or 0) + (one.mult_adds or 0)
        row.scopes = sorted({*row.scopes, *one.scopes})
        row.inexact |= one.inexact and one.mult_adds != 0
    row.at = {}
    return group
