"""Results that are written as they come: to standard output, or to a file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mbcost.errors import MbcostError

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["opened", "watched"]


@contextmanager
def opened(path: str | None) -> Iterator[TextIO]:
    """Standard output, or a file beside the one asked for that takes its name in the end: after an interruption there is none."""
    if path is None or path == "-":
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:  # nobody reads any more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    temporary = os.path.join(os.path.dirname(path) or os.curdir, f".{os.path.basename(path)}.{os.getpid()}")
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(None, "it is a directory")
        if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe cannot be replaced
            with open(path, "w", encoding="utf-8") as stream:
                yield stream
            return
        try:
            with open(temporary, "w", encoding="utf-8", newline="") as stream:
                yield stream
            os.replace(temporary, path)
        finally:
            if os.path.lexists(temporary):
                os.unlink(temporary)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MbcostError(
            f"`{path[:200]}` cannot be written: {reason}", help="check the folder and its permissions"
        ) from None


def watched(chunks: Iterable[Any], count: int, shown: bool) -> Iterator[Any]:
    """The same chunks, with a progress bar on standard error where that is a terminal and the work is long."""
    if not shown or not sys.stderr.isatty():
        yield from chunks
        return
    import click

    with click.progressbar(length=count, file=sys.stderr, update_min_steps=max(1, count // 200)) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(1)
