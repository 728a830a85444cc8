"""Where results go: standard output or a file, whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from mbcost.errors import MbcostError

if TYPE_CHECKING:
    from mbcost.report import Table

__all__ = ["FORMATS", "decimal", "hush", "json_text", "replacing", "table_text", "write"]

FORMATS = ("table", "json", "csv", "markdown", "latex")


def json_text(document: dict[str, Any]) -> str:
    """A report as JSON: a list of rows has one row a line, integers are exact, other rationals are texts p/q."""
    from json import dumps

    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            body = ",\n    ".join(dumps(item, default=_exact) for item in value)
            parts.append(f"  {dumps(key)}: [\n    {body}\n  ]")
        else:
            parts.append(f"  {dumps(key)}: {dumps(value, default=_exact)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _exact(value: Any) -> Any:
    """A rational as JSON: an integer where it is whole, else the text p/q."""
    return value.numerator if getattr(value, "denominator", 0) == 1 else str(value)


def decimal(value: Any) -> float | None:
    """An exact ratio or share as the JSON number nearest to it; None stays null."""
    return None if value is None else value.numerator / value.denominator


def table_text(table: Table, format: str, *, to_file: bool = False) -> str:
    """A table in one of the text formats, fitted to the terminal when there is one."""
    from mbcost.report import render

    if format != "table" or to_file:
        return render(table, format, ascii=not to_file and not _speaks_unicode())
    width, color = terminal()
    return render(table, format, width=width, color=color, ascii=not _speaks_unicode())


def terminal() -> tuple[int | None, bool]:
    """The width of the terminal (None off a terminal) and whether it takes colour (``NO_COLOR`` is honoured)."""
    if not sys.stdout.isatty():
        return None, False
    from shutil import get_terminal_size

    return get_terminal_size().columns, not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "") in {"utf8", "utf8sig"}


def write(content: str | bytes, path: str | None) -> None:
    """Print, or replace a file in one step: never half of it, and nothing at all after an error."""
    if isinstance(content, str) and path in {None, "-"}:
        try:
            sys.stdout.write(content)
            sys.stdout.flush()
        except BrokenPipeError:
            hush()
        return
    with replacing(path or "-", binary=isinstance(content, bytes)) as stream:
        stream.write(content)


def hush() -> None:
    """Nobody reads any more: let what is still printed go into nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def replacing(path: str, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A file beside the one asked for, that takes its name and its permissions when all is written; else it is gone."""
    temporary = os.path.join(os.path.dirname(path) or os.curdir, f".{os.path.basename(path)}.{os.getpid()}")
    how: dict[str, Any] = {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": ""}
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(None, "it is a directory")
        if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe cannot be replaced
            with open(path, **how) as stream:
                yield stream
            return
        try:
            with open(temporary, **how) as stream:
                yield stream
            if os.path.exists(path):
                os.chmod(temporary, os.stat(path).st_mode & 0o7777)
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
