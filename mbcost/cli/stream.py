"""Results that are written as they come: to standard output, or to a file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any

from mbcost.cli.output import printing, replacing
from mbcost.escape import line
from mbcost.process import undone

__all__ = ["opened", "steps", "watched"]


def opened(path: str | None) -> AbstractContextManager[IO[Any]]:
    """Standard output, or a file beside the one asked for that takes its name in the end: after an interruption there is none."""
    return printing() if path is None or path == "-" else replacing(path)


def watched(chunks: Iterable[Any], count: int, path: str | None) -> Iterator[Any]:
    """The same chunks, with a progress bar on standard error where that is a terminal and the results go elsewhere."""
    if not sys.stderr.isatty() or (path in {None, "-"} and sys.stdout.isatty()):
        yield from chunks
        return
    import click

    bar = click.progressbar(length=count, file=sys.stderr, update_min_steps=max(1, count // 200))
    with undone(bar.render_finish), bar:  # the bar hides the cursor
        for chunk in chunks:
            yield chunk
            bar.update(1)


@contextmanager
def steps() -> Iterator[Callable[[str], None] | None]:
    """What says on standard error, in a line that goes again, how far something is; None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    width = 0

    def step(text: str) -> None:
        nonlocal width
        shown = line(text)[: (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1]
        sys.stderr.write(f"\r{shown:<{width}}")
        sys.stderr.flush()
        width = len(shown)

    try:
        yield step
    finally:
        step("")
        sys.stderr.write("\r")
        sys.stderr.flush()
