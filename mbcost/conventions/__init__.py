"""Counting conventions: what a tool or a published table adds up, as data.

A convention is a linear form with exact factors over the parts of a costed row, read from ``configs/conventions.yaml``
or from a file of the user's; that file's head explains the parts. Nothing is read until a convention other than the
default is asked for.

>>> import mbcost
>>> thop = find("thop")
>>> rows = thop.applied(mbcost.load("mobilenet_v1").cost().rows)
>>> sum(row.mult_adds for row in rows)
588962304
"""

from __future__ import annotations

from mbcost.conventions.rule import DEFAULT, ONCE, PARTS, Convention, Term, words_of
from mbcost.errors import MbcostError, nearest

__all__ = ["DEFAULT", "ONCE", "PARTS", "Convention", "Term", "available", "find", "qualified", "words_of"]


def find(name: str) -> Convention:
    """The convention of that name: a shipped one, or ``FILE:NAME``.

    >>> find("torch").scale
    2
    >>> find("thopp")
    Traceback (most recent call last):
    mbcost.errors.MbcostError: there is no convention `thopp`
      help: did you mean `thop`? the conventions are paper, torch, keras, slim, fvcore, ptflops-aten, ptflops-pytorch, \
thop, torchinfo, torchprofile, calflops, deepspeed, onnx-tool, timm, openvino, openvino-analyzer, toco
    """
    file, _, short = name.rpartition(":")
    known = available(file or None)
    if short not in known:
        raise _unknown(short, known)
    return known[short]._replace(file=file)


def available(file: str | None = None) -> dict[str, Convention]:
    """Every convention by name, in the order of the file: the shipped ones, then those of the user's file."""
    if not _SHIPPED:
        import os

        from mbcost.conventions.reading import read_conventions
        from mbcost.documents import configs_folder

        _SHIPPED.update(read_conventions(os.path.join(configs_folder(), "conventions.yaml"), ()))
    return {**_SHIPPED, **(_of_user(file) if file else {})}


def _of_user(file: str) -> dict[str, Convention]:
    """A file of the user's, read again only when it has changed."""
    import os

    from mbcost.conventions.reading import read_conventions

    if file == "-":
        raise MbcostError("conventions are not read from standard input", help="name a file")
    try:
        stat = os.stat(file)
    except (OSError, ValueError):
        return read_conventions(file, tuple(_SHIPPED))  # says why it cannot be read
    state = (os.path.abspath(file), stat.st_mtime_ns, stat.st_size)
    if state not in _READ:
        _READ.clear()
        _READ[state] = read_conventions(file, tuple(_SHIPPED))
    return _READ[state]


_SHIPPED: dict[str, Convention] = {}
_READ: dict[tuple[str, int, int], dict[str, Convention]] = {}


def qualified(name: str, file: str) -> str:
    """The name under which :func:`find` finds a convention that may be shipped or may be in a file of the user's."""
    if ":" in name:
        return name
    known = available(file)
    if name not in known:
        raise _unknown(name, known)
    return name if name in _SHIPPED else f"{file}:{name}"


def _unknown(name: str, known: dict[str, Convention]) -> MbcostError:
    close = nearest(name, list(known))
    shown = "".join(c if c.isprintable() else "?" for c in name[:60])
    hint = f"did you mean {close}? " if close else ""
    return MbcostError(f"there is no convention `{shown}`", help=f"{hint}the conventions are {', '.join(known)}")
