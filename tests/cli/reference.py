"""What ``configs/README.md`` says of the program itself: lists made from fields, registers, docstrings and answers.

Each function makes the lines between two marks of the page, ``<!-- made: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import mbcost
import mbcost.testing
from mbcost.budgets.code import CODE_KEYS
from mbcost.budgets.limits import LAYER_KEYS
from mbcost.budgets.points import POINT_KEYS
from mbcost.budgets.reading import BUDGET_KEYS, FILE_KEYS
from mbcost.conventions import available, reading
from mbcost.dims import MAX_ALPHA, MAX_RESOLUTION, ROUNDINGS, Arithmetic, Rounding, exact_text, parse_rounding
from mbcost.dims.reading import MAX_DEPTH as MOST_DEPTH
from mbcost.documents import configs_folder
from mbcost.documents.nodes import MAX_BYTES, MAX_DEPTH
from mbcost.layers import KINDS
from mbcost.layers.fields import REQUIRED, Field
from mbcost.memory import rules as memory
from mbcost.network.bounds import MAX_LAYERS, MAX_NESTED, MAX_VALUES, MAX_WRITTEN
from mbcost.quantities import QUANTITIES
from mbcost.tables.reader import IMPORTED, TABLE_KEYS
from mbcost.tables.rows import ROW_KEYS
from mbcost.tables.schema import table_schema
from tests.conftest import Said

__all__ = ["COMMANDS", "MADE", "filled"]

WIDTH = 80

EXAMPLES = {
    "conv": "{op: conv, kernel_size: 3, out_channels: 32, stride: 2}",
    "transposed": "{op: transposed, kernel_size: 2, out_channels: 8, stride: 2}",
    "depthwise": "{op: depthwise, kernel_size: 5}",
    "pointwise": "{op: pointwise, out_channels: 64}",
    "linear": "{op: global_pool}\n{op: linear, out_channels: 10, width: fixed}",
    "matmul": "{op: pointwise, name: q, out_channels: 64}\n{op: pointwise, name: k, from: input, out_channels: 64}\n"
    "{op: matmul, product: scores, heads: 4, from: [q, k]}",
    "attention": "{op: attention, heads: 4, head_width: 8}",
    "mobile_mqa": "{op: mobile_mqa, heads: 4, head_width: 8, kv_stride: 2}",
    "scale": "{op: scale}",
    "tokens": "{op: tokens, extra: 1, positions: learned}",
    "activation": "{op: activation, activation: hard_swish}",
    "softmax": "{op: softmax}",
    "lrn": "{op: lrn}",
    "dropout": "{op: dropout}",
    "norm": "{op: norm, norm: layer}",
    "add": "{op: add, branches: [[], [{op: depthwise}]]}",
    "multiply": "{op: multiply, branches: [[], [{op: global_pool}]]}",
    "concat": "{op: concat, branches: [[], [{op: pointwise, out_channels: 8}]]}",
    "split": "{op: split, parts: 2, take: 1}",
    "slice": "{op: slice, out_channels: 8}",
    "pixel_shuffle": "{op: pixel_shuffle, factor: 2}",
    "shuffle": "{op: shuffle, groups: 4}",
    "flatten": "{op: flatten}",
    "upsample": "{op: upsample, factor: 2}",
    "separable": "{op: separable, out_channels: 32, stride: 2}",
    "inverted_residual": "{op: inverted_residual, expansion: 6, out_channels: 16, se: 1/4}",
    "fused_inverted_residual": "{op: fused_inverted_residual, expansion: 4, out_channels: 24}",
    "squeeze_excite": "{op: squeeze_excite, se: 1/4}",
    "custom": "{op: custom, mult_adds_per_output: 9, params_per_channel: 10}",
    "max_pool": "{op: max_pool, kernel_size: 2, stride: 2}",
    "avg_pool": "{op: avg_pool, kernel_size: 3, stride: 1}",
    "global_pool": "{op: global_pool}",
}
"""Rows of each kind that has to be told something, the last of them of the kind itself."""

COMMANDS = [
    "table mobilenet_v1", "table mobilenet_v1 --by kind", "table mobilenet_v1 --layer separable_7/depthwise", "table mobilenet_v1 --layer separable_7",
    "compare mobilenet_v1", "compare mobilenet_v1 mobilenet_v2", "conv 512 512 --size 14", "formula mobilenet_v1", "formula mobilenet_v1 --sensitivity",
    "sweep mobilenet_v1 -a 0.5,1 -r 192", "solve mobilenet_v1 --max-mult-adds 300M -r 224", "check mobilenet_v1 --max-mult-adds 600M",
    "diff mobilenet_v1@1 mobilenet_v1@0.5", "history history.jsonl", "list", "lint mobilenet_v1", "lint --codes", "conventions", "conventions mobilenet_v1",
    "conventions mobilenet_v1 --explain torch --as thop", "memory mobilenet_v2", "memory mobilenet_v2 --explain paper-v2 --as torch-eager",
    "roofline mobilenet_v2 --device pixel-6-cpu", "roofline mobilenet_v1 mobilenet_v2", "reproduce", "reproduce mobilenet_v1",
    "reproduce mobilenet_v1 --figure 4", 'reproduce mobilenet_v1 --cell "4:Conv MobileNet:mult_adds"',
]  # fmt: skip
"""A question for every form of JSON there is."""

HISTORY = Path(__file__).parent / "history.jsonl"

Say = Callable[..., Said]


def wrapped(text: str, first: str = "", later: str = "") -> str:
    """A paragraph, broken where there are blanks and not inside a word of code with hyphens."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )


