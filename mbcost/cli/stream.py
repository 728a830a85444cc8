"""Results that are written as they come: to standard output, or to a file that appears only when it is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import IO, Any

from mbcost.cli.output import printing, replacing
from mbcost.process import undone

__all__ = ["opened", "watched"]


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
