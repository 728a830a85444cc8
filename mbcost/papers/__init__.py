"""Published tables and figures, cell by cell, against what mbcost computes.

A paper file (``configs/papers/*.yaml``) has the tables as printed. A row is ``[label, settings, cell, cell, ...]``, a cell the
printed text (``"569"``, ``94.86%``, ``300M``; ``~`` where nothing is printed) or ``[text, note]``. Settings say what is
computed; those of a table (``at``), a column, a row and a note are laid over each other, the later one winning, ``~`` taking a
field away (``use: NAME`` lays one of the file's own ``settings`` underneath):

* the variant: ``model``, ``alpha``, ``rho`` or ``resolution``, ``classes``, ``set``, ``without``, ``standard``, ... (GRAMMAR), or one bare
  convolution: ``conv: {in_channels, out_channels, kernel_size, size}`` with its ``form``;
* what is counted: ``quantity`` (``mult_adds``, ``weights``, any part of a row, a form of the file's own ``quantities``, or ``measured``), of one
  ``layer``, one ``kind``, some ``rows``; a ``share`` of the whole, a ratio to another setting (``per``), the number of rows called so
  (``blocks``), the largest map (``channels``, ``map_bytes``, of one ``size``), or another published cell (``equals``);
* or the ``words`` an architecture table has for a layer, with ``{k}``, ``{s}``, ``{n}``, ... filled in and ``spell`` as that paper spells them;
* how it is printed: ``unit``, ``digits``, ``round``.

A note says which verdict to ``expect`` and why, and proves it: ``as``, the setting under which the number comes out (a variant);
``wrong``, the one that was counted by mistake, or ``slip``, a misprint of digits (an erratum). The verdict itself is always
derived from the numbers, and differs from the expected one as soon as a number or a layer table does.

>>> from mbcost.papers import load, reproduce, summary
>>> summary(reproduce(load("mobilenet_v1"), ["4"]))["variant"]
1
"""

from __future__ import annotations

import os

from mbcost.documents.nodes import read_bytes, read_text
from mbcost.errors import MbcostError, nearest
from mbcost.papers.reading import read_paper
from mbcost.papers.specs import VERDICTS, Paper
from mbcost.papers.verdicts import Judged, TableResult, reproduce, summary
from mbcost.tables import configs_folder, is_path

__all__ = ["VERDICTS", "Judged", "Paper", "TableResult", "load", "papers", "read_paper", "reproduce", "summary"]


def papers() -> list[str]:
    """The names of the shipped papers, sorted.

    >>> "mobilenet_v1" in papers()
    True
    """
    folder = os.path.join(configs_folder(), "papers")
    return sorted(name.removesuffix(".yaml") for name in os.listdir(folder) if name.endswith(".yaml"))


def load(name_or_path: str) -> Paper:
    """Load a shipped paper by its name, or a paper file by its path.

    >>> load("mobilenet_v1").arxiv
    '1704.04861'
    """
    path = name_or_path
    if not is_path(path):
        known = papers()
        if path not in known:
            what = "".join(c if c.isprintable() else "?" for c in path[:60])
            close = nearest(path, known)
            help = f"did you mean {close}? " if close else ""
            raise MbcostError(
                f"there is no paper `{what}`", help=f"{help}there is {', '.join(known)}; a path ends in .yaml"
            )
        path = os.path.join(configs_folder(), "papers", f"{path}.yaml")
    shown = "<stdin>" if path == "-" else path
    return read_paper(read_text(read_bytes(path), shown), shown)