def item(name: str, text: str) -> str:
    """One line of a list: a word and what it is."""
    return wrapped(f"`{name}`: {text}" if text else f"`{name}`", "- ", "  ")


def items(found: dict[str, str]) -> list[str]:
    return [item(name, text) for name, text in found.items()]


# ---- grammar


def of_table(_: Say) -> list[str]:
    return [*items(TABLE_KEYS), "", "`imported` has:", "", *items(IMPORTED)]


def of_row(_: Say) -> list[str]:
    known = table_schema()["$defs"]["add"]["properties"]
    return items({key: known[key]["description"] for key in ROW_KEYS})


def of_roundings(_: Say) -> list[str]:
    """Every rule on some widths, as the arithmetic of the program has it."""
    paragraph = (inspect.getdoc(Rounding) or "").split("\n\n")[1].replace("``", "`").replace("\n", " ")
    paragraph = paragraph.replace("Below `least` no rule goes", "With `,min:16` none goes below 16")
    alphas = [Fraction(width, 1000) for width in (112, 178, 200, 440)]
    found = {}
    for spelt in [*ROUNDINGS.replace(" or ", ", ").split(", "), "ceil:8,min:24"]:
        rule = parse_rounding(spelt)
        widths = [Arithmetic(alpha.numerator, alpha.denominator, rule).scale(100, None) for alpha in alphas]
        found[spelt] = ", ".join([exact_text(width) for width in widths])
    raw = ", ".join(f"{float(alpha * 100):g}" for alpha in alphas)
    return [wrapped(paragraph), "", f"Of {raw} channels they make:", "", *items(found)]


def default(field: Field) -> str:
    if field.default is REQUIRED:
        return f"`{field.name}` (required)"
    return f"`{field.name}`" + ("" if field.default is None else f" {field.type.text(field.default)}")


