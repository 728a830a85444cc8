"""Where results go: standard output or a file, whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, TextIO

from mbcost.errors import MbcostError
from mbcost.process import undone
from mbcost.report import Report, Table, render

__all__ = ["append", "complain", "hush", "printing", "replacing", "terminal", "write", "written"]


def written(report: Report | Table, format: str, *, to_file: bool = False, setting: Any = None) -> str:
    """A report in one of the formats, fitted to the terminal when there is one."""
    width, color = (None, False) if to_file else terminal()
    return render(
        report, format, width=width, color=color, ascii=not to_file and not _speaks_unicode(), setting=setting
    )


def terminal() -> tuple[int | None, bool]:
    """The width of the terminal (None off a terminal) and whether it takes colour.

    ``NO_COLOR`` forbids it, and wins over ``FORCE_COLOR``, which asks for it off a terminal too: of a CI system's log.
    """
    forced = bool(os.environ.get("FORCE_COLOR"))
    allowed = not os.environ.get("NO_COLOR")
    if not sys.stdout.isatty():
        return None, forced and allowed
    from shutil import get_terminal_size

    return get_terminal_size().columns, allowed and (forced or os.environ.get("TERM") != "dumb")


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "") in {"utf8", "utf8sig"}


def write(content: str | bytes, path: str | None) -> None:
    """Print, or replace a file in one step: never half of it, and nothing at all after an error."""
    if path in {None, "-"}:
        with printing() as stream:
            if isinstance(content, bytes):
                stream.buffer.write(content)
            else:
                stream.write(content)
        return
    with replacing(str(path), binary=isinstance(content, bytes)) as stream:
        stream.write(content)


def append(line: str, path: str) -> None:
    """Add a line to a file in one write at its end, so that runs at the same time do not mix theirs.

    As with ``-o`` a link is followed, and a pipe or device is written to. A last line that was cut off is ended first.
    """
    try:
        target, _ = _target(path)
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(target or path, how if target is None else (how & ~os.O_WRONLY) | os.O_RDWR, 0o666)
        try:
            data = line.encode("utf-8", "backslashreplace")
            size = os.fstat(descriptor).st_size if target is not None else 0
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                data = b"\n" + data
            if os.write(descriptor, data) < len(data):
                raise OSError(None, "there is no room for a whole line")
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MbcostError(
            f"`{path[:200]}` cannot be written: {reason}", help="check the folder and its permissions"
        ) from None


@contextmanager
def printing() -> Iterator[TextIO]:
    """Standard output. Where nobody reads it any more the rest goes nowhere; any other failure of it is an error."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        hush(sys.stdout)
    except OSError as error:
        hush(sys.stdout)
        raise MbcostError(
            f"standard output cannot be written: {error.strerror}", help="write to a file instead: -o FILE"
        ) from None


def complain(message: str) -> None:
    """Say something on standard error, where anyone can hear it."""
    try:
        sys.stderr.write(message + "\n")
        sys.stderr.flush()
    except OSError:
        hush(sys.stderr)


def hush(stream: TextIO) -> None:
    """Let what is still in a stream that cannot be written go into nothing, or Python would complain about it at its end."""
    with suppress(OSError, ValueError):  # a stream of a test has no number
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def replacing(path: str, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A new file that takes the place, and the permissions, of the one asked for when all is written; else it is gone.

    A link stays, and the file it leads to is replaced: the shell's ``>`` would write there too.
    """
    how: dict[str, Any] = {} if binary else {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    kind = "b" if binary else ""
    try:
        target, permissions = _target(path)
        if target is None:
            with open(path, f"w{kind}", **how) as stream:
                yield stream
            return
        # Nobody can have put anything there: the name is not to be guessed, and "x" takes no file and no link that exists.
        temporary = os.path.join(os.path.dirname(target), f".mbcost-{os.urandom(8).hex()}")
        with undone(lambda: os.unlink(temporary)), open(temporary, f"x{kind}", **how) as stream:
            try:
                if permissions is not None:
                    os.chmod(temporary, permissions)
                yield stream
                stream.close()
                os.replace(temporary, target)
            except BaseException:
                os.unlink(temporary)
                raise
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MbcostError(
            f"`{path[:200]}` cannot be written: {reason}", help="check the folder and its permissions"
        ) from None


def _target(path: str) -> tuple[str | None, int | None]:
    """The file to replace, at the end of every link, and its permissions; no file for a device or a pipe, which cannot be replaced."""
    if not path:
        raise MbcostError("the name of the file to write is empty", help="name a file, or - for standard output")
    try:
        state = os.stat(path)
    except FileNotFoundError:
        if path.endswith(os.sep):
            raise IsADirectoryError(None, "it is the name of a directory") from None
        return os.path.realpath(path), None
    if stat.S_ISDIR(state.st_mode):
        raise IsADirectoryError(None, "it is a directory")
    if not stat.S_ISREG(state.st_mode):
        return None, None
    target = os.path.realpath(path)
    # The names below /proc/self/fd (/dev/stdout is one) do not lead where they say.
    there = os.path.exists(target) and os.path.samestat(os.stat(target), state)
    return (target, stat.S_IMODE(state.st_mode)) if there else (None, None)
