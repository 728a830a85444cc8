"""The command that computes a cell, to paste into a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mbcost.dims import exact_text, parse_alpha, parse_rho, scaled_resolution
from mbcost.papers.settings import merged

if TYPE_CHECKING:
    from mbcost.papers.specs import Cell, Setting

__all__ = ["command_of", "commands", "reading"]


def commands(cell: Cell) -> list[str]:
    """The command behind a cell, then one for each setting under which the published number comes out.

    >>> from mbcost.papers import load
    >>> commands(next(c for t in load("mobilenet_v1").tables for c in t.cells if c.published == "4866"))
    ['mbcost table mobilenet_v1 --standard', 'mbcost table mobilenet_v1 --standard --without classifier']
    """
    settings = [cell.setting]
    if cell.note is not None:
        settings += [merged(cell.setting, other) for _, other in cell.note.proofs]
    return list(dict.fromkeys([command_of(setting) for setting in settings]))


def command_of(setting: Setting) -> str:
    """The command that computes what a setting says; empty where nothing is computed."""
    from shlex import join

    if "conv" in setting:
        return join(_conv(setting))
    if "model" not in setting:
        return ""
    words = ["mbcost", "table", str(setting["model"])]
    for key, option in (("alpha", "-a"), ("rho", "--rho"), ("resolution", "-r"), ("batch", "--batch"), ("rounding", "--rounding"),
                        ("convention", "--convention"), ("classes", "--classes")):  # fmt: skip
        if key in setting:
            words += [option, str(setting[key])]
    if setting.get("standard"):
        words.append("--standard")
    for field, value in setting.get("set", {}).items():
        words += ["--set", f"{field}={value}"]
    for glob in setting.get("without", ()):
        words += ["--without", glob]
    if "kind" in setting or setting.get("share"):
        words += ["--by", "kind"]
    return join(words)


def _conv(setting: Setting) -> list[str]:
    conv = setting["conv"]
    alpha = parse_alpha(setting.get("alpha", 1))
    size, _ = scaled_resolution((conv["size"], conv["size"]), parse_rho(setting.get("rho", 1)))
    channels = [exact_text(alpha * conv[key]) for key in ("in_channels", "out_channels")]
    return ["mbcost", "conv", *channels, "-k", str(conv["kernel_size"]), "--size", str(size)]


def reading(setting: Setting) -> str:
    """Which number of the command's output is meant.

    >>> reading({"model": "mobilenet_v1", "kind": "pointwise", "share": True, "quantity": "weights"})
    'share of weights, kind pointwise'
    """
    if "words" in setting:
        return f"layer {setting.get('layer', '')}"
    what = setting.get("quantity", "mult_adds")
    words = [f"share of {what}" if setting.get("share") else what]
    words += [f"{key} {setting[key]}" for key in ("form", "kind", "layer", "size") if key in setting]
    words += [f"rows {' '.join(setting['rows'])}"] if "rows" in setting else []
    words += [f"rows called {' '.join(setting['blocks'])}"] if "blocks" in setting else []
    words += [f"divided by that of `{command_of(setting['per'])}`"] if "per" in setting else []
    return ", ".join(words)
