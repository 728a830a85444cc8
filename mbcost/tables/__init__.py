"""Layer tables: finding them, and reading YAML text into a :class:`mbcost.network.Network`."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from mbcost.documents import configs_folder
from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import MbcostError, nearest, stays
from mbcost.layers.wording import shown
from mbcost.network import Network
from mbcost.network.specs import TableSpec
from mbcost.tables.code import is_code
from mbcost.tables.reader import read_table

__all__ = ["configs_folder", "load", "models", "read_network", "scalings"]


def models() -> list[str]:
    """The names of the shipped models, sorted.

    >>> "mobilenet_v1" in models()
    True
    """
    folder = os.path.join(configs_folder(), "models")
    return sorted(name.removesuffix(".yaml") for name in os.listdir(folder) if name.endswith(".yaml"))


def load(name_or_path: str) -> Network:
    """Load a shipped model by name, a layer table by path, or one from standard input (``-``).

    A name may be that of a scaling: of a shipped table by itself, of a table of one's own as ``net.yaml#NAME``.

    >>> load("efficientnet_b3").table.name
    'efficientnet_b0'
    """
    if "@" in name_or_path:
        from mbcost.tables.points import split_point

        model, point = split_point(name_or_path)
        if point:
            at = ", ".join([f"{word}: {value}" for word, value in point.items()])
            raise MbcostError(
                f"`{name_or_path[:80]}` is a model at a point, which only the command line's question takes",
                help=f"name `{model[:60]}` alone, and the point beside it: `at: {{{at}}}` in a budgets file, arguments in Python",
            )
    path, mark, name = name_or_path.rpartition("#")
    if mark and is_path(path) and not os.path.exists(name_or_path):
        return _scaled(_load(path), name, path)
    if not is_path(name_or_path) and not _exists(name_or_path):
        owner = scalings().get(name_or_path)
        if owner is not None:
            return _scaled(_load(owner), name_or_path, owner)
    return Network(_load(name_or_path))


def _scaled(table: TableSpec, name: str, file: str) -> Network:
    """The member of a table's family that has this name."""
    if name not in table.scalings:
        close = nearest(name, list(table.scalings))
        listed = ", ".join(table.scalings)
        raise MbcostError(
            f"`{file}` has no scaling {shown(name)}",
            help=f"did you mean {close}?"
            if close
            else f"its scalings are {listed}"
            if listed
            else "its table names none under `scalings`",
        )
    return Network(table, scaling=table.scalings[name])


def scalings() -> dict[str, str]:
    """The names of the shipped scalings, each with the model of whose family it is; found by text, no table is read.

    >>> scalings()["efficientnet_b3"]
    'efficientnet_b0'
    """
    return dict(_scalings(configs_folder()))


@lru_cache(1)
def _scalings(folder: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for model in models():
        text = read_text(read_bytes(_path(model)), model)
        _, _, block = text.partition("\nscalings:\n")
        for line in block.splitlines():
            match = SCALING.match(line)
            if match is None:
                break
            found[match[1]] = model
    return found


SCALING = re.compile(r"  ([A-Za-z][A-Za-z0-9_]*): \{")
"""A scaling as shipped tables write it: one a line, below their key ``scalings``."""


def read_network(text: str, file: str = "<text>") -> Network:
    """A network from the text of a layer table.

    >>> read_network('''
    ... format: 1
    ... input: {channels: 3, resolution: 224}
    ... layers: [{op: conv, kernel_size: 3, out_channels: 32, stride: 2, norm: none, bias: false}]
    ... ''').count().mult_adds
    10838016
    """
    return Network(read_table(text, file, _find_base))


def _load(name_or_path: str, depth: int = 0) -> TableSpec:
    _no_code(name_or_path)
    if is_path(name_or_path):
        path, shown = name_or_path, "<stdin>" if name_or_path == "-" else name_or_path
    else:
        path = shipped(name_or_path)
        shown = path
    return read_table(read_text(read_bytes(path), shown), shown, _find_base, depth)


def is_path(name: str) -> bool:
    """Whether a text names a file rather than a shipped model."""
    return name == "-" or name.endswith((".yaml", ".yml")) or os.sep in name or "/" in name


def _path(name: str) -> str:
    return os.path.join(configs_folder(), "models", f"{name}.yaml")


def _exists(name: str) -> bool:
    return "\0" not in name and bool(name) and os.path.isfile(_path(name))


def _no_code(name: str) -> None:
    """Refuse code where a table is wanted: reading a table runs nothing."""
    if is_code(name) and not os.path.exists(_path(name)):
        what = "".join(c if c.isprintable() else "?" for c in name[:60])
        raise MbcostError(
            f"`{what}` is code, and code is not run here",
            help=f"`mbcost import {what} -o net.yaml` writes its table; a budget on the table may name the code beside it, under `code:`",
        )


def shipped(name: str) -> str:
    """The path of a shipped model; an unknown name is an error that names the nearest."""
    _no_code(name)
    if _exists(name):
        return _path(name)
    known = [*models(), *scalings()]
    close = nearest(name, known)
    if not close and name:
        close = " or ".join(f"`{model}`" for model in [model for model in known if name.lower() in model][:3])
    what = "".join(c if c.isprintable() else "?" for c in name[:60])
    raise MbcostError(
        f"there is no model `{what}`",
        help=(f"did you mean {close}? " if close else "")
        + "`mbcost list` names the shipped models; a path ends in .yaml",
    )


def _find_base(model: str, file: str, depth: int) -> TableSpec:
    """The table a `base` names: a shipped model, or a path below the folder of the file that names it."""
    if not is_path(model):
        return _load(model, depth)
    if model == "-":
        raise MbcostError("a base cannot be standard input", help="name a shipped model or a path")
    folder = os.path.dirname(os.path.abspath(file))
    if os.path.isabs(model) or not stays(os.path.normpath(os.path.join(folder, model)), folder):
        raise MbcostError(
            f"base `{model}` is not below the folder of the file that names it",
            help="move it there, or name a shipped model",
        )
    relative = os.path.normpath(os.path.join(os.path.dirname(file), model))
    return _load(relative if os.sep in relative else os.path.join(os.curdir, relative), depth)