def of_kinds(_: Say) -> list[str]:
    lines: list[str] = []
    for op, kind in KINDS.items():
        fields = ", ".join(map(default, kind.fields.values()))
        rows = EXAMPLES.get(op, f"{{op: {op}}}").split("\n")
        table = "format: 1\ninput: {channels: 16, resolution: 32}\nlayers:\n" + "\n".join(f"- {row}" for row in rows)
        cost = mbcost.loads(table).cost()
        assert f"{{op: {op}" in rows[-1], op
        shape = " x ".join(map(str, cost.rows[-1].output))
        lines += [
            wrapped(f"**`{op}`**: {kind.doc}" + (f". Fields: {fields}" if fields else ""), "- ", "  "), "",
            *[f"      {row}" for row in rows],
            f"      # {shape}; {cost.mult_adds:,} mult-adds, {cost.params:,} params", "",
        ]  # fmt: skip
    return lines[:-1]


def longest(texts: list[str]) -> list[str]:
    """Those that no other one begins with."""
    return [text for text in texts if not any(other != text and other.startswith(text) for other in texts)]


def of_fields(_: Say) -> list[str]:
    by_name: dict[str, dict[str, list[str]]] = {}
    wanted: dict[str, list[str]] = {}
    for op, kind in KINDS.items():
        for field in kind.fields.values():
            by_name.setdefault(field.name, {}).setdefault(field.doc, []).append(op)
            if field.type.wanted not in wanted.setdefault(field.name, []):
                wanted[field.name].append(field.type.wanted)
    lines = []
    for name in sorted(by_name):
        (doc, _), *others = by_name[name].items()
        more = "".join(f"; of {', '.join(ops)}: {text}" for text, ops in others)
        lines.append(item(name, f"{doc}{more}. It is {', or '.join(longest(wanted[name]))}"))
    return lines


def of_bounds(_: Say) -> list[str]:
    return [
        wrapped(
            f"alpha and rho are above 0 and at most {MAX_ALPHA}, depth at most {MOST_DEPTH}, a side of the input is 1 to {MAX_RESOLUTION:,} pixels. "
            f"A network has at most {MAX_LAYERS:,} layers once repeats and blocks are unrolled, that read at most {MAX_VALUES:,} maps and parameters, "
            f"in at most {MAX_NESTED} levels of blocks, groups and branches; closed forms and the explorer take {MAX_WRITTEN:,} layers. A file has at "
            f"most {MAX_BYTES // 2**20} MB and {MAX_DEPTH} levels. What asks for more is refused before anything of it is built."
        )
    ]


# ---- budgets, conventions, memory


def of_budgets(_: Say) -> list[str]:
    return [*items(FILE_KEYS), "", "A budget has:", "", *items(BUDGET_KEYS)]


def of_quantities(_: Say) -> list[str]:
    lines = []
    for one in QUANTITIES.values():
        where = " and ".join(f"`{command}`" for command in one.limits)
        lines.append(
            item(one.name, f"{one.description} ({one.unit}; {f'limits in {where}' if where else 'no limits'})")
        )
    return lines


def commented(file: str) -> tuple[list[str], list[str]]:
    """The comment that a file begins with: its paragraphs before a list of words, and the list."""
    with open(f"{configs_folder()}/{file}", encoding="utf-8") as stream:
        lines = [line[1:].rstrip() for line in stream.read().partition("\nformat:")[0].split("\n")]
    return _paragraphs(lines), _listed(lines)


LISTED = re.compile(r"   (\S.*?)(?: {2,}|: )(?=\S)(.*)")


def _paragraphs(lines: Iterable[str]) -> list[str]:
    """What is not indented, paragraph by paragraph."""
    found, now = [], []
    for line in [*lines, ""]:
        if line.strip() and not line.startswith("   "):
            now.append(line.strip())
        elif now:
            found.append(wrapped(" ".join(now)))
            now = []
    return found


def _listed(lines: Iterable[str]) -> list[str]:
    """What is indented by three blanks, with what goes on below it; formulas are left out."""
    found: list[tuple[str, str]] = []
    for line in lines:
        match = LISTED.fullmatch(line)
        if line.startswith("     ") and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
        elif line.startswith("   ") and " = " not in line:
            found.append((match[1], match[2]) if match is not None else ("", line.strip()))
    return [item(name, text) if name else wrapped(text, "- ", "  ") for name, text in found]


