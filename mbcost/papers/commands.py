"""The command that computes a cell, to paste into a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost.dims import exact_text, parse_alpha, parse_rho, scaled_resolution
from mbcost.papers.settings import HELD, merged, variant_in

if TYPE_CHECKING:
    from mbcost.papers.specs import PublishedCell, Setting

__all__ = ["MAPS", "command_of", "commands", "reading"]

MAPS = {
    "channels": "channels of the largest map",
    "map_bytes": "channels x height x width x 2 bytes of the largest map",
}
"""What is read of the feature maps, in V2 Table 3."""

SHOWN = ("mult_adds", "params", "layers", "flops", "channels", "map_bytes")
"""What ``mbcost table`` shows of itself; other parts of a count stand in its JSON."""


def commands(cell: PublishedCell, quantities: dict[str, dict[str, int]] | None = None) -> list[tuple[str, str]]:
    """What to read, and the command that prints it: for the cell, then for each setting that explains its number.

    ``quantities`` are the forms of the paper file's own.

    >>> from mbcost.papers import load
    >>> commands(next(c for t in load("mobilenet_v1").tables for c in t.cells if c.published == "4866"))[1]
    ('mult_adds', 'mbcost table mobilenet_v1 --standard --without classifier')
    """
    settings = [cell.setting]
    if cell.note is not None:
        settings += [merged(cell.setting, other) for _, other in cell.note.proofs]
    return list(dict.fromkeys([(reading(setting, quantities), command_of(setting)) for setting in settings]))


def command_of(setting: Setting) -> str:
    """The command that computes what a setting says; empty where another published cell is read.

    >>> command_of({"model": "mobilenet_v1", "alpha": "0.5", "quantity": "weights"})
    'mbcost table mobilenet_v1 -a 0.5 --convention paper'
    """
    from shlex import join

    if "equals" in setting:
        return ""
    if "conv" in setting:
        return join(_conv(setting))
    quantity = setting.get("quantity", "mult_adds")
    if quantity in HELD:
        widths = ["--bits", str(setting["bits"])] if "bits" in setting else []
        return join(["mbcost", "memory", str(setting["model"]), *variant_in(setting).options(), *widths, "-f", "json"])
    shown = {"convention": "paper", **setting} if quantity == "weights" else setting
    words = ["mbcost", "table", str(setting["model"]), *variant_in(shown).options()]
    if "kind" in setting or setting.get("share"):
        words += ["--by", "kind"]
    if quantity == "flops":
        words += ["--unit", "flops"]
    elif quantity not in (*SHOWN, "weights"):
        words += ["-f", "json"]
    return join(words)


def _conv(setting: Setting) -> list[str]:
    conv = setting["conv"]
    alpha = parse_alpha(setting.get("alpha", 1))
    size, _ = scaled_resolution((conv["size"], conv["size"]), parse_rho(setting.get("rho", 1)))
    channels = [exact_text(alpha * conv[key]) for key in ("in_channels", "out_channels")]
    return ["mbcost", "conv", *channels, "-k", str(conv["kernel_size"]), "--size", str(size)]


def reading(setting: Setting, quantities: dict[str, dict[str, int]] | None = None) -> str:
    """Which number of the command's output is meant.

    >>> reading({"model": "mobilenet_v1", "kind": "pointwise", "share": True, "quantity": "weights"})
    'share of weights, kind pointwise'
    >>> reading({"model": "mobilenet_v1", "size": 56, "quantity": "map_bytes"})
    'channels x height x width x 2 bytes of the largest map, size 56'
    """
    if "equals" in setting:
        other = setting["equals"]
        return f"table {other['table']}, column {other['column']}, row {' or '.join(other['rows']) or 'with the most'}"
    if "words" in setting:
        return f"layer {setting.get('layer', '')}"
    quantity = str(setting.get("quantity", "mult_adds"))
    form = (quantities or {}).get(quantity, {})
    sum_of = " + ".join([part if factor == 1 else f"{factor} {part}" for part, factor in form.items()])
    what = sum_of or MAPS.get(quantity, quantity)
    words = [f"share of {what}" if setting.get("share") else what]
    if "blocks" in setting:
        words = [f"the number of rows called {' or '.join(setting['blocks'])}"]
    words += [f"{key} {setting[key]}" for key in ("form", "kind", "layer", "size") if key in setting]
    if "rows" in setting:
        words.append(f"rows {' '.join(setting['rows'])}{'' if quantity in MAPS else ' added up'}")
    words += ["at the width of the row that reads it"] if setting.get("reads") else []
    if "per" in setting:
        other = merged({key: setting[key] for key in ("quantity",) if key in setting}, setting["per"])
        words.append(f"divided by that of `{command_of(other)}`")
    words += [f"{setting['digits']} digits at least"] if "digits" in setting else []
    words += (
        [{"floor": "cut off", "ceil": "rounded up", "nearest": "rounded to nearest"}[setting["round"]]]
        if "round" in setting
        else []
    )
    return ", ".join(words)
