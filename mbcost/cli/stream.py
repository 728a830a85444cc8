"""Results that are written as they come: to standard output, or to a file that appears only when it is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from mbcost.cli.output import hush, replacing

__all__ = ["opened", "watched"]


@contextmanager
def opened(path: str | None) -> Iterator[IO[Any]]:
    """Standard output, or a file beside the one asked for that takes its name in the end: after an interruption there is none."""
    if path is None or path == "-":
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            hush()
        return
    with _ended_as_interrupted(), replacing(path) as stream:
        yield stream


@contextmanager
def _ended_as_interrupted() -> Iterator[None]:
    """Let what else ends a process (``kill``, a closed terminal) be an interruption as Ctrl-C is, so that it cleans up."""
    import signal

    before = {}
    with suppress(ValueError):  # not the main thread: signals go elsewhere
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def watched(chunks: Iterable[Any], count: int, path: str | None) -> Iterator[Any]:
    """The same chunks, with a progress bar on standard error where that is a terminal and the results go elsewhere."""
    if not sys.stderr.isatty() or (path in {None, "-"} and sys.stdout.isatty()):
        yield from chunks
        return
    import click

    with click.progressbar(length=count, file=sys.stderr, update_min_steps=max(1, count // 200)) as bar:
        for chunk in chunks:
            yield chunk
            bar.update(1)