def of_parts(_: Say) -> list[str]:
    paragraphs, parts = commented("conventions.yaml")
    *before, heading = paragraphs[1:-2]
    assert heading == "Parts"
    return [*spaced(before), "", *parts, "", *spaced(paragraphs[-2:])]


def spaced(paragraphs: list[str]) -> list[str]:
    return "\n\n".join(paragraphs).split("\n")


def of_conventions(_: Say) -> list[str]:
    lines = []
    for one in available().values():
        lines += [item(one.name, " ".join([f"{one.tool}, {one.version}.", one.note])), ""]
        for name, form in (("mult_adds", one.mult_adds), ("params", one.params)):
            sum = " + ".join([f"{term.factor} {term}" if term.factor != 1 else str(term) for term in form])
            lines.append(wrapped(f"{name} = {sum}", " " * 6, " " * 8))
        lines.append("")
    return lines[:-1]


def of_memory(_: Say) -> list[str]:
    paragraphs, keys = commented("memory.yaml")
    return [*spaced(paragraphs[1:2]), "", *keys, "", *spaced(paragraphs[2:])]


def of_memory_rules(_: Say) -> list[str]:
    return [
        item(one.name, " ".join([f"{one.tool}, {one.version}." if one.tool else "", one.note]).strip())
        for one in memory.available().values()
    ]


def of_devices(_: Say) -> list[str]:
    paragraphs, keys = commented("devices.yaml")
    known = [
        item(one.name, f"{one.title}, {exact_text(one.ridge_point)} mult-adds a byte ({one.source})")
        for one in memory.devices().values()
    ]
    return [*spaced(paragraphs), "", *keys, "", "Shipped are:", "", *known]


# ---- JSON, Python


BY_NAME = {
    "quantities": "quantities by name", "channels": "channels by layer", "fields": "[before, after] by field", "bits": "bit widths by quantity",
    "conventions[].mult_adds": "factors by part", "conventions[].params": "factors by part",
}  # fmt: skip
"""Objects whose keys are no words of the program's, by the end of their path."""

HEAD = (
    "schema", "version", "model", "table_hash", "alpha", "rho", "resolution", "batch", "convention", "rounding", "standard", "status", "unit",
)  # fmt: skip


def of_json(say: Say) -> list[str]:
    """The keys of every command's answer."""
    import json
    import shlex

    lines = [wrapped(f"HEAD is: {', '.join(HEAD)}."), ""]
    for command in COMMANDS:
        words = [str(HISTORY) if word == HISTORY.name else word for word in shlex.split(command)]
        said = say(*words, "-f", "json")
        assert said.code == 0, said.err
        document = json.loads(said.out)
        lines += [f"**`{document['schema']}`**", "", f"    mbcost {command}", ""]
        alike: dict[str, list[str]] = {}
        for path, keys in keyed(document, ""):
            alike.setdefault(keys, []).append(path)
        for keys, paths in alike.items():
            told = keys.replace(", ".join(HEAD), "HEAD") if paths == [""] else keys
            lines.append(
                wrapped(f"{', '.join(f'`{path}`' for path in paths)}: {told}" if paths != [""] else told, "- ", "  ")
            )
        lines.append("")
    return lines[:-1]


def keyed(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The keys of an object and of those within it; of a list, all that its members have."""
    if isinstance(value, list):
        value, path = united(value), f"{path}[]"
    if not isinstance(value, dict) or not value:
        return
    named = next((text for end, text in BY_NAME.items() if path.endswith(end)), "")
    if named:
        yield path, named
        return
    yield path, ", ".join(value)
    for key, inner in value.items():
        yield from keyed(inner, f"{path}.{key}" if path else key)


def united(values: list[Any]) -> dict[str, Any]:
    """The members of a list as one object that has the keys of all."""
    found: dict[str, Any] = {}
    for one in values:
        for key, inner in one.items() if isinstance(one, dict) else ():
            known = found.get(key)
            found[key] = {**known, **inner} if isinstance(known, dict) and isinstance(inner, dict) else known or inner
    return found


ROLE = re.compile(r":[a-z]+:`(?:~?[\w.]*\.)?(\w+)`")


def first(value: Any) -> str:
    """The first sentence of a docstring."""
    paragraph = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
    return ROLE.sub(r"`\1`", paragraph).replace("``", "`").rstrip(".")


def signature(value: Any) -> str:
    """The parameters without their types; what a default looks like is told where it is short."""
    found = []
    for one in inspect.signature(value).parameters.values():
        short = one.default is inspect.Parameter.empty or len(repr(one.default)) <= 20
        bare = one.replace(
            annotation=inspect.Parameter.empty, default=one.default if short else inspect.Parameter.empty
        )
        found.append(f"{bare}" if short else f"{bare}=...")
    return ", ".join([text for text in found if text != "self"])


def attributes(value: Any) -> dict[str, str]:
    """The attributes that a class lists in its docstring."""
    _, _, listed = (inspect.getdoc(value) or "").partition("Attributes\n----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in listed.partition("\n\n")[0].split("\n"):
        if line and not line.startswith(" "):
            names = line.partition(" : ")[0].split(", ")
        elif line.strip():
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return {name: ROLE.sub(r"`\1`", text).replace("``", "`").rstrip(".") for name, text in found.items()}


def of_api(_: Say) -> list[str]:
    lines: list[str] = []
    public = {name: getattr(mbcost, name) for name in sorted(mbcost.__all__, key=str.lower)}
    for name, value in public.items():
        if callable(value) and not inspect.isclass(value):
            lines.append(item(f"mbcost.{name}({signature(value)})", first(value)))
    for name in mbcost.testing.__all__:
        value = getattr(mbcost.testing, name)
        lines.append(item(f"mbcost.testing.{name}({signature(value)})", first(value)))
    for one in [value for value in public.values() if inspect.isclass(value)]:
        members: dict[str, tuple[str, str]] = {}
        for base in [base for base in reversed(one.__mro__) if base.__module__.startswith("mbcost")]:
            members |= {name: (name, text) for name, text in attributes(base).items()}
            for name, value in vars(base).items():
                if not name.startswith("_") and inspect.getdoc(value):
                    if isinstance(value, property):
                        members[name] = name, first(value)
                    elif inspect.isfunction(value) and not inner(value):
                        members[name] = f"{name}({signature(value)})", first(value)
        lines += ["", wrapped(f"**`{one.__name__}`**: {first(one)}")]
        lines += ["", *items(dict(members.values()))] if members else []
    return lines


def inner(method: Any) -> bool:
    """Whether a method is for the program itself: it takes what has been read or laid out."""
    found = inspect.signature(method).parameters
    return "placed" in found or ("variant" in found and found["variant"].kind is not inspect.Parameter.VAR_KEYWORD)


MADE: dict[str, Callable[[Say], list[str]]] = {
    "table": of_table, "row": of_row, "roundings": of_roundings, "kinds": of_kinds, "fields": of_fields, "bounds": of_bounds,
    "budgets": of_budgets, "points": lambda _: items(POINT_KEYS), "layer limits": lambda _: items(LAYER_KEYS),
    "code": lambda _: items(CODE_KEYS), "quantities": of_quantities, "convention keys": lambda _: items(reading.KEYS), "parts": of_parts,
    "conventions": of_conventions, "memory rules": of_memory, "shipped memory rules": of_memory_rules, "devices": of_devices,
    "json": of_json, "api": of_api,
}  # fmt: skip

MARKED = re.compile(r"(<!-- made: ([a-z ]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def filled(page: str, say: Say) -> str:
    """The page with all its lists made anew."""
    return MARKED.sub(lambda found: found[1] + "\n".join([*MADE[found[2]](say), ""]) + found[4], page)
